"""Where the tiles and cells of a photo lie: pure arithmetic, nothing is read.

A photo is resized once to a *grid* of pixels in which a tile is exactly the network's input, so that cutting
a tile is a slice. The grid is a whole number of *cells*, at least 8 x 8 per tile: the resolution of the
answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from crackscope.errors import SettingsError
from crackscope.inference.settings import OVERLAP, TILE_PX

#: Cells along a tile's side are the smallest divisor of the input's side that is not below this.
MIN_CELLS_PER_TILE = 8


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
