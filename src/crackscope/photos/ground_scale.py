"""How much ground a pixel of a map shows, in millimetres."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
_ToPlane = Callable[[F64, F64], tuple[F64, F64]]

#: WGS 84.
_EQUATOR_M, _ECCENTRICITY_2 = 6378137.0, 0.00669437999014
#: A pixel that differs more from a square has no one scale.
_SQUARE = 0.01
#: Projections for surveys keep lengths to this share; where one does not (Web Mercator), the ground counts.
_TRUE_TO_LENGTH = 0.002


@dataclass(frozen=True, slots=True)
class Scale:
    """Millimetres per pixel, or why no one number says it."""

    mm_per_px: float | None
    problem: str | None = None


def ground_scale(crs: Any, to_crs: _ToPlane, to_wgs84: _ToPlane | None, middle: tuple[F64, F64]) -> Scale:
    """The scale at one pixel, from the unit of length of the reference system or from the earth itself.

    Args:
        crs: As rasterio has it.
        to_crs: From pixels to it.
        to_wgs84: From it to longitude and latitude; ``None`` where it is not tied to the earth.
        middle: x and y of the pixel, (1,) each.
    """
    x, y = middle
    right, down = (_step(to_crs, (x, y), by) for by in ((0.5, 0.0), (0.0, 0.5)))
    unit_mm = None if crs.is_geographic else _unit_mm(crs)
    sides = [None if unit_mm is None else np.array(side) * unit_mm for side in (right, down)]
    if to_wgs84 is not None:
        on_ground = [_on_ground(to_crs, to_wgs84, middle, by) for by in ((0.5, 0.0), (0.0, 0.5))]
        if any(
            plane is None or not _alike(plane, ground) for plane, ground in zip(sides, on_ground, strict=True)
        ):
            sides = list(on_ground)
    return _one_number([side for side in sides if side is not None])


def _one_number(sides: list[F64]) -> Scale:
    if len(sides) < 2:
        return Scale(None)
    wide, high = (float(np.hypot(*side)) for side in sides)
    if not (math.isfinite(wide * high) and wide * high > 0):
        return Scale(None)
    if abs(wide / high - 1) > _SQUARE:
        return Scale(None, f"its pixels show {wide:.4g} x {high:.4g} mm of ground: no one scale holds")
    if abs(float(sides[0] @ sides[1])) / (wide * high) > _SQUARE:
        return Scale(None, "its pixels are skewed: no one scale holds")
    return Scale(float(f"{math.sqrt(wide * high):.6g}"))


def _step(to_crs: _ToPlane, middle: tuple[F64, F64], by: tuple[float, float]) -> tuple[float, float]:
    """From one edge of the pixel to the other."""
    (x,), (y,) = middle
    xs, ys = to_crs(np.array([x - by[0], x + by[0]]), np.array([y - by[1], y + by[1]]))
    return float(xs[1] - xs[0]), float(ys[1] - ys[0])


def _on_ground(to_crs: _ToPlane, to_wgs84: _ToPlane, middle: tuple[F64, F64], by: tuple[float, float]) -> F64:
    """The same in millimetres to the east and to the north."""
    (x,), (y,) = middle
    longitudes, latitudes = to_wgs84(
        *to_crs(np.array([x - by[0], x + by[0]]), np.array([y - by[1], y + by[1]]))
    )
    latitude = math.radians(float(latitudes.mean()))
    bend = 1 - _ECCENTRICITY_2 * math.sin(latitude) ** 2
    per_degree = math.radians(1) * 1000 * _EQUATOR_M
    east = per_degree * math.cos(latitude) / math.sqrt(bend)
    north = per_degree * (1 - _ECCENTRICITY_2) / bend**1.5
    turn = (float(longitudes[1] - longitudes[0]) + 180) % 360 - 180
    return np.array([turn * east, float(latitudes[1] - latitudes[0]) * north])


def _alike(plane: F64, ground: F64) -> bool:
    return abs(float(np.hypot(*plane)) / max(float(np.hypot(*ground)), 1e-12) - 1) <= _TRUE_TO_LENGTH


def _unit_mm(crs: Any) -> float:
    return 1000 * float(crs.units_factor[1])
