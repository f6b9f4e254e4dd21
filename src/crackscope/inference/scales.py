"""One look or tiles, and how large: photos are seen at the scale of training, as far as that is known."""

from __future__ import annotations

from crackscope.bundle import ModelConfig
from crackscope.inference.settings import ScanSettings
from crackscope.inference.tiling import TileGrid, plan_tiles, whole_photo

#: Side of the training patches on the wall, in millimetres: SDNET2018's 256 pixels at 0.23 mm.
PATCH_MM = 60.0
#: A photo whose longer side is at most this many training patches is one look, squeezed to the model's input:
#: the patches of SDNET2018 are 1.13. At 1.25 one look already finds 0.09 fewer of the cracks of UAV75 and
#: uav-cc0 than tiles do, at 1.4 up to 0.2, at 2 up to 0.25 (studies/scanning.md).
ONE_LOOK_PATCHES = 1.15
#: So long that squeezing it to a square hides what is in it.
ONE_LOOK_ASPECT = 2.0
#: Tiles along the shorter side of a photo of unknown scale; measured on UAV75, see studies/scanning.md.
TILES_PER_SIDE = 8
#: The shipped network was taught with crops from 95 pixels up: on UAV75 squares of 32 pixels have an average
#: precision of 0.89 with tiles of 96 and of 0.83 with 64. Larger tiles lose cracks a few pixels wide.
SMALLEST_PX, LARGEST_PATCHES = 96, 2


def plan_looks(photo_hw: tuple[int, int], config: ModelConfig, settings: ScanSettings) -> list[TileGrid]:
    """The tile grid of every scale, finest first; a photo that is one look is one tile."""
    return [
        whole_photo(photo_hw, config.input_hw)
        if side >= max(photo_hw)
        else plan_tiles(
            photo_hw, side, config.input_hw, overlap=settings.overlap, shift_cells=settings.shift_cells
        )
        for side in tile_sides(photo_hw, config.patch_px, settings)
    ]


def tile_sides(photo_hw: tuple[int, int], patch_px: int, settings: ScanSettings) -> tuple[int, ...]:
    """Sides of the tiles of a photo, one per scale, ascending and without repeats.

    The photo's longer side stands for one look at all of it.
    """
    shorter, longer = min(photo_hw), max(photo_hw)
    whole = settings.tile_px is None and _is_one_look(photo_hw, patch_px, settings.mm_per_px)
    base = longer if whole else settings.tile_px or _automatic_side(photo_hw, patch_px, settings.mm_per_px)
    sides = (max(16, round(base * scale)) for scale in settings.scales)
    return tuple(sorted({longer if whole and side >= longer else min(side, shorter) for side in sides}))


def _is_one_look(photo_hw: tuple[int, int], patch_px: int, mm_per_px: float | None) -> bool:
    patch = patch_px if mm_per_px is None else max(SMALLEST_PX, PATCH_MM / mm_per_px)
    return max(photo_hw) <= min(ONE_LOOK_PATCHES * patch, ONE_LOOK_ASPECT * min(photo_hw))


def _automatic_side(photo_hw: tuple[int, int], patch_px: int, mm_per_px: float | None) -> int:
    shorter = min(photo_hw)
    if mm_per_px is not None:
        return max(SMALLEST_PX, round(PATCH_MM / mm_per_px))
    if shorter < 2 * patch_px:
        # No larger than a patch or two: it was cut from a photo, as the training patches were.
        return patch_px
    return min(max(shorter // TILES_PER_SIDE, SMALLEST_PX), LARGEST_PATCHES * patch_px)
