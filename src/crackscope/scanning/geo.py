"""Regions of georeferenced photos on the earth, through rasterio (extra ``[geo]``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crackscope.scanning.records import BoxLTRB, RegionPlace

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

_WGS84 = "EPSG:4326"


class GeoReference:
    """From pixels of a photo to its coordinate reference system and to WGS 84."""

    def __init__(self, crs: Any, transform: Any) -> None:
        self._crs, self._transform = crs, transform
        self.name: str = crs.to_string()

    def place(self, box_ltrb: BoxLTRB) -> RegionPlace:
        """Where a box in pixels lies; the ring is counter-clockwise seen from above (RFC 7946)."""
        from rasterio.warp import transform

        left, top, right, bottom = box_ltrb
        corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
        affine = self._transform
        ring = [
            (affine.a * x + affine.b * y + affine.c, affine.d * x + affine.e * y + affine.f)
            for x, y in corners
        ]
        xs, ys = zip(*ring, strict=True)
        longitudes, latitudes = transform(self._crs, _WGS84, xs, ys)
        wgs84 = [(round(lon, 9), round(lat, 9)) for lon, lat in zip(longitudes, latitudes, strict=True)]
        if _signed_area(wgs84) < 0:
            wgs84, ring = wgs84[::-1], ring[::-1]
        rounded = [(round(x, 6), round(y, 6)) for x, y in ring]
        return RegionPlace(ring_wgs84=(*wgs84, wgs84[0]), ring_crs=(*rounded, rounded[0]))


def georeference_of(dataset: DatasetReader) -> GeoReference | None:
    """The georeference of an open photo; ``None`` where it has none."""
    return None if dataset.crs is None else GeoReference(dataset.crs, dataset.transform)


def _signed_area(ring: list[tuple[float, float]]) -> float:
    following = [*ring[1:], ring[0]]
    return sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in zip(ring, following, strict=True)) / 2
