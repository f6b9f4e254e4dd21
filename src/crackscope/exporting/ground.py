"""Where a shape on a map lies: in the map's coordinate reference system and in WGS 84."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crackscope.inspection.findings import Shape, ShapeKind
from crackscope.inspection.records import Region, Ring
from crackscope.photos.geo import GeoReference, RegionPlace, georeference_of
from crackscope.photos.metadata import read_header
from crackscope.rasters import open_raster

#: Only headers are read.
_LIMIT_PIXELS = 4_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A shape on the earth.

    Attributes:
        crs: Name of the map's coordinate reference system, such as EPSG:2056.
        line_crs: Corners in it; closed (the first is the last as well) unless it is a line.
        lines_wgs84: (longitude, latitude); several where the 180th meridian cuts a box.
        closed: Whether it is an area.
    """

    crs: str
    line_crs: Ring
    lines_wgs84: tuple[Ring, ...]
    closed: bool


#: From a shape, and the model's region where it is one, to the earth.
GroundOf = Callable[[Shape, Region | None], Ground | None]


def ground_of_region(place: RegionPlace, crs: str) -> Ground:
    """A region's place as a scan wrote it."""
    return Ground(crs=crs, line_crs=place.ring_crs, lines_wgs84=place.polygons_wgs84, closed=True)


def ground_of_file(file: Path) -> GroundOf | None:
    """From shapes on a photo to the earth; ``None`` where the file is no map, is gone or knows no place."""
    header = read_header(file, _LIMIT_PIXELS) if _is_tiff(file) else None
    if header is None or not header.is_map:
        return None
    with open_raster(file) as dataset:
        reference = georeference_of(dataset)
    if reference is None or reference.middle is None:
        return None
    return lambda shape, region: _ground(reference, shape)


def _is_tiff(file: Path) -> bool:
    # Every map is one, and most photos are none: their headers need not be read.
    with suppress(OSError), file.open("rb") as stream:
        return stream.read(2) in (b"II", b"MM")
    return False


def _ground(reference: GeoReference, shape: Shape) -> Ground | None:
    crs = reference.name or ""
    if shape.kind is ShapeKind.BOX:
        place = reference.place(shape.box_ltrb)
        return None if place is None else ground_of_region(place, crs)
    closed = shape.kind is ShapeKind.POLYGON
    points = (*shape.points_xy, shape.points_xy[0]) if closed else shape.points_xy
    lines = reference.line(points)
    return (
        None if lines is None else Ground(crs=crs, line_crs=lines[0], lines_wgs84=(lines[1],), closed=closed)
    )
