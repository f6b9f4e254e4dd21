"""One look or tiles, how large, and where they and their cells lie: pure arithmetic, nothing is read.

Photos are seen at the scale of training, as far as that is known.

A photo is resized once to a *grid* of pixels in which a tile is exactly the network's input, so that cutting
a tile is a slice. The grid is a whole number of *cells*, at least 8 x 8 per tile: the resolution of the
answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from crackscope.bundle import ModelConfig
from crackscope.errors import SettingsError
from crackscope.inference.settings import OVERLAP, TILE_PX, ScanSettings

#: Cells along a tile's side are the smallest divisor of the input's side that is not below this.
MIN_CELLS_PER_TILE = 8
#: Side of the training patches on the wall, in millimetres: SDNET2018's 256 pixels at 0.23 mm.
PATCH_MM = 60.0
#: A photo whose longer side is at most this many training patches is one look, squeezed to the model's input:
#: the patches of SDNET2018 are 1.13. At 1.25 one look already finds 0.12 fewer of the cracks of UAV75 than
#: tiles do, at 1.4 0.2, at 2 0.18 and of those of uav-cc0 0.3 (studies/predicting.md).
ONE_LOOK_PATCHES = 1.15
#: So long that squeezing it to a square hides what is in it.
ONE_LOOK_ASPECT = 2.0
#: Tiles along the shorter side of a photo of unknown scale; measured on UAV75, see studies/scanning.md.
TILES_PER_SIDE = 8
#: The shipped network was taught with crops from 95 pixels up: on UAV75 squares of 32 pixels have an average
#: precision of 0.89 with tiles of 96 and of 0.83 with 64. Larger tiles lose cracks a few pixels wide.
SMALLEST_PX, LARGEST_PATCHES = 96, 2


@dataclass(frozen=True, kw_only=True)
class TileGrid:
    """The tiles of one photo at one scale.

    Attributes:
        photo_hw: Height and width of the photo in pixels.
        tile_px: Side of a tile in pixels of the photo; never more than the photo's shorter side, but for one
            look at a whole photo, where it is the longer one.
        input_hw: Height and width of the network's input.
        cells_hw: Cells per tile, down and across.
        stride_cells_hw: Cells from one tile to the next, down and across.
        shift_cells: The grid starts this many cells late (a tile still begins at 0): for the seam test.
    """

    photo_hw: tuple[int, int]
    tile_px: int
    input_hw: tuple[int, int]
    cells_hw: tuple[int, int]
    stride_cells_hw: tuple[int, int]
    shift_cells: int = 0

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Cells of the whole photo, down and across."""
        height, width = self.photo_hw
        down, across = self.cells_hw
        return max(down, round(height * down / self.tile_px)), max(
            across, round(width * across / self.tile_px)
        )

    @property
    def cell_hw(self) -> tuple[int, int]:
        """Height and width of a cell in grid pixels."""
        return self.input_hw[0] // self.cells_hw[0], self.input_hw[1] // self.cells_hw[1]

    @property
    def grid_hw(self) -> tuple[int, int]:
        """Height and width of the resized photo that tiles are cut from."""
        return self.shape[0] * self.cell_hw[0], self.shape[1] * self.cell_hw[1]

    @cached_property
    def tops(self) -> tuple[int, ...]:
        """First cell row of every row of tiles."""
        return starts(self.shape[0], self.cells_hw[0], self.stride_cells_hw[0], self.shift_cells)

    @cached_property
    def lefts(self) -> tuple[int, ...]:
        """First cell column of every column of tiles."""
        return starts(self.shape[1], self.cells_hw[1], self.stride_cells_hw[1], self.shift_cells)

    @property
    def is_whole_photo(self) -> bool:
        """Whether its one tile is all of the photo."""
        return self.shape == self.cells_hw

    @property
    def count(self) -> int:
        """Number of tiles."""
        return len(self.tops) * len(self.lefts)

    def cells_to_px(self, box_ltrb: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
        """Turn a box in cells into a box in pixels of the photo, right and bottom exclusive."""
        left, top, right, bottom = box_ltrb
        rows, columns = self.shape
        height, width = self.photo_hw
        return (
            round(left * width / columns),
            round(top * height / rows),
            round(right * width / columns),
            round(bottom * height / rows),
        )

    def tile_box(self, row: int, column: int) -> tuple[int, int, int, int]:
        """The box of a tile in pixels of the photo: left, top, right, bottom (exclusive)."""
        left, top = self.lefts[column], self.tops[row]
        return self.cells_to_px((left, top, left + self.cells_hw[1], top + self.cells_hw[0]))


def plan_looks(
    photo_hw: tuple[int, int],
    config: ModelConfig,
    settings: ScanSettings,
    *,
    map_mm_per_px: float | None = None,
) -> list[TileGrid]:
    """The tile grid of every scale, finest first; a photo that is one look is one tile.

    ``map_mm_per_px`` counts where the settings have no scale. It may be any: maps of whole countries are
    photos too, and the range of the settings is for what people type.
    """
    return [
        whole_photo(photo_hw, config.input_hw)
        if side >= max(photo_hw)
        else plan_tiles(
            photo_hw, side, config.input_hw, overlap=settings.overlap, shift_cells=settings.shift_cells
        )
        for side in tile_sides(photo_hw, config.patch_px, settings, map_mm_per_px=map_mm_per_px)
    ]


def tile_sides(
    photo_hw: tuple[int, int],
    patch_px: int,
    settings: ScanSettings,
    *,
    map_mm_per_px: float | None = None,
) -> tuple[int, ...]:
    """Sides of the tiles of a photo, one per scale, ascending and without repeats.

    The photo's longer side stands for one look at all of it.
    """
    shorter, longer = min(photo_hw), max(photo_hw)
    mm_per_px = map_mm_per_px if settings.mm_per_px is None else settings.mm_per_px
    whole = settings.tile_px is None and _is_one_look(photo_hw, patch_px, mm_per_px)
    base = longer if whole else settings.tile_px or _automatic_side(photo_hw, patch_px, mm_per_px)
    sides = (max(int(TILE_PX.least), round(base * scale)) for scale in settings.scales)
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


def plan_tiles(
    photo_hw: tuple[int, int],
    tile_px: int,
    input_hw: tuple[int, int],
    *,
    overlap: float,
    shift_cells: int = 0,
) -> TileGrid:
    """Lay tiles of ``tile_px`` over a photo.

    The tile's true side differs from ``tile_px`` by at most half a cell over the whole photo, so that cells
    and photo end together.

    Raises:
        SettingsError: ``overlap`` is out of its range, or ``tile_px`` is too small.
    """
    OVERLAP.check("overlap", overlap)
    if tile_px < TILE_PX.least:
        raise SettingsError(f"a tile of {tile_px} pixels is too small; expected at least {TILE_PX.least}")
    cells_hw = (_cells_per_side(input_hw[0]), _cells_per_side(input_hw[1]))
    return TileGrid(
        photo_hw=photo_hw,
        tile_px=min(tile_px, *photo_hw),
        input_hw=input_hw,
        cells_hw=cells_hw,
        stride_cells_hw=(_stride(cells_hw[0], overlap), _stride(cells_hw[1], overlap)),
        shift_cells=shift_cells,
    )


def whole_photo(photo_hw: tuple[int, int], input_hw: tuple[int, int]) -> TileGrid:
    """One tile that is all of a photo, whatever its aspect ratio."""
    cells_hw = (_cells_per_side(input_hw[0]), _cells_per_side(input_hw[1]))
    return TileGrid(
        photo_hw=photo_hw,
        tile_px=max(photo_hw),
        input_hw=input_hw,
        cells_hw=cells_hw,
        stride_cells_hw=cells_hw,
    )


def starts(length: int, tile: int, stride: int, shift: int = 0) -> tuple[int, ...]:
    """First positions of tiles that cover ``length``.

    The last tile moves back inside instead of shrinking: the network has only seen full tiles.
    """
    last = length - tile
    return tuple(sorted({0, *range(shift, last, stride), last}))


def covers(tile_starts: tuple[int, ...], tile: int, length: int) -> bool:
    """Whether the tiles leave no gap between 0 and ``length``."""
    return (
        tile_starts[0] == 0
        and tile_starts[-1] + tile == length
        and all(after - before <= tile for before, after in pairwise(tile_starts))
    )


def _cells_per_side(input_side: int) -> int:
    return next(n for n in range(min(MIN_CELLS_PER_TILE, input_side), input_side + 1) if input_side % n == 0)


def _stride(cells: int, overlap: float) -> int:
    return max(1, round(cells * (1 - overlap)))
