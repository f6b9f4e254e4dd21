"""A photo with contrast raised, so that people see faint cracks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter


def raise_contrast(pixels_hwc: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A photo with its slow changes of light taken out and what is left spread over the grey levels.

    Args:
        pixels_hwc: uint8 RGB.

    Returns:
        (H, W, 3) uint8.
    """
    image = Image.fromarray(pixels_hwc)
    blurred = image.filter(ImageFilter.GaussianBlur(max(pixels_hwc.shape) / 8))
    detail = np.asarray(image, np.float32) - np.asarray(blurred, np.float32)
    # One photo in two hundred may clip: voids are darker than any crack.
    spread = np.quantile(np.abs(detail.mean(axis=2)), 0.995) + 1e-6
    gain = float(np.clip(100 / spread, 1, 6))
    return np.asarray(np.clip(140 + gain * detail, 0, 255), dtype=np.uint8)
