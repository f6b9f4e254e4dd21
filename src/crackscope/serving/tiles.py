"""The tiles of a scanned photo, which people review and models learn from, and what its heat map says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.records import BoxLTRB
from crackscope.serving.models import Photo, Result

_F32 = NDArray[np.float32]


class TiledPhoto:
    """A photo's tiles at the scale of its scan.

    Attributes:
        photo_wh: Width and height of the photo in pixels.
        side_px: Of a tile.
    """

    def __init__(self, photo: Photo, result: Result) -> None:
        self.photo_wh = (photo.width_px, photo.height_px)
        self.side_px = min(result.tile_px, *self.photo_wh)
        self._cells: _F32 = np.asarray(result.grid["scores"], np.float32)
        # Results of earlier versions have no scores of tiles.
        self._tiles: _F32 = np.asarray(result.grid.get("tile_scores", result.grid["scores"]), np.float32)

    def over(self, box_ltrb: Sequence[int]) -> list[BoxLTRB]:
        """Tiles that cover a box; see `tiles_over`."""
        return tiles_over(box_ltrb, self.side_px, self.photo_wh)

    def all(self) -> list[BoxLTRB]:
        """Tiles that cover the photo."""
        return self.over((0, 0, *self.photo_wh))

    def strongest_cell(self, box_ltrb: BoxLTRB) -> float:
        """How sure the model is that a crack runs through the strongest place of a box."""
        return float(self._cut(self._cells, box_ltrb).max())

    def score(self, box_ltrb: BoxLTRB) -> float:
        """How sure the tiles over a box are, in the mean, that there is a crack."""
        return float(self._cut(self._tiles, box_ltrb).mean())

    def _cut(self, cells: _F32, box_ltrb: BoxLTRB) -> _F32:
        rows, columns = cells.shape
        width, height = self.photo_wh
        left, right = box_ltrb[0] * columns // width, -(-box_ltrb[2] * columns // width)
        top, bottom = box_ltrb[1] * rows // height, -(-box_ltrb[3] * rows // height)
        return cells[top:bottom, left:right]


def tiles_over(box_ltrb: Sequence[int], side_px: int, photo_wh: tuple[int, int]) -> list[BoxLTRB]:
    """Square tiles side by side that cover a box; one around its middle where it is no larger than a tile."""
    left, top, right, bottom = box_ltrb
    lefts = _starts(left, right, side_px, photo_wh[0])
    tops = _starts(top, bottom, side_px, photo_wh[1])
    return [(x, y, x + side_px, y + side_px) for y in tops for x in lefts]


def _starts(begin: int, end: int, side_px: int, limit_px: int) -> list[int]:
    count = -(-(end - begin) // side_px)
    first = (begin + end - count * side_px) // 2
    starts = (first + index * side_px for index in range(count))
    # At the photo's edge a tile moves back inside instead of shrinking.
    return list(dict.fromkeys(min(max(0, start), limit_px - side_px) for start in starts))
