"""Places as a GeoPackage, through GDAL (pyogrio, extra ``[geo]``): what geographic programs open first."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from crackscope.errors import DataError
from crackscope.exporting.facts import PLACE_COLUMNS, Cell, place_row
from crackscope.exporting.ground import Ground
from crackscope.exporting.records import Exported, ExportedPhoto, ExportedPlace, all_places
from crackscope.extras import needs_extra
from crackscope.inspection.records import Ring

PLACES, PHOTOS = "places", "photos"
_WGS84 = "EPSG:4326"
_TEXT = frozenset(
    ("path", "element", "place", "source", "type", "seen_by", "seen_at", "width_method", "condition",
     "recommendation", "note", "taken", "crs", "sha256", "label")
)  # fmt: skip
_WHOLE = frozenset(("photo", "left", "top", "right", "bottom", "area_px", "places"))
_PHOTO_COLUMNS = ("path", "photo", "element", "label", "score", "places", "taken", "latitude", "longitude")
#: OGC simple features as well-known binary, little endian.
_POINT, _LINE, _POLYGON, _MULTI_POLYGON = 1, 2, 3, 6


def write_geopackage(target: Path, photos: Sequence[ExportedPhoto]) -> Exported:
    """Two layers: ``places`` of maps, in the map's reference system where there is one, and ``photos``.

    Places of photos that are no maps have the camera's position in the layer ``photos`` only.

    Raises:
        MissingExtraError: pyogrio is not installed.
        DataError: No photo knows where it is.
    """
    placed = [(photo, place) for photo, place in all_places(photos) if place.ground is not None]
    located = [photo for photo in photos if photo.entry.latitude is not None]
    if not placed and not located:
        raise DataError("no photo knows where it was taken and none is a map; write .csv or .dxf instead")
    systems = {place.ground.crs for _, place in placed if place.ground is not None}
    crs = systems.pop() if len(systems) == 1 else _WGS84
    target.unlink(missing_ok=True)
    if placed:
        shapes = [_place_wkb(place, crs) for _, place in placed]
        rows = [place_row(photo, place) for photo, place in placed]
        _write(target, PLACES, shapes, rows, PLACE_COLUMNS, crs)
    if located:
        shapes = [_point(photo) for photo in located]
        _write(target, PHOTOS, shapes, [_photo_row(photo) for photo in located], _PHOTO_COLUMNS, _WGS84)
    places = sum(len(photo.places) for photo in photos)
    return Exported(photos=len(located), places=len(placed), left_out=places - len(placed))


def _write(
    target: Path,
    layer: str,
    shapes: Sequence[bytes],
    rows: Sequence[dict[str, Cell]],
    columns: Sequence[str],
    crs: str,
) -> None:
    with needs_extra("geo"):
        import pyogrio

    filled = [_column(name, [row[name] for row in rows]) for name in columns]
    pyogrio.raw.write(
        target,
        np.array(shapes, dtype=object),
        [values for values, _ in filled],
        list(columns),
        field_mask=[mask for _, mask in filled],
        layer=layer,
        driver="GPKG",
        geometry_type="Point" if layer == PHOTOS else "Unknown",
        crs=crs,
        encoding="UTF-8",
    )


def _column(name: str, cells: Sequence[Cell]) -> tuple[Any, Any]:
    """Values, and which of them are missing."""
    missing = np.array([cell is None for cell in cells])
    if name in _TEXT:
        # Bytes of a file name that are no UTF-8 can't stand in a text.
        texts = [str(cell or "").encode("utf-8", "backslashreplace").decode() for cell in cells]
        return np.array(texts, dtype=object), missing
    kind = np.int64 if name in _WHOLE else np.float64
    return np.array([0 if cell is None else cell for cell in cells], dtype=kind), missing


def _photo_row(photo: ExportedPhoto) -> dict[str, Cell]:
    entry = photo.entry
    return {
        "path": entry.name,
        "photo": entry.number,
        "element": entry.element,
        "label": None if entry.final_label is None else str(entry.final_label),
        "score": entry.score,
        "places": len(photo.places),
        "taken": entry.taken,
        "latitude": entry.latitude,
        "longitude": entry.longitude,
    }


def _point(photo: ExportedPhoto) -> bytes:
    return _head(_POINT) + struct.pack("<2d", photo.entry.longitude, photo.entry.latitude)


def _place_wkb(place: ExportedPlace, crs: str) -> bytes:
    assert place.ground is not None
    return _ground_wkb(place.ground, in_crs=crs == place.ground.crs)


def _ground_wkb(ground: Ground, *, in_crs: bool) -> bytes:
    lines = (ground.line_crs,) if in_crs else ground.lines_wgs84
    if not ground.closed:
        return _head(_LINE) + _points(lines[0])
    polygons = [_head(_POLYGON) + struct.pack("<I", 1) + _points(line) for line in lines]
    if len(polygons) == 1:
        return polygons[0]
    return _head(_MULTI_POLYGON) + struct.pack("<I", len(polygons)) + b"".join(polygons)


def _head(kind: int) -> bytes:
    return struct.pack("<BI", 1, kind)


def _points(line: Ring) -> bytes:
    return struct.pack("<I", len(line)) + b"".join(struct.pack("<2d", *xy) for xy in line)
