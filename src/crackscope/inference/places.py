"""From the places of a network's map to the cells of a scan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


def places_to_cells(logits: F32, cells_hw: tuple[int, int]) -> F32:
    """The logit of every cell from those of a map's places.

    A cell of several places is pooled as an image is: their mean, weighted by a softmax over their own
    logits, so that a thin crack in it is not diluted. Where places are larger than cells, or do not fit,
    logits are interpolated.

    Args:
        logits: (N, h, w) float32.
        cells_hw: Cells down and across.

    Returns:
        (N, down, across) float32.
    """
    (height, width), (down, across) = logits.shape[1:], cells_hw
    if height < down or height % down or width % across:
        return upsample(logits, cells_hw)
    blocks = logits.reshape(len(logits), down, height // down, across, width // across)
    blocks = blocks.swapaxes(2, 3).reshape(len(logits), down, across, -1)
    weights = np.exp(blocks - blocks.max(axis=3, keepdims=True))
    return np.asarray((blocks * weights).sum(axis=3) / weights.sum(axis=3), np.float32)


def upsample(values: F32, cells_hw: tuple[int, int]) -> F32:
    """Bilinear (..., h, w) -> (..., down, across), cell centres aligned, edges held."""
    down = _interpolation(values.shape[-2], cells_hw[0])
    across = _interpolation(values.shape[-1], cells_hw[1])
    return np.asarray(down @ values @ across.T, np.float32)


def _interpolation(source: int, target: int) -> NDArray[np.float32]:
    """The (target, source) matrix of a linear interpolation."""
    centre = np.clip((np.arange(target) + 0.5) * source / target - 0.5, 0, source - 1)
    low = np.minimum(np.floor(centre).astype(int), max(source - 2, 0))
    share = centre - low
    matrix = np.zeros((target, source), np.float32)
    matrix[np.arange(target), low] = 1 - share
    matrix[np.arange(target), np.minimum(low + 1, source - 1)] += share
    return matrix
