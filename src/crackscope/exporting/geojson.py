"""Places as GeoJSON (RFC 7946): areas and lines of maps, the camera's position where only that is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crackscope.exporting.facts import place_row
from crackscope.exporting.ground import Ground
from crackscope.exporting.records import Exported, ExportedPhoto, ExportedPlace, all_places


def write_geojson(target: Path, photos: Sequence[ExportedPhoto]) -> Exported:
    """A feature per place; without any position its geometry is null."""
    features = [_feature(photo, place) for photo, place in all_places(photos)]
    with target.open("w", encoding="utf-8", errors="backslashreplace", newline="") as out:
        out.write('{"type": "FeatureCollection", "features": [\n')
        lines = (json.dumps(each, ensure_ascii=False, allow_nan=False) for each in features)
        out.write(",\n".join(lines) + "\n]}\n")
    return Exported(photos=len(photos), places=len(features))


def _feature(photo: ExportedPhoto, place: ExportedPlace) -> dict[str, Any]:
    latitude, longitude = photo.entry.latitude, photo.entry.longitude
    geometry: dict[str, Any] | None = None
    position = "unknown"
    if place.ground is not None:
        geometry, position = ground_geometry(place.ground), "place"
    elif latitude is not None and longitude is not None:
        geometry, position = {"type": "Point", "coordinates": [longitude, latitude]}, "camera"
    shape = {"shape": str(place.shape.kind), "points_px": [list(xy) for xy in place.shape.outline_xy]}
    properties = {**place_row(photo, place), "position": position, **shape}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def ground_geometry(ground: Ground) -> dict[str, Any]:
    """A place on the earth as a GeoJSON geometry."""
    lines = [[list(xy) for xy in line] for line in ground.lines_wgs84]
    if not ground.closed:
        return {"type": "LineString", "coordinates": lines[0]}
    if len(lines) == 1:
        return {"type": "Polygon", "coordinates": lines}
    return {"type": "MultiPolygon", "coordinates": [[line] for line in lines]}
