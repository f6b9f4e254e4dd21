"""How photos are looked at: everything but the model that changes an answer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from crackscope.errors import SettingsError
from crackscope.photo_limits import WINDOWED_LIMIT_PIXELS


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the most that a number may be; ``None`` where there is no most."""

    least: float
    most: float | None = None

    def __contains__(self, number: float) -> bool:
        return self.least <= number and (self.most is None or number <= self.most)

    def check(self, name: str, number: float | None) -> None:
        """Refuse a number out of range; ``None`` was left to the program.

        Raises:
            SettingsError: With what was expected.
        """
        if number is not None and number not in self:
            raise SettingsError(f"{name} is {number}; expected {self}")

    def __str__(self) -> str:
        """For an error's message."""
        return f"at least {self.least:g}" if self.most is None else f"{self.least:g} to {self.most:g}"


#: What settings of a scan may be: checked here, and by command line and server before a photo is looked at.
TILE_PX = Range(16, 100_000)
OVERLAP = Range(0, 0.9)
THRESHOLD = Range(0, 1)
MM_PER_PX = Range(0.0001, 1000)
MEMORY_MB = Range(64)
LIMIT_PIXELS = Range(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """Everything but the model that changes the numbers of a scan.

    Attributes:
        tile_px: Side of a tile in pixels of the photo; ``None`` picks it per photo.
        scales: The tile's side is multiplied by each; the strongest evidence of all scales counts.
        overlap: Share of a tile that its neighbour covers too.
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
    limit_pixels: int = WINDOWED_LIMIT_PIXELS
    shift_cells: int = 0

    def __post_init__(self) -> None:
        TILE_PX.check("tile_px", self.tile_px)
        OVERLAP.check("overlap", self.overlap)
        THRESHOLD.check("threshold", self.threshold)
        MM_PER_PX.check("mm_per_px", self.mm_per_px)
        MEMORY_MB.check("memory_mb", self.memory_mb)
        LIMIT_PIXELS.check("limit_pixels", self.limit_pixels)
        if not self.scales or min(self.scales) <= 0:
            raise SettingsError(f"scales is {self.scales}; expected numbers above 0")


#: What is done where nobody says otherwise.
USUAL = ScanSettings()


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
