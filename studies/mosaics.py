"""Photos of known content made of real patches that no shipped model was trained on, for other benchmarks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope import read_photo
from crackscope.scan_calibration.painted_walls import join_patches


def mosaic(
    patches: Path, rng: np.random.Generator, shape: tuple[int, int], cracked: int
) -> NDArray[np.uint8]:
    """Patches of ``Negative/`` faded into each other, ``cracked`` of them from ``Positive/``."""
    chosen = run_of(sorted((patches / "Negative").iterdir()), rng, math.prod(shape))
    for place in rng.choice(len(chosen), cracked, replace=False):
        chosen[place] = run_of(sorted((patches / "Positive").iterdir()), rng, 1)[0]
    return join_patches([read_photo(path).pixels_hwc for path in chosen], shape[1])


def run_of(paths: list[Path], rng: np.random.Generator, count: int) -> list[Path]:
    """Patches that follow each other by name, for those often come from one photo."""
    first = int(rng.integers(len(paths) - count + 1))
    return paths[first : first + count]
