"""Run the network over every tile of a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from crackscope.inference.outputs import ModelOutputs
from crackscope.scanning.sources import U8, PhotoSource
from crackscope.scanning.tiling import TileGrid

F32 = NDArray[np.float32]
RunModel = Callable[[Iterable[U8]], Iterator[ModelOutputs]]

#: Tiles per run of the network. Batches never cross photos, so a photo's numbers can't hang on its
#: neighbours.
BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TileEvidence:
    """What the network said about every tile of a grid, R rows and C columns of tiles.

    Attributes:
        score: (R, C) float32, calibrated.
        logit: (R, C) float32, before calibration.
        cam: (R, C, h, w) float32 activation maps.
        distance: (R, C) float32 from the training data, or ``None``.
    """

    score: F32
    logit: F32
    cam: F32
    distance: F32 | None


def score_tiles(run: RunModel, source: PhotoSource, grid: TileGrid) -> TileEvidence:
    """Score the tiles of a grid, row by row, holding only as many rows of the photo as the source allows."""
    # Embeddings are dropped at once: those of a gigapixel photo would fill half a gigabyte.
    parts = [(out.score, out.logit, out.cam, out.distance) for out in run(_batches(source, grid))]
    scores, logits, cams, distances = zip(*parts, strict=True)
    shape = (len(grid.tops), len(grid.lefts))
    return TileEvidence(
        score=np.concatenate(scores).reshape(shape),
        logit=np.concatenate(logits).reshape(shape),
        cam=np.concatenate(cams).reshape(*shape, *cams[0].shape[1:]),
        distance=None if distances[0] is None else np.concatenate(distances).reshape(shape),
    )


def _batches(source: PhotoSource, grid: TileGrid) -> Iterator[U8]:
    tiles = _tiles(source, grid)
    while batch := list(islice(tiles, BATCH)):
        yield np.stack(batch)


def _tiles(source: PhotoSource, grid: TileGrid) -> Iterator[U8]:
    """Every tile in row order, as views of one band of the resized photo after another."""
    (cell_h, cell_w), (input_h, input_w) = grid.cell_hw, grid.input_hw
    for tops in _bands(grid, source.rows_at_once(grid.grid_hw)):
        first = tops[0] * cell_h
        band = source.rows(grid.grid_hw, first, tops[-1] * cell_h + input_h)
        for top in tops:
            y = top * cell_h - first
            for left in grid.lefts:
                yield band[y : y + input_h, left * cell_w : left * cell_w + input_w]


def _bands(grid: TileGrid, rows_at_once: int) -> Iterator[list[int]]:
    """Rows of tiles, gathered while together they are no taller than ``rows_at_once`` grid pixels."""
    band: list[int] = []
    for top in grid.tops:
        if band and (top - band[0]) * grid.cell_hw[0] + grid.input_hw[0] > rows_at_once:
            yield band
            band = []
        band.append(top)
    yield band
