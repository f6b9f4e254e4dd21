"""Colours as sRGB: what a photo's colour profile (ICC) makes of its numbers."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

#: A profile that moves no colour by more levels is sRGB by another name, and pixels stay as they are.
_SAME_LEVELS = 3
_MODES = ("RGB", "CMYK", "L")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image in sRGB, mode RGB; itself where its profile is sRGB, damaged, of another mode, or ``None``.

    Args:
        image: Mode RGB, CMYK or L.
        profile: The ICC profile that the file holds.
    """
    transform = _transform(profile, image.mode) if profile and image.mode in _MODES else None
    if transform is None:
        return image
    converted: Image.Image = transform.apply(image)
    return converted


def pixels_to_srgb(pixels_hwc: NDArray[np.uint8], profile: bytes | None) -> NDArray[np.uint8]:
    """The same of RGB pixels (H, W, 3)."""
    if not profile or _transform(profile, "RGB") is None:
        return pixels_hwc
    return np.asarray(to_srgb(Image.fromarray(pixels_hwc), profile))


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> Any | None:
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB", intent)
        samples = _samples(mode)
        moved = np.asarray(transform.apply(samples), int) - np.asarray(samples.convert("RGB"), int)
    except Exception:
        # A damaged profile, or one for other pixels than these: the numbers are all there is.
        return None
    return None if mode != "CMYK" and int(np.abs(moved).max()) <= _SAME_LEVELS else transform


def _samples(mode: str) -> Image.Image:
    """Colours from all over the space."""
    steps = np.linspace(0, 255, 17).astype(np.uint8)
    if mode == "L":
        return Image.fromarray(steps[None])
    if mode == "CMYK":
        return Image.new("CMYK", (1, 1))
    return Image.fromarray(np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3))
