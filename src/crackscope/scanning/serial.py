"""A report as JSON and back, for the journal of finished photos."""

from __future__ import annotations

import dataclasses
from typing import Any

from crackscope.inspection.records import Region, RegionPlace, Ring
from crackscope.labels import Label, ReviewReason
from crackscope.photos.metadata import PhotoMetadata
from crackscope.scanning.records import PhotoReport, ScaleSource, TileScore


def report_to_json(report: PhotoReport) -> dict[str, Any]:
    """Everything but the heat map, which an overlay already shows."""
    names = [
        item.name for item in dataclasses.fields(report) if item.name not in ("heat", "tiles", "metadata")
    ]
    document = {name: getattr(report, name) for name in names}
    document["metadata"] = dataclasses.asdict(report.metadata)
    document["regions"] = [dataclasses.asdict(region) for region in report.regions]
    # Positional, because a photo has hundreds of tiles.
    document["tiles"] = [[t.tile_px, t.box_ltrb, t.score, t.label, t.distance] for t in report.tiles]
    return document


def report_from_json(document: dict[str, Any], path: str) -> PhotoReport:
    """The report as it was, under the path the caller uses now."""
    values = {
        **document,
        "path": path,
        "label": Label(document["label"]),
        "reason": None if document["reason"] is None else ReviewReason(document["reason"]),
        "photo_hw": tuple(document["photo_hw"]),
        "tile_px": tuple(document["tile_px"]),
        "scale": ScaleSource(document["scale"]),
        "metadata": PhotoMetadata(**document["metadata"]),
        "regions": tuple(_region(region) for region in document["regions"]),
        "tiles": tuple(_tile(*tile) for tile in document["tiles"]),
    }
    return PhotoReport(**values)


def _region(document: dict[str, Any]) -> Region:
    place = document["place"]
    if place is not None:
        place = RegionPlace(
            polygons_wgs84=tuple(_ring(ring) for ring in place["polygons_wgs84"]),
            ring_crs=_ring(place["ring_crs"]),
        )
    return Region(**{**document, "box_ltrb": tuple(document["box_ltrb"]), "place": place})


def _ring(points: list[list[float]]) -> Ring:
    return tuple((x, y) for x, y in points)


def _tile(tile_px: int, box: list[int], score: float, label: str, distance: float | None) -> TileScore:
    left, top, right, bottom = box
    return TileScore(
        tile_px=tile_px,
        box_ltrb=(left, top, right, bottom),
        score=score,
        label=Label(label),
        distance=distance,
    )
