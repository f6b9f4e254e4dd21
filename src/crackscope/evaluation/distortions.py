"""What cameras and weather do to a photo, each at several strengths: a function of pixels, strength and seed.

Lengths are in pixels of a photo of 256 pixels' side and grow with the photo, so that strengths mean the same
for patches of any size. What a turn or a smaller scale uncovers is mirrored, as in training: black corners
would look like the dark lines that are looked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from crackscope.jpeg import saved_as_jpeg
from crackscope.resizing import resize_rgb

Pixels = NDArray[np.uint8]

#: The side of a photo that lengths are given for.
REFERENCE_PX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Distortion:
    """One kind of damage.

    Attributes:
        name: For tables and JSON.
        unit: What the strengths are, for people.
        strengths: From little to much, or from one side of ``unchanged`` to the other.
        unchanged: The strength that changes nothing.
        apply: (pixels, strength, generator) -> pixels of the same size.
    """

    name: str
    unit: str
    strengths: tuple[float, ...]
    unchanged: float
    apply: Callable[[Pixels, float, np.random.Generator], Pixels]


def blur(pixels_hwc: Pixels, sigma_px: float, rng: np.random.Generator) -> Pixels:
    """Out of focus: a Gaussian."""
    radius = sigma_px * _scale_of(pixels_hwc)
    return np.asarray(Image.fromarray(pixels_hwc).filter(ImageFilter.GaussianBlur(radius)))


def motion_blur(pixels_hwc: Pixels, length_px: float, rng: np.random.Generator) -> Pixels:
    """The camera moved in a straight line, in any direction."""
    length = length_px * _scale_of(pixels_hwc)
    angle = rng.uniform(0, np.pi)
    steps = np.arange(max(2, round(length) + 1)) / max(1, round(length)) - 0.5
    offsets = np.unique(
        np.rint(np.stack([np.sin(angle) * steps, np.cos(angle) * steps], 1) * length).astype(int), axis=0
    )
    reach = int(np.abs(offsets).max())
    height, width = pixels_hwc.shape[:2]
    padded = np.pad(pixels_hwc, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    total = np.zeros(pixels_hwc.shape, np.uint32)
    for down, right in (offsets + reach).tolist():
        total += padded[down : down + height, right : right + width]
    return (total / len(offsets)).round().astype(np.uint8)


def noise(pixels_hwc: Pixels, std_levels: float, rng: np.random.Generator) -> Pixels:
    """A sensor in the dark: Gaussian noise on every channel of every pixel."""
    return _clip(pixels_hwc + rng.normal(0, std_levels, pixels_hwc.shape))


def jpeg(pixels_hwc: Pixels, quality: float, rng: np.random.Generator) -> Pixels:
    """Saved again as a JPEG."""
    return saved_as_jpeg(pixels_hwc, int(quality))


def brightness(pixels_hwc: Pixels, factor: float, rng: np.random.Generator) -> Pixels:
    """Under- or overexposed; highlights clip."""
    return _clip(pixels_hwc * factor)


def contrast(pixels_hwc: Pixels, factor: float, rng: np.random.Generator) -> Pixels:
    """Flatter or harder around the photo's own mean."""
    mean = pixels_hwc.mean()
    return _clip((pixels_hwc - mean) * factor + mean)


def scale(pixels_hwc: Pixels, factor: float, rng: np.random.Generator) -> Pixels:
    """From farther away (below 1: smaller, with a mirrored surround) or nearer (above 1: the middle only).

    Nearer, a crack that runs outside the middle is no longer in the photo.
    """
    height, width = pixels_hwc.shape[:2]
    if factor >= 1:
        rows, columns = round(height / factor), round(width / factor)
        top, left = (height - rows) // 2, (width - columns) // 2
        return resize_rgb(pixels_hwc[top : top + rows, left : left + columns], (height, width))
    small = resize_rgb(pixels_hwc, (round(height * factor), round(width * factor)))
    down, right = height - small.shape[0], width - small.shape[1]
    border = ((down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0))
    return np.pad(small, border, mode="symmetric")


def rotation(pixels_hwc: Pixels, degrees: float, rng: np.random.Generator) -> Pixels:
    """Turned about its middle."""
    height, width = pixels_hwc.shape[:2]
    if degrees % 180 == 0 or (degrees % 90 == 0 and height == width):
        return np.ascontiguousarray(np.rot90(pixels_hwc, int(degrees // 90)))
    pad_y, pad_x = height // 2, width // 2
    padded = Image.fromarray(np.pad(pixels_hwc, ((pad_y, pad_y), (pad_x, pad_x), (0, 0)), mode="symmetric"))
    turned = np.asarray(padded.rotate(degrees, Image.Resampling.BILINEAR))
    return np.ascontiguousarray(turned[pad_y : pad_y + height, pad_x : pad_x + width])


DISTORTIONS = (
    Distortion(name="blur", unit="sigma, px", strengths=(0.5, 1, 2, 3, 4), unchanged=0, apply=blur),
    Distortion(
        name="motion blur", unit="length, px", strengths=(3, 7, 13, 25), unchanged=0, apply=motion_blur
    ),
    Distortion(name="noise", unit="std, grey levels", strengths=(5, 10, 20, 40), unchanged=0, apply=noise),
    Distortion(name="JPEG", unit="quality", strengths=(95, 75, 50, 30, 10), unchanged=100, apply=jpeg),
    Distortion(
        name="brightness",
        unit="factor",
        strengths=(0.25, 0.5, 0.75, 1.25, 1.5),
        unchanged=1,
        apply=brightness,
    ),
    Distortion(
        name="contrast", unit="factor", strengths=(0.25, 0.5, 0.75, 1.5, 2), unchanged=1, apply=contrast
    ),
    Distortion(name="scale", unit="factor", strengths=(0.5, 0.7, 1.4, 2), unchanged=1, apply=scale),
    Distortion(name="rotation", unit="degrees", strengths=(10, 45, 90, 180), unchanged=0, apply=rotation),
)


def _scale_of(pixels_hwc: Pixels) -> float:
    return float(max(pixels_hwc.shape[:2]) / REFERENCE_PX)


def _clip(values: NDArray[np.floating]) -> Pixels:
    clipped: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return clipped
