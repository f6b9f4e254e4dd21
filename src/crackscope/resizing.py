"""The only resize: training and inference both call it, so no model sees pixels made another way."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resize_rgb(pixels_hwc: NDArray[np.uint8], size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize to ``size_hw`` with an antialiased bilinear filter, without keeping the aspect ratio.

    Args:
        pixels_hwc: uint8 RGB, shape (H, W, 3).
        size_hw: Height and width wanted, in pixels.

    Returns:
        uint8 RGB, shape (height, width, 3); the input itself where it already has the size.
    """
    if pixels_hwc.shape[:2] == size_hw:
        return pixels_hwc
    height, width = size_hw
    image = Image.fromarray(np.ascontiguousarray(pixels_hwc))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
