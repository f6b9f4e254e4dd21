"""Photos of known content made of real patches that no shipped model was trained on, for other benchmarks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope import read_photo

OVERLAP_PX = 40


def mosaic(
    patches: Path, rng: np.random.Generator, shape: tuple[int, int], cracked: int
) -> NDArray[np.uint8]:
    """Patches of ``Negative/`` faded into each other, ``cracked`` of them from ``Positive/``."""
    chosen = run_of(sorted((patches / "Negative").iterdir()), rng, math.prod(shape))
    for place in rng.choice(len(chosen), cracked, replace=False):
        chosen[place] = run_of(sorted((patches / "Positive").iterdir()), rng, 1)[0]
    return fade_together(chosen, shape[1])


def wall(patches: list[Path], rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """A run of patches faded into each other."""
    return fade_together(run_of(patches, rng, math.prod(shape)), shape[1])


def run_of(paths: list[Path], rng: np.random.Generator, count: int) -> list[Path]:
    """Patches that follow each other by name, for those often come from one photo."""
    first = int(rng.integers(len(paths) - count + 1))
    return paths[first : first + count]


def fade_together(paths: list[Path], columns: int) -> NDArray[np.uint8]:
    """Patches row by row; their light is evened out, for a step of brightness is no part of a photo."""
    pixels = [read_photo(path).pixels_hwc.astype(np.float32) for path in paths]
    tones = [np.median(each, axis=(0, 1)) for each in pixels]
    return join(
        [each + np.mean(tones, axis=0) - tone for each, tone in zip(pixels, tones, strict=True)], columns
    )


def join(patches: list[NDArray[np.float32]], columns: int) -> NDArray[np.uint8]:
    side = patches[0].shape[0]
    step = side - OVERLAP_PX
    fade = np.minimum(np.arange(side) + 1, OVERLAP_PX) / OVERLAP_PX
    fade = np.minimum(fade, fade[::-1])
    weight = np.outer(fade, fade)[:, :, None].astype(np.float32)
    rows = len(patches) // columns
    total = np.zeros((rows * step + OVERLAP_PX, columns * step + OVERLAP_PX, 3), np.float32)
    weights = np.zeros((*total.shape[:2], 1), np.float32)
    for number, patch in enumerate(patches):
        y, x = (number // columns) * step, (number % columns) * step
        total[y : y + side, x : x + side] += weight * patch
        weights[y : y + side, x : x + side] += weight
    return np.clip(total / weights, 0, 255).astype(np.uint8)
