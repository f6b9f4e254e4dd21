"""Photos as the bytes of files, and as parts of a form."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def photo_bytes(grey: int = 128, size_wh: tuple[int, int] = (96, 64), form: str = "PNG") -> bytes:
    """A plain photo of one grey level; the tiny bundle's score is its darkness."""
    return _encoded(Image.new("L", size_wh, grey), form)


def half_dark_photo(size_wh: tuple[int, int] = (640, 480)) -> bytes:
    """White on the left, black on the right: cracks, says the tiny bundle, on the right half only."""
    pixels_hw = np.full((size_wh[1], size_wh[0]), 255, np.uint8)
    pixels_hw[:, size_wh[0] // 2 :] = 0
    return _encoded(Image.fromarray(pixels_hw), "PNG")


def form_files(*photos: tuple[str, bytes]) -> list[tuple[str, tuple[str, bytes, str]]]:
    """The multipart field ``files``."""
    return [("files", (name, data, "application/octet-stream")) for name, data in photos]


def _encoded(image: Image.Image, form: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form)
    return stream.getvalue()
