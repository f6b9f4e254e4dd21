"""Smooth random fields and profiles: the raw material of surfaces, stains and crack widths.

Fields are small random grids enlarged by Pillow in fixed-point arithmetic: fast, without SciPy or a Fourier
transform, and the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Mean and deviation of `lumps`, measured: bicubic enlargement smooths a uniform grid.
_LUMPS_MEAN, _LUMPS_SD = 127.5, 60.0


def lumps(
    rng: np.random.Generator, size_hw: tuple[int, int], cell_px: float, *, stretch: float = 1.0
) -> NDArray[np.uint8]:
    """A smooth field of 0..255 whose bumps are about ``cell_px`` high and ``stretch`` times as wide."""
    height, width = size_hw
    rows = max(2, round(height / cell_px) + 2)
    columns = max(2, round(width / (cell_px * stretch)) + 2)
    grid = Image.fromarray(rng.integers(0, 256, (rows, columns), dtype=np.uint8))
    # A random crop of the grid, so that its knots don't always sit on the border.
    left, top = rng.random(2)
    box = (left, top, left + width / (cell_px * stretch), top + height / cell_px)
    box = (box[0], box[1], min(box[2], columns), min(box[3], rows))
    return np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC, box=box))


def field(
    rng: np.random.Generator,
    size_hw: tuple[int, int],
    cells_px: Sequence[float],
    *,
    weights: Sequence[float] | None = None,
    stretch: float = 1.0,
) -> NDArray[np.float32]:
    """A sum of `lumps` with zero mean and a deviation near 1.

    Equal weights over octaves of cells give the 1/f spectrum of natural surfaces.
    """
    shares = np.ones(len(cells_px)) if weights is None else np.asarray(weights, dtype=float)
    scale = 1.0 / (_LUMPS_SD * float(np.sqrt((shares**2).sum())))
    total = np.zeros(size_hw, dtype=np.float32)
    for cell_px, share in zip(cells_px, shares, strict=True):
        layer = lumps(rng, size_hw, cell_px, stretch=stretch).astype(np.float32)
        layer -= np.float32(_LUMPS_MEAN)
        layer *= np.float32(share * scale)
        total += layer
    return total


def profile(rng: np.random.Generator, count: int, knots: int) -> NDArray[np.float64]:
    """``count`` values of a piecewise linear random curve through ``knots`` normal deviates."""
    return np.interp(np.linspace(0, knots - 1, count), np.arange(knots), rng.standard_normal(knots))
