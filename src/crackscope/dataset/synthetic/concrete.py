"""Procedural concrete: relief under a slanting light, 1/f tone, colour, pores, and a camera."""

from __future__ import annotations

import io
from collections.abc import Callable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from crackscope.dataset.synthetic.finish import look_at
from crackscope.dataset.synthetic.noise import field, lumps
from crackscope.dataset.synthetic.relief import drill

_Floats = NDArray[np.float32]

#: Slow variations are computed at this fraction of the size.
_COARSE = 8


class Aggregate(StrEnum):
    """What the surface is made of and how it was finished."""

    FINE = "fine"
    COARSE = "coarse"
    CAST = "cast"
    BRUSHED = "brushed"
    PLASTER = "plaster"


def make_concrete(
    rng: np.random.Generator, size_hw: tuple[int, int], *, aggregate: Aggregate | None = None
) -> NDArray[np.uint8]:
    """A healthy concrete surface: uint8 RGB of shape (H, W, 3), before the camera.

    Args:
        rng: Source of chance.
        size_hw: Height and width in pixels, 32 or more.
        aggregate: ``None`` draws one by chance.
    """
    kinds = list(Aggregate)
    texture = _TEXTURES[aggregate or kinds[int(rng.integers(len(kinds)))]](rng, size_hw)
    texture += rng.uniform(0.02, 0.09) * _slow(rng, size_hw)
    level = rng.uniform(70, 215)
    surface = np.empty((*size_hw, 3), dtype=np.uint8)
    tints = _tints(rng)
    drift = rng.uniform(0, 0.012) * _slow(rng, size_hw)
    for channel in range(3):
        values = (1 + texture + (channel - 1) * drift) * np.float32(level * tints[channel])
        surface[:, :, channel] = np.clip(values, 0, 255)
    _drill_pores(surface, rng)
    return surface


def photograph(
    pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, *, vignette: float = 0.0
) -> NDArray[np.uint8]:
    """What a camera makes of a surface: uneven light, a little blur, sensor noise, JPEG.

    Args:
        pixels_hwc: uint8 RGB, shape (H, W, 3).
        rng: Source of chance.
        vignette: Share of the light lost in the corners.
    """
    height, width = pixels_hwc.shape[:2]
    image = Image.fromarray(pixels_hwc)
    blur_px = rng.uniform(0, 0.6)
    if blur_px > 0.15:
        image = image.filter(ImageFilter.BoxBlur(blur_px))
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    slope = rng.normal(0, 0.06, 2).astype(np.float32)
    light = 1 + slope[0] * x + slope[1] * y - np.float32(vignette / 2) * (x * x + y * y)
    noise = rng.standard_normal((height, width), dtype=np.float32) * np.float32(rng.uniform(0.3, 3.0))
    exposed = np.array(image)
    for channel in range(3):
        exposed[:, :, channel] = np.clip(exposed[:, :, channel] * light + noise, 0, 255)
    stream = io.BytesIO()
    Image.fromarray(exposed).save(stream, "JPEG", quality=int(rng.integers(78, 96)))
    return np.array(Image.open(stream))


def _fine(rng: np.random.Generator, size_hw: tuple[int, int]) -> _Floats:
    return rng.uniform(0.02, 0.06) * _relief(rng, field(rng, size_hw, (1.6, 3.2, 6.5)))


def _cast(rng: np.random.Generator, size_hw: tuple[int, int]) -> _Floats:
    return rng.uniform(0.005, 0.025) * field(rng, size_hw, (2.0, 5.0, 14.0))


def _plaster(rng: np.random.Generator, size_hw: tuple[int, int]) -> _Floats:
    return rng.uniform(0.04, 0.13) * _relief(rng, field(rng, size_hw, (3.0, 7.0, 13.0)))


def _brushed(rng: np.random.Generator, size_hw: tuple[int, int]) -> _Floats:
    stretch, upright = rng.uniform(8, 40), rng.random() < 0.5
    shape = size_hw[::-1] if upright else size_hw
    grooves = field(rng, shape, (1.5, 3.0, 7.0), stretch=stretch)
    texture = rng.uniform(0.015, 0.06) * (grooves.T if upright else grooves)
    return np.asarray(texture + rng.uniform(0.01, 0.03) * field(rng, size_hw, (1.6, 4.0)), dtype=np.float32)


def _coarse(rng: np.random.Generator, size_hw: tuple[int, int]) -> _Floats:
    """Exposed stones of unlike tone in a finer matrix."""
    texture = _fine(rng, size_hw)
    for _ in range(2):
        cell_px = rng.uniform(2.2, 7.0)
        level = np.float32(rng.uniform(150, 185))
        stones = np.clip((lumps(rng, size_hw, cell_px) - level) * np.float32(0.06), 0, 1)
        tones = (lumps(rng, size_hw, 2 * cell_px) - np.float32(150)) * np.float32(rng.uniform(0.0015, 0.004))
        texture += stones * tones
    return texture


_TEXTURES: dict[Aggregate, Callable[[np.random.Generator, tuple[int, int]], _Floats]] = {
    Aggregate.FINE: _fine,
    Aggregate.COARSE: _coarse,
    Aggregate.CAST: _cast,
    Aggregate.BRUSHED: _brushed,
    Aggregate.PLASTER: _plaster,
}


def _relief(rng: np.random.Generator, height_hw: _Floats) -> _Floats:
    """Light a height field from one side: slopes towards the light are bright."""
    turn = rng.uniform(0, 2 * np.pi)
    shift = (round(1.4 * np.sin(turn)), round(1.4 * np.cos(turn)))
    return height_hw - np.roll(height_hw, shift, axis=(0, 1))


def _slow(rng: np.random.Generator, size_hw: tuple[int, int]) -> _Floats:
    """Blotches of all sizes up to the photo's."""
    height, width = size_hw
    octaves = _octaves(min(size_hw) / _COARSE)
    weights = [0.75**step for step in range(len(octaves))]
    small = field(rng, (height // _COARSE + 2, width // _COARSE + 2), octaves, weights=weights)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))


def _octaves(side: float) -> tuple[float, ...]:
    return tuple(side / 2**step for step in range(1, 7) if side / 2**step >= 1.5) or (2.0,)


def _tints(rng: np.random.Generator) -> tuple[float, float, float]:
    """Grey, warm or bluish, with a touch of green or pink."""
    warmth, green = rng.normal(0.01, 0.045), rng.normal(0, 0.012)
    return 1 + warmth, 1 + green, 1 - warmth


def _drill_pores(surface_hwc: NDArray[np.uint8], rng: np.random.Generator) -> None:
    height, width = surface_hwc.shape[:2]
    density = np.exp(rng.normal(np.log(8), 1.2)) if rng.random() < 0.7 else 0.0
    count = int(min(2000, density * height * width / 227**2))
    if count:
        drill(
            surface_hwc, rng, look_at(surface_hwc, rng), count=count, radius_px=float(rng.uniform(0.7, 2.2))
        )
