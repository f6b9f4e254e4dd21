"""Walls of other places: a photo of concrete made darker, bluer, stained, painted, or its stones bare."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic.finish import Finish, look_at
from crackscope.dataset.synthetic.lines import paint_polygons
from crackscope.dataset.synthetic.noise import field
from crackscope.dataset.synthetic.relief import stain, tone
from crackscope.dataset.synthetic.shapes import blob

_U8 = NDArray[np.uint8]


class WallKind(StrEnum):
    """What a wall may look like that the painter's own photos do not."""

    DARK = "dark"
    BLUE_CAST = "blue cast"
    STAINED = "stained"
    PAINTED = "painted"
    EXPOSED_AGGREGATE = "exposed aggregate"


def dress_wall(pixels_hwc: _U8, rng: np.random.Generator, kind: WallKind | None = None) -> _U8:
    """Make a photo of concrete look like another wall; the input is left as it is.

    Do it before cracks are painted: what they look like is fitted to the wall that they are in.

    Args:
        pixels_hwc: uint8 RGB of concrete, shape (H, W, 3), any size from 32 pixels up.
        rng: Source of chance: the same input and state give the same bytes.
        kind: What wall; ``None`` draws one by chance.

    Returns:
        A new array of the same shape.
    """
    kinds = list(WallKind)
    chosen = kind or kinds[int(rng.integers(len(kinds)))]
    dressed = pixels_hwc.copy()
    _PAINTERS[chosen](dressed, rng)
    return dressed


def _dark(pixels_hwc: _U8, rng: np.random.Generator) -> None:
    """Soot, wet or underexposed: little light, and contrast shrinks with it."""
    level = max(float(pixels_hwc.mean()), 1.0)
    _scale(pixels_hwc, min(1.0, rng.uniform(30, 95) / level) * (1 + rng.normal(0, 0.02, 3)))


def _blue_cast(pixels_hwc: _U8, rng: np.random.Generator) -> None:
    """Shade under a blue sky, or the wrong white balance."""
    strength = rng.uniform(0.08, 0.35)
    _scale(pixels_hwc, np.array([1 - strength, 1 - 0.35 * strength, 1 + 0.4 * strength]))


def _stained(pixels_hwc: _U8, rng: np.random.Generator) -> None:
    """Years of water and dirt: several stains over each other."""
    for _ in range(int(rng.integers(2, 5))):
        stain(pixels_hwc, rng, look_at(pixels_hwc, rng))


def _painted(pixels_hwc: _U8, rng: np.random.Generator) -> None:
    """A coat of wall paint: one colour, texture half filled, worn off in places now and then."""
    colour = rng.uniform(60, 245) * (1 + rng.normal(0, 0.12, 3)).clip(0.6, 1.4)
    grey = pixels_hwc.mean(axis=2, dtype=np.float32)
    relief = (grey / max(float(grey.mean()), 1.0) - 1) * np.float32(rng.uniform(0.2, 0.8)) + 1
    coat = relief[:, :, None] * colour.clip(15, 250).astype(np.float32)
    height, width = grey.shape
    if rng.random() < 0.3:
        worn = field(rng, (height, width), [0.25 * height, 0.06 * height], weights=[1.0, 0.6])
        share = np.clip((worn - rng.uniform(0.4, 1.4)) * 6, 0, 1)[:, :, None]
        coat += share * (pixels_hwc - coat)
    pixels_hwc[:] = np.clip(coat + np.float32(0.5), 0, 255).astype(np.uint8)


def _exposed_aggregate(pixels_hwc: _U8, rng: np.random.Generator) -> None:
    """Stones that stand out of washed or weathered concrete, each of its own tone, with shade between."""
    height, width = pixels_hwc.shape[:2]
    stone_px = float(np.exp(rng.uniform(np.log(2.5), np.log(0.05 * min(height, width) + 3))))
    count = int(min(600, rng.uniform(0.1, 0.6) * height * width / (4 * stone_px**2)))
    look = look_at(pixels_hwc, rng)
    tone(pixels_hwc, np.full((height, width), 255, np.uint8), rng.uniform(0, 0.25), (1, 1, 1), blur_px=0.0)
    tones = rng.uniform(-0.35, 0.4, 4)
    for darkness in tones:
        centres = rng.uniform(0, 1, (max(1, count // 4), 2)) * (width, height)
        stones = [blob(rng, centre, stone_px * rng.uniform(0.5, 1.5), roughness=0.12) for centre in centres]
        warmth = float(rng.normal(0, 0.15))
        finish = Finish(
            darkness=float(darkness),
            tint_rgb=(1 - warmth, 1.0, 1 + warmth),
            lip=rng.uniform(0.1, 0.4),
            lip_px=1.5,
        )
        paint_polygons(pixels_hwc, stones, finish, look, rng)


def _scale(pixels_hwc: _U8, gains_rgb: NDArray[np.float64]) -> None:
    for channel, gain in enumerate(gains_rgb):
        values = pixels_hwc[:, :, channel] * np.float32(gain) + np.float32(0.5)
        pixels_hwc[:, :, channel] = np.clip(values, 0, 255).astype(np.uint8)


_PAINTERS: dict[WallKind, Callable[[_U8, np.random.Generator], None]] = {
    WallKind.DARK: _dark,
    WallKind.BLUE_CAST: _blue_cast,
    WallKind.STAINED: _stained,
    WallKind.PAINTED: _painted,
    WallKind.EXPOSED_AGGREGATE: _exposed_aggregate,
}
