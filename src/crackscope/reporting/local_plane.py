"""Places on the earth as metres on a plane: for the maps of a report and of the page.

An equirectangular projection around the middle. Over the few kilometres of a structure its error is far below
that of a camera's GPS.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_METRES_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPlane:
    """A plane that touches the earth at a latitude and a longitude, in degrees."""

    latitude: float
    longitude: float

    def east_north_m(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Metres to the east and to the north of the middle."""
        # Near a pole every position is north of everything; a floor keeps the plan finite.
        shrink = max(0.01, math.cos(math.radians(self.latitude)))
        turn = (longitude - self.longitude + 180) % 360 - 180
        return turn * _METRES_PER_DEGREE * shrink, (latitude - self.latitude) * _METRES_PER_DEGREE


def plane_around(positions: Sequence[tuple[float, float]]) -> LocalPlane | None:
    """The plane around the middle of some positions (latitude, longitude); ``None`` where there are none."""
    if not positions:
        return None
    longitude = _middle(_unwrapped([longitude for _, longitude in positions]))
    return LocalPlane(
        latitude=_middle([latitude for latitude, _ in positions]), longitude=(longitude + 180) % 360 - 180
    )


def _unwrapped(longitudes: list[float]) -> list[float]:
    """Across the date line 179 and -179 are neighbours."""
    if max(longitudes) - min(longitudes) <= 180:
        return longitudes
    return [longitude + 360 if longitude < 0 else longitude for longitude in longitudes]


def _middle(values: Sequence[float]) -> float:
    return (min(values) + max(values)) / 2
