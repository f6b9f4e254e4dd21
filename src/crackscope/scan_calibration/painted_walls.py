"""Walls with painted cracks, made of photos of intact concrete: photos that are known in every pixel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic import CrackOptions, paint_crack
from crackscope.errors import DataError, PhotoError
from crackscope.images import read_photo
from crackscope.resizing import resize_rgb

U8 = NDArray[np.uint8]

#: Patches down and across.
SHAPE = (4, 6)

#: As `make_photo` paints them.
_OPTIONS = CrackOptions(width_px=(2.0, 24.0), darkness=(0.3, 0.9), visibility=2.5)
#: How far patches fade into each other, at most.
_FADE_PX = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """A photo and its crack.

    Attributes:
        pixels_hwc: uint8 RGB.
        crack_hw: bool, where the crack covers at least half of the pixel.
    """

    pixels_hwc: U8
    crack_hw: NDArray[np.bool_]


def paint_wall(photos: Sequence[Path], patch_px: int, rng: np.random.Generator, *, cracked: bool) -> Wall:
    """A part of a large photo, or patches that follow each other by name; with a crack, or without.

    Args:
        photos: Of intact concrete, in the order of their names.
        patch_px: Side of the model's training patches; walls from large photos are as many of them large.
        rng: Draws photo, place and crack.
        cracked: Whether to paint one.

    Raises:
        DataError: A photo can't be read, or there are too few patches for a wall.
    """
    pixels = _intact_wall(photos, patch_px, rng)
    if not cracked:
        return Wall(pixels_hwc=pixels, crack_hw=np.zeros(pixels.shape[:2], np.bool_))
    painted = paint_crack(pixels, rng, _OPTIONS)
    return Wall(pixels_hwc=painted.pixels_hwc, crack_hw=painted.mask_hw >= 128)


def join_patches(patches: Sequence[U8], columns: int) -> U8:
    """Patches of one size side by side, row by row, faded into each other.

    Their light is evened out, for a step of brightness is no part of a photo.
    """
    tones = [np.median(patch, axis=(0, 1)) for patch in patches]
    height, width = patches[0].shape[:2]
    down, across = height - _fade_px(height), width - _fade_px(width)
    rows = len(patches) // columns
    total = np.zeros((rows * down + _fade_px(height), columns * across + _fade_px(width), 3), np.float32)
    weights = np.zeros((*total.shape[:2], 1), np.float32)
    weight = np.outer(_fade(height), _fade(width))[:, :, None].astype(np.float32)
    for number, (patch, tone) in enumerate(zip(patches, tones, strict=True)):
        y, x = (number // columns) * down, (number % columns) * across
        total[y : y + height, x : x + width] += weight * (patch + (np.mean(tones, axis=0) - tone))
        weights[y : y + height, x : x + width] += weight
    return np.clip(total / weights, 0, 255).astype(np.uint8)


def _intact_wall(photos: Sequence[Path], patch_px: int, rng: np.random.Generator) -> U8:
    rows, columns = SHAPE
    count = math.prod(SHAPE)
    # Neighbours by name often come from one photo, so that a wall is of one concrete.
    first = int(rng.integers(max(1, len(photos) - count + 1)))
    pixels = _read(photos[first])
    height, width = rows * patch_px, columns * patch_px
    if pixels.shape[0] >= height and pixels.shape[1] >= width:
        top = int(rng.integers(pixels.shape[0] - height + 1))
        left = int(rng.integers(pixels.shape[1] - width + 1))
        return pixels[top : top + height, left : left + width]
    if len(photos) < count:
        raise DataError(
            f"{len(photos)} photos in {photos[0].parent}, one of {pixels.shape[1]} x {pixels.shape[0]} "
            f"pixels; a wall takes {count} patches, or one photo of at least {width} x {height} pixels"
        )
    size_hw = (pixels.shape[0], pixels.shape[1])
    others = (resize_rgb(_read(path), size_hw) for path in photos[first + 1 : first + count])
    return join_patches([pixels, *others], columns)


def _read(path: Path) -> U8:
    try:
        return read_photo(path).pixels_hwc
    except PhotoError as error:
        raise DataError(f"{path} can't be read: {error}; remove it from the photos") from error


def _fade_px(side: int) -> int:
    return min(_FADE_PX, side // 4)


def _fade(side: int) -> NDArray[np.float64]:
    rise = np.minimum(np.arange(side) + 1, _fade_px(side)) / _fade_px(side)
    return np.minimum(rise, rise[::-1])
