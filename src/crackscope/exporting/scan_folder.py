"""Photos and places of a scan's folder; nobody has reviewed them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crackscope.errors import DataError
from crackscope.exporting.ground import Ground, GroundOf, ground_of_region
from crackscope.exporting.records import ExportedPhoto, places_of
from crackscope.inspection.findings import Shape
from crackscope.inspection.records import Region, RegionPlace
from crackscope.reporting.records import PhotoEntry
from crackscope.reporting.results_file import ScanResults
from crackscope.storage import read_json

_REGIONS = "regions.geojson"


def photos_of_scan(source: Path, photos: Path | None = None) -> tuple[ExportedPhoto, ...]:
    """What ``crackscope scan`` wrote.

    Args:
        source: The folder, or its ``results.json``.
        photos: Where the photos lie now, if they moved.

    Raises:
        DataError: The results are not there, damaged, or of another version.
    """
    results = ScanResults(source, photos)
    features = _features(results.path.parent / _REGIONS)
    exported = []
    for entry in results.photos:
        grounds = {region.number: _ground(next(features, None)) for region in entry.regions}
        exported.append(
            ExportedPhoto(entry=entry, places=places_of(entry, _lookup(grounds)), picture=_picture(entry))
        )
    return tuple(exported)


def _features(path: Path) -> Iterator[dict[str, Any]]:
    """The regions' features, in the order of photos and regions."""
    if path.is_file():
        yield from read_json(path, error=DataError, expected="the regions of a scan")["features"]


def _ground(feature: dict[str, Any] | None) -> Ground | None:
    told = {} if feature is None else feature["properties"]
    if feature is None or not told.get("box_crs"):
        return None
    polygons = feature["geometry"]["coordinates"]
    rings = [polygons[0]] if feature["geometry"]["type"] == "Polygon" else [each[0] for each in polygons]
    place = RegionPlace(polygons_wgs84=tuple(_ring(ring) for ring in rings), ring_crs=_ring(told["box_crs"]))
    return ground_of_region(place, told["crs"])


def _ring(points: list[list[float]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)


def _lookup(grounds: dict[int, Ground | None]) -> GroundOf:
    def ground_of(shape: Shape, region: Region | None) -> Ground | None:
        return None if region is None else grounds.get(region.number)

    return ground_of


def _picture(entry: PhotoEntry) -> Any:
    return None if entry.drawn is None else entry.drawn.read_bytes
