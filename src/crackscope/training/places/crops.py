"""One crop to learn from: cut at the photo's own scale, painted or not, in any light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation

from crackscope.dataset.synthetic import (
    CrackOptions,
    CrackTone,
    DistractorKind,
    dress_wall,
    paint_crack,
    paint_distractor,
)
from crackscope.resizing import resize_rgb
from crackscope.training.patches import read_pixels
from crackscope.training.places.light import change_light
from crackscope.training.places.sources import CropSource, Role

_U8 = NDArray[np.uint8]
_T = TypeVar("_T", bound=np.generic)

#: Pixels of the network's input per place of its map.
STRIDE_PX = 4

#: What is not known of a place.
UNKNOWN = -1.0

#: Mean cover of a place from which a crack is in it, and up to which none is; between the two nobody knows.
_CRACKED_COVER, _SOUND_COVER = 0.06, 0.01

#: Shares of what is painted on healthy concrete.
_DRESSED, _CRACKED, _DISTRACTED, _DISTRACTED_TOO, _LIGHT, _VEILED = 0.25, 0.6, 0.65, 0.3, 0.3, 0.2

#: Light and dirt that lies over a crack and leaves it visible.
_VEILS = (DistractorKind.SHADOW, DistractorKind.STAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """What one step sees of one photo.

    Attributes:
        pixels_hwc: uint8 RGB at the network's input size.
        label: 1 with a crack somewhere, 0 without.
        places_hw: float32 (h, w), 1 where a crack runs, 0 where none does, `UNKNOWN` elsewhere.
        doubted: The label is somebody's word, and the crack may be too fine to be seen.
    """

    pixels_hwc: _U8
    label: int
    places_hw: NDArray[np.float32]
    doubted: bool


def draw_crop(source: CropSource, rng: np.random.Generator, input_px: int) -> Crop:
    """A crop of one of the source's photos; the same source and generator state give the same crop.

    Raises:
        DataError: The photo or its mask can't be read any more.
    """
    number = int(rng.integers(len(source.photos)))
    pixels = read_pixels(source.photos[number])
    crack = _read_mask(source.masks[number]) if source.role is Role.MASKED else None
    side_px = _draw_side(rng, source.crop_px, pixels)
    left, top = _draw_corner(rng, pixels.shape, side_px, crack)
    here = np.s_[top : top + side_px, left : left + side_px]
    pixels = np.ascontiguousarray(pixels[here])
    if source.role is Role.HEALTHY:
        pixels, painted = _paint(pixels, rng)
        places = _places(painted, input_px)
        label = int(painted is not None)
    elif crack is not None:
        places = _coarse_places(crack[here], input_px)
        label = int((places > 0).any())
    else:
        label = int(source.role is Role.CRACKED)
        places = np.full((input_px // STRIDE_PX,) * 2, UNKNOWN if label else 0.0, np.float32)
    pixels = change_light(pixels, rng, input_px)
    turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
    return Crop(
        pixels_hwc=_turned(pixels, turns, mirrored),
        label=label,
        places_hw=_turned(places, turns, mirrored),
        doubted=source.role is Role.CRACKED,
    )


def _draw_side(rng: np.random.Generator, crop_px: tuple[float, float], pixels_hwc: _U8) -> int:
    low, high = crop_px
    side_px = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    return int(min(side_px, *pixels_hwc.shape[:2]))


def _draw_corner(
    rng: np.random.Generator, shape: tuple[int, ...], side_px: int, crack_hw: NDArray[np.bool_] | None
) -> tuple[int, int]:
    """Left and top of a crop: anywhere, or around a place of the crack."""
    room = np.array([shape[1] - side_px, shape[0] - side_px])
    at = rng.random(2)
    if crack_hw is None or not crack_hw.any():
        left, top = np.rint(at * room).astype(int)
    else:
        where = np.argwhere(crack_hw)[:, ::-1]
        middle = where[int(rng.integers(len(where)))]
        left, top = np.clip(np.rint(middle - at * side_px), 0, room).astype(int)
    return int(left), int(top)


def _paint(pixels_hwc: _U8, rng: np.random.Generator) -> tuple[_U8, _U8 | None]:
    """Healthy concrete as some other wall, with a look-alike, with a crack and its mask, or as it is."""
    if rng.random() < _DRESSED:
        pixels_hwc = dress_wall(pixels_hwc, rng)
    cracked = rng.random() < _CRACKED
    if rng.random() < (_DISTRACTED_TOO if cracked else _DISTRACTED):
        pixels_hwc = paint_distractor(pixels_hwc, rng)
    if not cracked:
        return pixels_hwc, None
    tone = CrackTone.LIGHT if rng.random() < _LIGHT and pixels_hwc.mean() < 185 else CrackTone.DARK
    painted = paint_crack(pixels_hwc, rng, CrackOptions(tone=tone))
    pixels_hwc = painted.pixels_hwc
    if rng.random() < _VEILED:
        pixels_hwc = paint_distractor(pixels_hwc, rng, _VEILS[int(rng.integers(len(_VEILS)))])
    return pixels_hwc, painted.mask_hw


def _places(mask_hw: _U8 | None, input_px: int) -> NDArray[np.float32]:
    """Painted cover as what is known of every place."""
    side = input_px // STRIDE_PX
    if mask_hw is None:
        return np.zeros((side, side), np.float32)
    cover = np.asarray(Image.fromarray(mask_hw).resize((side, side), Image.Resampling.BOX), np.float32) / 255
    known = np.where(cover >= _CRACKED_COVER, 1.0, np.where(cover <= _SOUND_COVER, 0.0, UNKNOWN))
    return known.astype(np.float32)


def _coarse_places(crack_hw: NDArray[np.bool_], input_px: int) -> NDArray[np.float32]:
    """A mask drawn by hand: where its border runs nobody knows to a place."""
    known = _places((crack_hw * np.uint8(255)).astype(np.uint8), input_px)
    near = binary_dilation(known != 0, np.ones((3, 3)), iterations=2)
    return np.where((known == 0) & near, np.float32(UNKNOWN), known)


def _read_mask(path: Path) -> NDArray[np.bool_]:
    return np.asarray(read_pixels(path)[:, :, 0] >= 128)


def _turned(values: NDArray[_T], turns: int, mirrored: bool) -> NDArray[_T]:
    turned = np.rot90(values, turns)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def cut_crop(photo: Path, crop_px: tuple[float, float], rng: np.random.Generator, input_px: int) -> _U8:
    """A crop of a photo as it is, at the network's input size.

    Raises:
        DataError: The photo can't be read any more.
    """
    pixels = read_pixels(photo)
    side_px = _draw_side(rng, crop_px, pixels)
    left, top = _draw_corner(rng, pixels.shape, side_px, None)
    return resize_rgb(pixels[top : top + side_px, left : left + side_px], (input_px, input_px))
