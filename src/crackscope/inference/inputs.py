"""What a photo may be given as, and how each kind becomes pixels of the model's size: all in one way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.errors import MissingExtraError, PhotoError, UnreadablePhotoError
from crackscope.guard import one_photo
from crackscope.images import LIMIT_PIXELS, Photo, check_size, photo_from_image, read_photo
from crackscope.inference.augmentation import CORNER_SHARE, cut_corners
from crackscope.inference.quality import sharpness
from crackscope.records import Failure
from crackscope.resizing import resize_rgb

#: A path, an encoded file, an open image, or pixels: uint8, RGB (H, W, 3) or grey (H, W).
PhotoSource = str | Path | bytes | Image.Image | NDArray[np.uint8]

#: A reduced decode keeps this many times the model's size for the resize to average. 4 was no closer to the
#: exact scores; at 1, the labels of 2 % of small patches changed (shipped detector).
FAST_MARGIN = 2

#: An open image decodes on first use, and one that is given twice must not do so in two threads at a time.
_OPEN_IMAGES = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How photos are read.

    Attributes:
        input_hw: The model's input size in pixels.
        limit_pixels: Photos with more pixels are refused.
        fast_decode: Whether JPEGs may be decoded at a half, a quarter or an eighth of their size where that
            is still at least `FAST_MARGIN` times the model's: faster, with slightly different pixels.
        corners: Whether the photo's corners are wanted too, for test-time augmentation.
    """

    input_hw: tuple[int, int]
    limit_pixels: int = LIMIT_PIXELS
    fast_decode: bool = False
    corners: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPhoto:
    """A photo at the model's size: uint8 RGB (H, W, 3), how sharp it is there, and what it was before.

    ``corners_hwc`` has its corners, at the same size, where they were asked for.
    """

    name: str
    pixels_hwc: NDArray[np.uint8]
    sharpness: float
    photo_hw: tuple[int, int]
    corners_hwc: tuple[NDArray[np.uint8], ...] = ()


def ready_photo(source: PhotoSource, reading: Reading) -> ReadyPhoto:
    """Read and resize a photo.

    Raises:
        PhotoError: It can't be read or scored, with the reason.
        TypeError: It is no `PhotoSource`.
    """
    name = source_name(source)
    with one_photo(name):
        photo = _read(source, reading)
        pixels_hwc = resize_rgb(photo.pixels_hwc, reading.input_hw)
        return ReadyPhoto(
            name=name,
            pixels_hwc=pixels_hwc,
            sharpness=sharpness(pixels_hwc),
            photo_hw=photo.photo_hw,
            corners_hwc=cut_corners(photo.pixels_hwc, reading.input_hw) if reading.corners else (),
        )


def ready_or_failure(source: PhotoSource | Failure, reading: Reading) -> ReadyPhoto | Failure:
    """`ready_photo`, with a `Failure` in place of an error; a `Failure` is passed on."""
    if isinstance(source, Failure):
        return source
    try:
        return ready_photo(source, reading)
    except (PhotoError, MissingExtraError) as error:
        return Failure(path=source_name(source), error=str(error))


def source_name(source: PhotoSource) -> str:
    """What a photo is called in results: its path as given, or its kind.

    Raises:
        TypeError: It is no `PhotoSource`.
    """
    if not isinstance(source, str | Path | bytes | Image.Image | np.ndarray):
        found = type(source).__name__
        raise TypeError(f"a photo is a path, bytes, a Pillow image or an array; found {found}")
    if isinstance(source, str | Path):
        return str(source)
    if isinstance(source, Image.Image):
        return str(getattr(source, "filename", "")) or "<image>"
    return "<bytes>" if isinstance(source, bytes) else "<array>"


def _read(source: PhotoSource, reading: Reading) -> Photo:
    if isinstance(source, str | Path | bytes):
        height, width = reading.input_hw
        # A corner is enlarged more than the whole photo.
        margin = FAST_MARGIN / CORNER_SHARE if reading.corners else FAST_MARGIN
        return read_photo(
            source if isinstance(source, bytes) else Path(source),
            limit_pixels=reading.limit_pixels,
            at_least_hw=(math.ceil(margin * height), math.ceil(margin * width))
            if reading.fast_decode
            else None,
        )
    if isinstance(source, Image.Image):
        with _OPEN_IMAGES:
            return photo_from_image(source, limit_pixels=reading.limit_pixels)
    return _photo_from_array(source, reading.limit_pixels)


def _photo_from_array(pixels: NDArray[np.uint8], limit_pixels: int) -> Photo:
    is_grey = pixels.ndim == 2
    if pixels.dtype != np.uint8 or not (is_grey or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        found = f"an array of {pixels.dtype} and shape {pixels.shape}"
        raise UnreadablePhotoError(f"{found}; expected uint8, (H, W, 3) RGB or (H, W) grey")
    photo_hw = (pixels.shape[0], pixels.shape[1])
    check_size(photo_hw, limit_pixels)
    return Photo(np.repeat(pixels[:, :, None], 3, axis=2) if is_grey else pixels, photo_hw)
