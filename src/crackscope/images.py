"""Read any photo into upright uint8 RGB pixels, or say in one line why it can't be read."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from crackscope.errors import PhotoTooLargeError, PhotoTooSmallError, UnreadablePhotoError

#: File name endings that folders are searched for (lower case).
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm"}
)

#: Above this many pixels a photo is refused unless the caller raises the limit (a 200-megapixel phone fits).
LIMIT_PIXELS = 256_000_000

#: Shorter sides hold too little to be scored.
MIN_SIDE_PX = 16


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photo.

    Attributes:
        pixels_hwc: uint8 RGB, shape (H, W, 3), upright. May be smaller than the photo where a reduced
            decode was allowed.
        photo_hw: Height and width of the photo itself, upright, in pixels.
    """

    pixels_hwc: NDArray[np.uint8]
    photo_hw: tuple[int, int]


def read_photo(
    source: Path | bytes, *, limit_pixels: int = LIMIT_PIXELS, at_least_hw: tuple[int, int] | None = None
) -> Photo:
    """Decode a photo: EXIF turn applied, alpha over white, first page or frame, 16 bits scaled to 8.

    Args:
        source: A path, or the bytes of an encoded image.
        limit_pixels: Refuse photos with more pixels than this.
        at_least_hw: Allow a reduced decode that is still at least this high and wide (JPEG only).

    Raises:
        UnreadablePhotoError: Missing, empty, truncated, forbidden, or not an image.
        PhotoTooLargeError: More than ``limit_pixels`` pixels.
        PhotoTooSmallError: A side under `MIN_SIDE_PX` pixels.
    """
    data = source if isinstance(source, bytes) else _read_bytes(source)
    if not data:
        raise UnreadablePhotoError("the file is empty")
    try:
        with Image.open(io.BytesIO(data)) as image:
            _check_size(image.height, image.width, limit_pixels)
            upright = ImageOps.exif_transpose(image)
            pixels_hwc = to_rgb(upright)
    except (PhotoTooLargeError, PhotoTooSmallError):
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UnreadablePhotoError(f"not a readable image: {error}") from error
    return Photo(pixels_hwc, (pixels_hwc.shape[0], pixels_hwc.shape[1]))


def to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Turn any Pillow image into uint8 RGB of shape (H, W, 3); transparency is laid over white."""
    if image.mode.startswith("I;16") or image.mode == "I":
        # 16-bit greyscale: Pillow's own conversion clips at 255 instead of scaling.
        grey = np.clip(np.asarray(image, dtype=np.int64) >> 8, 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _read_bytes(path: Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UnreadablePhotoError(error.strerror or str(error)) from error


def _check_size(height: int, width: int, limit_pixels: int) -> None:
    if height * width > limit_pixels:
        raise PhotoTooLargeError(f"{width} x {height} pixels are more than the limit of {limit_pixels:,}")
    if min(height, width) < MIN_SIDE_PX:
        raise PhotoTooSmallError(f"{width} x {height} pixels: a side is shorter than {MIN_SIDE_PX}")
