"""A training photo as the network sees it: decoded and resized exactly as prediction does it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import DataError, PhotoError
from crackscope.images import read_photo
from crackscope.resizing import resize_rgb


def read_pixels(path: Path) -> NDArray[np.uint8]:
    """The photo at its own size, uint8 RGB (H, W, 3); a full decode, as prediction's default is.

    Raises:
        DataError: It can't be read any more; a training run can't go on with other photos.
    """
    try:
        return read_photo(path).pixels_hwc
    except PhotoError as error:
        raise DataError(
            f"{path}: {error}; it was readable when the data was split: put it back and run again"
        ) from error


def read_patch(path: Path, input_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """The photo at the network's input size, uint8 RGB (H, W, 3).

    Raises:
        DataError: As `read_pixels`.
    """
    return resize_rgb(read_pixels(path), input_hw)
