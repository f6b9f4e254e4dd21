"""Where the pixels of a map (GeoTIFF) lie on the earth, through rasterio (extra ``[geo]``), or why not.

GDAL cuts what crosses the 180th meridian and what holds a pole, as RFC 7946 wants it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crackscope.photos.ground_scale import Scale, ground_scale
from crackscope.photos.metadata import PhotoMetadata
from crackscope.rasters import import_rasterio

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

F64 = NDArray[np.float64]
#: Left, top, right, bottom in pixels of the upright photo; right and bottom exclusive.
BoxLTRB = tuple[int, int, int, int]
Ring = tuple[tuple[float, float], ...]
#: (N,) x and (N,) y in pixels, the corner of the first pixel being (0, 0) -> (N,) x and (N,) y in the CRS.
ToCrs = Callable[[F64, F64], tuple[F64, F64]]

_WGS84 = "EPSG:4326"
#: Linear in degrees, with its edge at Greenwich: what crosses the 180th meridian is in one piece there.
_PLATE_CARREE = "+proj=eqc +lon_0=180 +datum=WGS84"
_METRES_PER_DEGREE = 6378137 * math.pi / 180
#: Edges are divided until the straight lines between their points are this close to the true line, in pixels.
_STRAIGHT_PX, _MOST_PARTS = 0.1, 64
#: Ground control points may miss the fitted map by this share of its diagonal.
_LARGEST_MISS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionPlace:
    """Where a region lies on the earth: its box as closed rings.

    Attributes:
        polygons_wgs84: (longitude, latitude), counter-clockwise; several where the 180th meridian cuts the
            box. Edges that are bent in these coordinates have more points than two.
        ring_crs: The box's corners in the coordinate reference system of the photo, from the lower left one.
    """

    polygons_wgs84: tuple[Ring, ...]
    ring_crs: Ring


class PlaceError(Exception):
    """Why the place of a map is not known."""


class GeoReference:
    """From pixels of a map to its coordinate reference system and to WGS 84.

    Attributes:
        name: Of the coordinate reference system; ``None`` where there is none.
        problem: Why there is no place, or no scale; ``None`` where both are known.
        middle: Longitude and latitude of the middle; ``None`` where the place is not known.
        scale: Millimetres per pixel, where one number holds for both directions.
    """

    def __init__(self, dataset: DatasetReader) -> None:
        self.name: str | None = None
        self.problem: str | None = None
        self.middle: tuple[float, float] | None = None
        self.scale: Scale = Scale(None)
        self._crs: Any = None
        try:
            self._crs, self._to_crs = _tie(dataset)
            self.name = self._crs.to_string()
            self._place_on_earth((dataset.height, dataset.width))
        except PlaceError as error:
            self.name = self._crs.to_string() if self._crs is not None else None
            self.problem, self._crs = str(error), None

    def place(self, box_ltrb: BoxLTRB) -> RegionPlace | None:
        """Where a box in pixels lies; ``None`` where that is not known (see ``problem``)."""
        if self._crs is None:
            return None
        corners = _ring(box_ltrb, 1)
        xs, ys = self._to_crs(*corners)
        ring_crs = _rounded(xs, ys, 6)
        parts = _MOST_PARTS if self._crs_is_bent(box_ltrb) else 1
        lines = self._to_crs(*_ring(box_ltrb, parts))
        return RegionPlace(polygons_wgs84=_polygons(self._crs, *lines), ring_crs=ring_crs)

    def line(self, points_xy: Sequence[tuple[float, float]]) -> tuple[Ring, Ring] | None:
        """Points in pixels, in the reference system and as (longitude, latitude); ``None`` as above."""
        if self._crs is None:
            return None
        x, y = np.array(points_xy, np.float64).T
        xs, ys = self._to_crs(x, y)
        return _rounded(xs, ys, 6), _rounded(*_transform(self._crs, _WGS84, xs, ys), 9)

    def describe(self, metadata: PhotoMetadata) -> PhotoMetadata:
        """What a photo's header says, with what its georeference says."""
        longitude, latitude = self.middle or (metadata.longitude, metadata.latitude)
        return replace(
            metadata, latitude=latitude, longitude=longitude, crs=self.name, map_problem=self.problem
        )

    def _place_on_earth(self, photo_hw: tuple[int, int]) -> None:
        height, width = photo_hw
        middle = (np.array([width / 2]), np.array([height / 2]))
        if not (self._crs.is_geographic or self._crs.is_projected):
            if _is_local(self._crs):
                self.scale = ground_scale(self._crs, self._to_crs, None, middle)
                raise PlaceError("a local grid that nothing ties to the earth")
            raise PlaceError("a geocentric reference system: its pixels are no places on the ground")
        to_wgs84 = _checked(self._crs)
        to_wgs84(*self._to_crs(*_ring((0, 0, width, height), 4)))
        longitude, latitude = to_wgs84(*self._to_crs(*middle))
        self.middle = (round((float(longitude[0]) + 180) % 360 - 180, 7), round(float(latitude[0]), 7))
        self.scale = ground_scale(self._crs, self._to_crs, to_wgs84, middle)
        self.problem = self.scale.problem

    def _crs_is_bent(self, box_ltrb: BoxLTRB) -> bool:
        """Whether a straight edge of the box is no straight line in longitude and latitude."""
        x, y = _ring(box_ltrb, 2)
        true_x, true_y = self._to_crs(x[1::2], y[1::2])
        longitudes, latitudes = _transform(self._crs, _WGS84, *self._to_crs(x[::2], y[::2]))
        halfway = [(values[1:] + values[:-1]) / 2 for values in (longitudes, latitudes)]
        chord_x, chord_y = _transform(_WGS84, self._crs, *halfway)
        pixel_x, pixel_y = self._to_crs(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        diagonal = math.hypot(pixel_x[1] - pixel_x[0], pixel_y[1] - pixel_y[0])
        return not bool((np.hypot(chord_x - true_x, chord_y - true_y) <= _STRAIGHT_PX * diagonal).all())


def georeference_of(dataset: DatasetReader) -> GeoReference | None:
    """The georeference of an open photo; ``None`` where it has none."""
    tied = dataset.crs is not None or dataset.gcps[0] or dataset.rpcs is not None
    return GeoReference(dataset) if tied else None


def unit_of_length(crs: str) -> str | None:
    """The unit of a reference system, such as metre; ``None`` where it counts degrees.

    Raises:
        MissingExtraError: rasterio is not installed.
    """
    import_rasterio()
    from rasterio.crs import CRS

    known = CRS.from_user_input(crs)
    return None if known.is_geographic else str(known.linear_units)


def _tie(dataset: DatasetReader) -> tuple[Any, ToCrs]:
    """The coordinate reference system and how pixels get there."""
    points, points_crs = dataset.gcps
    if points and dataset.transform.is_identity:
        if points_crs is None:
            raise PlaceError("ground control points without a coordinate reference system")
        return points_crs, _by_control_points(points, math.hypot(dataset.width, dataset.height))
    if dataset.crs is None:
        raise PlaceError(
            "placed by rational polynomials (RPC) only, which need the height of the ground; "
            "rectify it first (gdalwarp -rpc)"
        )
    affine = dataset.transform
    if affine.is_identity or abs(affine.determinant) == 0:
        raise PlaceError(
            f"{dataset.crs.to_string()} without a geotransform: nothing says where its pixels lie"
        )
    return dataset.crs, lambda x, y: (
        affine.a * x + affine.b * y + affine.c,
        affine.d * x + affine.e * y + affine.f,
    )


def _by_control_points(points: Sequence[Any], diagonal_px: float) -> ToCrs:
    from rasterio.transform import GCPTransformer

    def to_crs(x: F64, y: F64) -> tuple[F64, F64]:
        found = transformer.xy(y.tolist(), x.tolist(), offset="ul")
        return np.asarray(found[0], np.float64), np.asarray(found[1], np.float64)

    columns, rows, xs, ys = np.array([(p.col, p.row, p.x, p.y) for p in points], np.float64).T
    spread = np.linalg.matrix_rank(np.stack([columns - columns[0], rows - rows[0]]), tol=1e-6 * diagonal_px)
    if len(points) < 3 or spread < 2:
        raise PlaceError("its ground control points do not span an area; three that do are needed")
    transformer = GCPTransformer(points)
    fitted_x, fitted_y = to_crs(columns, rows)
    miss = float(np.hypot(fitted_x - xs, fitted_y - ys).max())
    if not miss <= _LARGEST_MISS * math.hypot(np.ptp(xs), np.ptp(ys)):
        raise PlaceError(f"its ground control points contradict each other by {miss:.3g} units of the map")
    return to_crs


def _is_local(crs: Any) -> bool:
    return crs.to_wkt().split("[", 1)[0] in ("LOCAL_CS", "ENGCRS", "ENGINEERINGCRS")


def _checked(crs: Any) -> ToCrs:
    """To longitude and latitude; a `PlaceError` for coordinates that the reference system does not have."""

    def to_wgs84(x: F64, y: F64) -> tuple[F64, F64]:
        outside = f"its coordinates ({x[0]:.10g}, {y[0]:.10g}) lie outside of {crs.to_string()}"
        if crs.is_geographic and not ((np.abs(y) <= 90.0001).all() and (x >= -180.0001).all()):
            raise PlaceError(outside)
        if crs.is_geographic and ((x > 540).any() or np.ptp(x) > 360.0001):
            raise PlaceError(outside)
        try:
            longitudes, latitudes = _transform(crs, _WGS84, x, y)
            back_x, back_y = _transform(_WGS84, crs, longitudes, latitudes)
        except Exception as error:  # rasterio hands on GDAL's own errors, which are not among its own
            raise PlaceError(outside) from error
        near = np.hypot(back_x - x, back_y - y) <= 1e-6 * np.hypot(x, y) + 1e-6
        if not crs.is_geographic and not near.all():
            raise PlaceError(outside)
        if not (np.isfinite(longitudes).all() and np.isfinite(latitudes).all()):
            raise PlaceError(outside)
        return longitudes, latitudes

    return to_wgs84


def _transform(source: Any, target: Any, x: F64, y: F64) -> tuple[F64, F64]:
    from rasterio.warp import transform

    found = transform(source, target, x.tolist(), y.tolist())
    return np.asarray(found[0]), np.asarray(found[1])


def _rounded(x: F64, y: F64, decimals: int) -> Ring:
    points = zip(x.tolist(), y.tolist(), strict=True)
    return tuple((round(one, decimals), round(other, decimals)) for one, other in points)


def _ring(box_ltrb: BoxLTRB, parts: int) -> tuple[F64, F64]:
    """A box as a closed ring, every edge in so many parts."""
    left, top, right, bottom = box_ltrb
    x = np.array([left, right, right, left, left], float)
    y = np.array([bottom, bottom, top, top, bottom], float)
    places = np.linspace(0, 4, 4 * parts + 1)
    return np.interp(places, np.arange(5), x), np.interp(places, np.arange(5), y)


def _polygons(crs: Any, x: F64, y: F64) -> tuple[Ring, ...]:
    """A ring in a coordinate reference system as rings of (longitude, latitude), cut as RFC 7946 wants it."""
    from rasterio.warp import transform_geom

    source = crs
    if crs.is_geographic:
        longitudes, latitudes = _transform(crs, _WGS84, x, y)
        source = _PLATE_CARREE
        x, y = (longitudes - 180) * _METRES_PER_DEGREE, latitudes * _METRES_PER_DEGREE
        if longitudes.min() >= -180 and longitudes.max() <= 180:
            return (_counter_clockwise(list(zip(longitudes.tolist(), latitudes.tolist(), strict=True))),)
    geometry = {"type": "Polygon", "coordinates": [list(zip(x.tolist(), y.tolist(), strict=True))]}
    shape = transform_geom(source, _WGS84, geometry)
    polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    return tuple(_counter_clockwise(polygon[0]) for polygon in polygons)


def _counter_clockwise(ring: Sequence[Sequence[float]]) -> Ring:
    points = [(round(point[0], 9), round(point[1], 9)) for point in ring]
    points = [point for index, point in enumerate(points) if index == 0 or point != points[index - 1]]
    # Corners near the origin, so that the products keep their digits.
    away = [(x - points[0][0], y - points[0][1]) for x, y in points]
    area = sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in pairwise(away))
    return tuple(points if area >= 0 else points[::-1])
