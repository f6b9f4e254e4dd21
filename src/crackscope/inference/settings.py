"""How photos are looked at: everything but the model that changes an answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crackscope.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """Everything but the model that changes the numbers of a scan.

    Attributes:
        tile_px: Side of a tile in pixels of the photo; ``None`` picks it per photo.
        scales: The tile's side is multiplied by each; the strongest evidence of all scales counts.
        overlap: Share of a tile that its neighbour covers too, 0 to 0.9.
        threshold: A score from here on is Positive; ``None`` is the model's own.
        mm_per_px: Millimetres per pixel of the photo where known; nothing is guessed where not.
        memory_mb: A photo that needs more than this once decoded is read by windows.
        limit_pixels: Photos with more pixels than this are refused.
        shift_cells: Moves the tiles, to test that results do not hang on where tiles begin.
    """

    tile_px: int | None = None
    scales: tuple[float, ...] = (1.0,)
    overlap: float = 0.5
    threshold: float | None = None
    mm_per_px: float | None = None
    memory_mb: int = 1024
    limit_pixels: int = 4_000_000_000
    shift_cells: int = 0

    def __post_init__(self) -> None:
        _require(self.tile_px is None or self.tile_px >= 16, "tile_px", self.tile_px, "at least 16, or auto")
        _require(bool(self.scales) and all(s > 0 for s in self.scales), "scales", self.scales, "above 0")
        _require(0 <= self.overlap <= 0.9, "overlap", self.overlap, "0 to 0.9")
        threshold = self.threshold
        _require(threshold is None or 0 <= threshold <= 1, "threshold", threshold, "0 to 1")
        _require(self.mm_per_px is None or self.mm_per_px > 0, "mm_per_px", self.mm_per_px, "above 0")
        _require(self.memory_mb >= 64, "memory_mb", self.memory_mb, "at least 64")


def mm_per_px_from_points(
    first_xy: tuple[float, float], second_xy: tuple[float, float], distance_mm: float
) -> float:
    """Millimetres per pixel from two points of a photo and the true distance between them.

    Raises:
        SettingsError: The points are one, or the distance is not above 0.
    """
    distance_px = math.dist(first_xy, second_xy)
    _require(distance_px > 0, "the two points", (first_xy, second_xy), "two different points")
    _require(distance_mm > 0, "distance_mm", distance_mm, "above 0")
    return distance_mm / distance_px


def _require(valid: bool, name: str, found: object, expected: str) -> None:
    if not valid:
        raise SettingsError(f"{name} is {found}; expected {expected}")
