"""Run the network over every tile of a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import UnreadablePhotoError
from crackscope.inference.outputs import ModelOutputs
from crackscope.inference.places import places_to_cells
from crackscope.inference.quality import sharpness
from crackscope.inference.tiling import TileGrid
from crackscope.photos.pixels import LEAST_OPACITY, U8, PixelSource

F32 = NDArray[np.float32]
RunModel = Callable[[Iterable[U8]], Iterator[ModelOutputs]]

#: Tiles per run of the network. Batches never cross photos, so a photo's numbers can't hang on its
#: neighbours.
BATCH = 32
#: Tiles with less picture in them than this share are not looked at: the rest is transparent or without data.
LEAST_PICTURE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TileEvidence:
    """What the network said about every tile of a grid, R rows and C columns of tiles.

    Attributes:
        looked: (R, C) bool, false for tiles that are mostly no picture; the other arrays hold zeros there.
        score: (R, C) float32, calibrated.
        logit: (R, C) float32, before calibration.
        cells: (R, C, down, across) float32, the logit of every cell of every tile (`places_to_cells`).
        coarse: A place of the network's map is no smaller than a cell.
        distance: (R, C) float32 from the training data, or ``None``.
        picture: (rows, columns) of cells, float32 0..1: how much of each cell is picture.
        sharpness: Of the tiles that lie side by side, see `inference.quality`; empty where tiles are enlarged
            for the network, which makes any photo look soft.
        strongest: What the network gives for the tile with the highest score.
    """

    looked: NDArray[np.bool_]
    score: F32
    logit: F32
    cells: F32
    coarse: bool
    distance: F32 | None
    picture: F32
    sharpness: tuple[float, ...]
    strongest: ModelOutputs

    @property
    def distances(self) -> F32 | None:
        """(N,) of the tiles that were looked at."""
        return None if self.distance is None else self.distance[self.looked]


def score_tiles(run: RunModel, source: PixelSource, grid: TileGrid) -> TileEvidence:
    """Score the tiles of a grid, row by row, holding only as many rows of the photo as the source allows.

    Raises:
        UnreadablePhotoError: There is no tile with enough picture in it.
    """
    cutter = _TileCutter(source, grid)
    # Embeddings are dropped at once, and maps finer than cells: of a gigapixel photo either would fill half a
    # gigabyte.
    parts, strongest = [], None
    for out in run(cutter.batches()):
        logits_of_cells = places_to_cells(out.place_logits, grid.cells_hw)
        parts.append((out.score, out.logit, logits_of_cells, out.distance, out.cam.shape[1]))
        row = int(out.score.argmax())
        if strongest is None or out.score[row] > strongest.score[0]:
            strongest = out[row : row + 1]
    if strongest is None:
        raise UnreadablePhotoError("nearly all of it is transparent or without data")
    scores, logits, cells, distances, places = zip(*parts, strict=True)
    looked = cutter.looked
    return TileEvidence(
        looked=looked,
        score=_placed(scores, looked),
        logit=_placed(logits, looked),
        cells=_placed(cells, looked),
        coarse=places[0] <= grid.cells_hw[0],
        distance=None if distances[0] is None else _placed(distances, looked),
        picture=cutter.picture,
        sharpness=tuple(cutter.sharpness),
        strongest=strongest,
    )


def _placed(parts: tuple[F32, ...], looked: NDArray[np.bool_]) -> F32:
    values = np.zeros((*looked.shape, *parts[0].shape[1:]), np.float32)
    values[looked] = np.concatenate(parts)
    return values


class _TileCutter:
    """Cuts a photo into the tiles that hold enough picture, and remembers which and how much."""

    def __init__(self, source: PixelSource, grid: TileGrid) -> None:
        self._source, self._grid = source, grid
        self.looked = np.ones((len(grid.tops), len(grid.lefts)), np.bool_)
        self.picture: F32 = np.ones(grid.shape, np.float32)
        self.sharpness: list[float] = []
        self._measured = _side_by_side(grid)

    def batches(self) -> Iterator[U8]:
        """Tiles in row order, `BATCH` at a time."""
        tiles = self._tiles()
        while batch := list(islice(tiles, BATCH)):
            yield np.stack(batch)

    def _tiles(self) -> Iterator[U8]:
        """Views of one band of the resized photo after another."""
        (cell_h, cell_w), (input_h, input_w) = self._grid.cell_hw, self._grid.input_hw
        for rows in _bands(self._grid, self._source.rows_at_once(self._grid.grid_hw)):
            tops = self._grid.tops[rows.start : rows.stop]
            first, end = tops[0] * cell_h, tops[-1] * cell_h + input_h
            band = self._source.rows(self._grid.grid_hw, first, end)
            holes = self._find_holes(rows, first, end)
            for row, top in zip(rows, tops, strict=True):
                y = top * cell_h - first
                for column, left in enumerate(self._grid.lefts):
                    place = np.s_[y : y + input_h, left * cell_w : left * cell_w + input_w]
                    if not self.looked[row, column]:
                        continue
                    tile = band[place] if holes is None else _filled(band[place], holes[place])
                    if self._measured[row, column]:
                        self.sharpness.append(sharpness(tile))
                    yield tile

    def _find_holes(self, rows: range, first: int, end: int) -> NDArray[np.bool_] | None:
        """Which pixels of a band are no picture; notes how much picture its cells and tiles have."""
        opacity = self._source.opacity_rows(self._grid.grid_hw, first, end)
        if opacity is None:
            return None
        holes = opacity < LEAST_OPACITY
        (cell_h, cell_w), (down, across) = self._grid.cell_hw, self._grid.cells_hw
        cells = 1 - holes.reshape(holes.shape[0] // cell_h, cell_h, -1, cell_w).mean(axis=(1, 3))
        self.picture[first // cell_h : end // cell_h] = cells
        for row in rows:
            top = self._grid.tops[row]
            for column, left in enumerate(self._grid.lefts):
                share = self.picture[top : top + down, left : left + across].mean()
                self.looked[row, column] = share >= LEAST_PICTURE
        return holes


def _side_by_side(grid: TileGrid) -> NDArray[np.bool_]:
    """(R, C), the tiles whose sharpness is measured: not all, for it takes a tenth of the network's time."""
    if not grid.is_whole_photo and grid.tile_px < max(grid.input_hw):
        return np.zeros((len(grid.tops), len(grid.lefts)), np.bool_)
    down, across = (
        np.arange(count) % -(-cells // stride) == 0
        for count, cells, stride in zip(
            (len(grid.tops), len(grid.lefts)), grid.cells_hw, grid.stride_cells_hw, strict=True
        )
    )
    return np.asarray(np.outer(down, across))


def _filled(tile: U8, holes: NDArray[np.bool_]) -> U8:
    """A tile whose holes have the mean colour of its picture: an edge to white would look like a crack."""
    if not holes.any():
        return tile
    return np.where(holes[:, :, None], tile[~holes].mean(axis=0).astype(np.uint8), tile)


def _bands(grid: TileGrid, rows_at_once: int) -> Iterator[range]:
    """Rows of tiles, gathered while together they are no taller than ``rows_at_once`` grid pixels."""
    begin = 0
    for row, top in enumerate(grid.tops):
        if row > begin and (top - grid.tops[begin]) * grid.cell_hw[0] + grid.input_hw[0] > rows_at_once:
            yield range(begin, row)
            begin = row
    yield range(begin, len(grid.tops))
