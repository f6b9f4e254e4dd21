"""How large a tile should be: at the scale the network was trained at, as far as that can be known."""

from __future__ import annotations

from crackscope.scanning.records import ScanSettings

#: Side of the training patches on the wall, in millimetres: SDNET2018's 256 pixels at 0.23 mm.
PATCH_MM = 60.0
#: Tiles along the shorter side of a photo of unknown scale; measured on UAV75, see studies/scanning.md.
TILES_PER_SIDE = 8
#: The shipped network was taught with crops from 95 pixels up: on UAV75 squares of 32 pixels have an average
#: precision of 0.89 with tiles of 96 and of 0.83 with 64. Larger tiles lose cracks a few pixels wide.
SMALLEST_PX, LARGEST_PATCHES = 96, 2


def tile_sides(photo_hw: tuple[int, int], patch_px: int, settings: ScanSettings) -> tuple[int, ...]:
    """Sides of the tiles of a photo, one per scale, ascending and without repeats."""
    base = settings.tile_px or _automatic_side(photo_hw, patch_px, settings.mm_per_px)
    return tuple(sorted({min(max(16, round(base * scale)), *photo_hw) for scale in settings.scales}))


def _automatic_side(photo_hw: tuple[int, int], patch_px: int, mm_per_px: float | None) -> int:
    shorter = min(photo_hw)
    if mm_per_px is not None:
        return max(SMALLEST_PX, round(PATCH_MM / mm_per_px))
    if shorter < 2 * patch_px:
        # No larger than a patch or two: it was cut from a photo, as the training patches were.
        return patch_px
    return min(max(shorter // TILES_PER_SIDE, SMALLEST_PX), LARGEST_PATCHES * patch_px)
