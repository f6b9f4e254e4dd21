"""The inspection record as JSON and back: one codec for journal, ``results.json``, database and report.

msgspec turns the records into JSON's own kinds and back, checks every value against its annotation, and is
small enough for the base install (pydantic is many times its size, cattrs does not check). Fields that a file
of an earlier version lacks get their defaults; what it called otherwise is renamed here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from crackscope.inspection.records import PhotoReport, Region, ScaleSource, TileScore
from crackscope.photos.metadata import PhotoMetadata

#: Version of every table and document a scan writes; studies/scanning.md describes it.
SCHEMA_VERSION = 1
RESULTS_JSON = "results.json"

#: A tile in the journal, by position: a photo has hundreds of them.
_TILE_FIELDS = ("tile_px", "box_ltrb", "score", "label", "distance")


def report_to_json(report: PhotoReport) -> dict[str, Any]:
    """Everything but the heat map, which an overlay already shows."""
    document: dict[str, Any] = msgspec.to_builtins(replace(report, heat=None, tiles=()))
    del document["heat"]
    document["tiles"] = [[getattr(tile, name) for name in _TILE_FIELDS] for tile in report.tiles]
    return document


def report_from_json(document: Mapping[str, Any], path: str) -> PhotoReport:
    """The report as it was, under the path the caller uses now.

    Raises:
        ValueError: It is no report.
    """
    tiles = [dict(zip(_TILE_FIELDS, tile, strict=True)) for tile in document["tiles"]]
    regions = [_region_of_journal(region) for region in document["regions"]]
    known = {**document, "path": path, "regions": regions, "scale": _scale(document)}
    report = msgspec.convert({**known, "tiles": ()}, PhotoReport)
    return replace(report, tiles=msgspec.convert(tiles, tuple[TileScore, ...]))


def photo_document(report: PhotoReport) -> dict[str, Any]:
    """The photo as it stands in ``results.json``; tiles are in ``tiles.csv`` only."""
    return {
        "path": report.path,
        "label": str(report.label),
        "score": report.score,
        "threshold": report.threshold,
        "review": report.review,
        "reason": None if report.reason is None else str(report.reason),
        "error": None,
        "cracked_share": report.cracked_share,
        "width_px": report.photo_hw[1],
        "height_px": report.photo_hw[0],
        "tile_px": list(report.tile_px),
        "tiles": len(report.tiles),
        "mm_per_px": report.mm_per_px,
        "scale": str(report.scale),
        "sha256": report.sha256,
        "overlay": report.overlay,
        "picture_share": report.picture_share,
        "metadata": msgspec.to_builtins(report.metadata),
        "regions": [region_document(region, report.mm_per_px) for region in report.regions],
    }


def photo_of_document(document: Mapping[str, Any]) -> PhotoReport:
    """A photo of ``results.json`` as the record it was written from, without its tiles.

    Raises:
        ValueError: It is no such photo.
        KeyError: A member is missing.
    """
    known = {name: document[name] for name in document if name not in ("tiles", "regions")}
    return msgspec.convert(
        {
            **known,
            "photo_hw": (document["height_px"], document["width_px"]),
            "scale": _scale(document),
            "regions": [_region_fields(region) for region in document["regions"]],
            "tiles": (),
        },
        PhotoReport,
    )


def region_document(region: Region, mm_per_px: float | None) -> dict[str, Any]:
    """A region as it stands in ``results.json``, in the database and in the API."""
    return {
        "region": region.number,
        "score": region.score,
        "box_ltrb_px": list(region.box_ltrb),
        "area_px": region.area_px,
        **region_millimetres(region, mm_per_px),
    }


def region_of(document: Mapping[str, Any]) -> Region:
    """A region as `region_document` wrote it.

    Raises:
        ValueError: It is none.
        KeyError: A member is missing.
    """
    return msgspec.convert(_region_fields(document), Region)


def region_millimetres(region: Region, mm_per_px: float | None) -> dict[str, float | None]:
    """Size of a region's box and area of its ground; nothing without a scale."""
    left, top, right, bottom = region.box_ltrb
    scale = mm_per_px
    return {
        "width_mm": None if scale is None else round((right - left) * scale, 2),
        "height_mm": None if scale is None else round((bottom - top) * scale, 2),
        "area_mm2": None if scale is None else round(region.area_px * scale**2, 2),
    }


def metadata_of(document: Mapping[str, Any]) -> PhotoMetadata:
    """What a file says of itself.

    Raises:
        ValueError: It is nothing of the kind.
    """
    return msgspec.convert(dict(document), PhotoMetadata)


def _region_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": document["region"],
        "box_ltrb": document["box_ltrb_px"],
        "area_px": document["area_px"],
        "score": document["score"],
    }


def _region_of_journal(document: Mapping[str, Any]) -> dict[str, Any]:
    place = document.get("place")
    if place is not None and "ring_wgs84" in place:  # 0.1.0: one ring
        place = {"polygons_wgs84": [place["ring_wgs84"]], "ring_crs": place["ring_crs"]}
    return {**document, "place": place}


def _scale(document: Mapping[str, Any]) -> str:
    """How the scale is known; 0.1.0 knew none but the user's."""
    guess = ScaleSource.UNCALIBRATED if document["mm_per_px"] is None else ScaleSource.USER
    return str(document.get("scale", guess))
