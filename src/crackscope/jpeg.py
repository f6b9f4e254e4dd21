"""What saving a photo as a JPEG leaves of its pixels."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def saved_as_jpeg(pixels_hwc: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Pixels of shape (H, W, 3), uint8, saved once with Pillow's ``quality`` of 1 to 95 and read again."""
    stream = BytesIO()
    Image.fromarray(pixels_hwc).save(stream, "JPEG", quality=quality)
    with Image.open(stream) as image:
        return np.asarray(image.convert("RGB"))
