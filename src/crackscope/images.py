"""Read any photo into upright uint8 RGB pixels, or say in one line why it can't be read.

Ordinary JPEGs are decoded by libjpeg-turbo through simplejpeg, about 2.5 times as fast as through Pillow;
everything else, and every JPEG simplejpeg does not take, by Pillow. Both give the same pixels.
"""

from __future__ import annotations

import contextlib
import stat
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from crackscope.errors import PhotoError, PhotoTooLargeError, PhotoTooSmallError, UnreadablePhotoError

try:
    import simplejpeg
except ImportError:  # pragma: no cover - it is a dependency, but has no wheel for some platforms
    simplejpeg = None

#: File name endings that folders are searched for (lower case).
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm"}
    | {".pgm", ".jp2", ".avif", ".heic", ".heif"}
)

#: Above this many pixels a photo is refused unless the caller raises the limit (a 200-megapixel phone fits).
LIMIT_PIXELS = 256_000_000

#: Shorter sides hold too little to be scored.
MIN_SIDE_PX = 16

#: Pillow's names of raster formats. Left to itself it would also hand an EPS file to Ghostscript.
_FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "BMP", "GIF", "WEBP", "PPM", "JPEG2000", "AVIF", "HEIF")

_JPEG_START = b"\xff\xd8\xff"
_JPEG_APP1 = b"\xff\xe1"

#: What libjpeg says of a JPEG whose picture is not whole. Pillow decodes some of them to grey without a word.
_JPEG_DAMAGE = ("premature end", "bad huffman")

#: EXIF's number of the tag that says how the camera was held.
_ORIENTATION_TAG = 0x0112


@dataclass(frozen=True, slots=True)
class Photo:
    """A decoded photo.

    Attributes:
        pixels_hwc: uint8 RGB, shape (H, W, 3), upright. May be smaller than the photo where a reduced
            decode was allowed.
        photo_hw: Height and width of the photo itself, upright, in pixels.
        opacity_hw: uint8, shape (H, W), 0 where the photo is transparent, upright; ``None`` where all of it
            is picture.
    """

    pixels_hwc: NDArray[np.uint8]
    photo_hw: tuple[int, int]
    opacity_hw: NDArray[np.uint8] | None = None


def read_photo(
    source: Path | bytes, *, limit_pixels: int = LIMIT_PIXELS, at_least_hw: tuple[int, int] | None = None
) -> Photo:
    """Decode a photo: EXIF turn applied, alpha over white, first page or frame, 16 bits scaled to 8.

    Colour profiles are not applied. CMYK becomes RGB by Pillow's plain rule. Raises Pillow's own limit,
    ``Image.MAX_IMAGE_PIXELS``, to ``limit_pixels`` where it is lower.

    Args:
        source: A path, or the bytes of an encoded image.
        limit_pixels: Refuse photos with more pixels than this, before they are decoded.
        at_least_hw: Allow a reduced decode that is still at least this high and wide (upright; ordinary
            JPEGs only). Faster, but its pixels differ slightly from a resized full decode.

    Raises:
        UnreadablePhotoError: Missing, empty, truncated, forbidden, or not an image.
        PhotoTooLargeError: More than ``limit_pixels`` pixels.
        PhotoTooSmallError: A side under `MIN_SIDE_PX` pixels.
    """
    if isinstance(source, bytes):
        return _decode(BytesIO(source), limit_pixels, at_least_hw)
    try:
        _refuse_what_is_no_file(Path(source))
        with Path(source).open("rb") as stream:
            return _decode(stream, limit_pixels, at_least_hw)
    except (OSError, ValueError) as error:
        raise UnreadablePhotoError(getattr(error, "strerror", None) or _one_line(error)) from error


def photo_from_image(image: Image.Image, *, limit_pixels: int = LIMIT_PIXELS) -> Photo:
    """Upright RGB pixels of an open Pillow image, as `read_photo` gives them for its file.

    Raises:
        PhotoError: As `read_photo`.
    """
    check_size((image.height, image.width), limit_pixels)
    # Pillow's decoders meet damaged files with every kind of exception, also struct.error and KeyError.
    try:
        image.load()
        orientation, opacity_hw = _orientation(image), _opacity(image)
        pixels_hwc = upright(to_rgb(image), orientation)
        opacity_hw = None if opacity_hw is None else upright(opacity_hw, orientation)
    except PhotoError:
        raise
    except Exception as error:
        raise UnreadablePhotoError(f"not a readable image: {_one_line(error)}") from error
    return Photo(pixels_hwc, (pixels_hwc.shape[0], pixels_hwc.shape[1]), opacity_hw)


def to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Turn any Pillow image into uint8 RGB of shape (H, W, 3); transparency is laid over white.

    Raises:
        UnreadablePhotoError: Integers above 16 bits, or floats that are neither 0..1 nor 0..255.
    """
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _grey_to_rgb(_from_16_bits(np.asarray(image)))
    if image.mode == "F":
        return _grey_to_rgb(_from_floats(np.asarray(image)))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Undo an EXIF orientation 1 to 8: 5 to 8 lie on their side, the others may be mirrored or upside down.

    Args:
        pixels: (H, W) or (H, W, 3).
        orientation: As `ExifTags.Base.Orientation` has it.
    """
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def check_size(photo_hw: tuple[int, int], limit_pixels: int = LIMIT_PIXELS) -> None:
    """Refuse photos that are too large or too small, by the numbers in their header.

    Raises:
        PhotoTooLargeError: More than ``limit_pixels`` pixels.
        PhotoTooSmallError: A side under `MIN_SIDE_PX` pixels.
    """
    height, width = photo_hw
    if height * width > limit_pixels:
        raise PhotoTooLargeError(f"{width} x {height}: more pixels than the limit of {limit_pixels:,}")
    if min(height, width) < MIN_SIDE_PX:
        raise PhotoTooSmallError(f"{width} x {height} pixels: a side is shorter than {MIN_SIDE_PX}")


def _refuse_what_is_no_file(path: Path) -> None:
    # A named pipe would block for ever, and a folder has another error on every system.
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise UnreadablePhotoError("a folder, not a file")
    if not stat.S_ISREG(mode):
        raise UnreadablePhotoError("not a regular file")


def _decode(stream: BinaryIO, limit_pixels: int, at_least_hw: tuple[int, int] | None) -> Photo:
    start = stream.read(len(_JPEG_START))
    stream.seek(0)
    if not start:
        raise UnreadablePhotoError("the file is empty")
    if simplejpeg is not None and start == _JPEG_START:
        photo = _decode_jpeg(stream.read(), limit_pixels, at_least_hw)
        if photo is not None:
            return photo
        stream.seek(0)
    return _decode_with_pillow(stream, limit_pixels)


def _decode_jpeg(data: bytes, limit_pixels: int, at_least_hw: tuple[int, int] | None) -> Photo | None:
    """The photo, or ``None`` where Pillow has to look at it."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    check_size((height, width), limit_pixels)
    if colours not in ("YCbCr", "Gray"):
        return None
    orientation = _jpeg_orientation(data)
    sideways = orientation >= 5
    least_height, least_width = (at_least_hw or (0, 0))[:: -1 if sideways else 1]
    try:
        pixels_hwc = simplejpeg.decode_jpeg(
            data,
            min_height=least_height,
            min_width=least_width,
            # Other scales than 1/2, 1/4 and 1/8 take longer than they save.
            min_factor=1 if at_least_hw is None else 2,
        )
    except ValueError as error:
        if any(sign in str(error).lower() for sign in _JPEG_DAMAGE):
            raise UnreadablePhotoError(f"truncated or damaged JPEG: {_one_line(error)}") from error
        return None
    return Photo(upright(pixels_hwc, orientation), (width, height) if sideways else (height, width))


def _jpeg_orientation(data: bytes) -> int:
    # Compressed pixels never hold these two bytes, so most JPEGs of data sets end here.
    if _JPEG_APP1 not in data:
        return 1
    with contextlib.suppress(Exception), Image.open(BytesIO(data), formats=("JPEG",)) as image:
        return _orientation(image)
    return 1


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1..8; 1, upright, where there is none or its data are damaged."""
    with contextlib.suppress(Exception):
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
        return orientation if orientation in range(1, 9) else 1
    return 1


def _opacity(image: Image.Image) -> NDArray[np.uint8] | None:
    if not image.has_transparency_data or image.mode.startswith(("I", "F")):
        return None
    alpha = image if image.mode in ("LA", "RGBA") else image.convert("RGBA")
    opacity_hw = np.asarray(alpha.getchannel("A"))
    return None if opacity_hw.min() == 255 else opacity_hw


def _decode_with_pillow(stream: BinaryIO, limit_pixels: int) -> Photo:
    # Raised and never lowered, so that threads with different limits don't take it from each other.
    if limit_pixels > (Image.MAX_IMAGE_PIXELS or limit_pixels):
        Image.MAX_IMAGE_PIXELS = limit_pixels
    try:
        image = Image.open(stream, formats=_formats())
    except UnidentifiedImageError as error:
        raise UnreadablePhotoError(_unknown_format(stream)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLargeError(f"more pixels than the limit of {limit_pixels:,}") from error
    except Exception as error:
        raise UnreadablePhotoError(f"not a readable image: {_one_line(error)}") from error
    with image:
        return photo_from_image(image, limit_pixels=limit_pixels)


def _unknown_format(stream: BinaryIO) -> str:
    stream.seek(4)
    if stream.read(8) in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc"):
        return 'a HEIC photo; to read it run: pip install "crackscope[heic]"'
    return "not an image, or damaged at its start"


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    with contextlib.suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _from_16_bits(grey_hw: NDArray[np.integer]) -> NDArray[np.uint8]:
    # Pillow's own conversion clips at 255 instead of scaling.
    low, high = int(grey_hw.min()), int(grey_hw.max())
    if low < 0 or high > 0xFFFF:
        raise UnreadablePhotoError(f"whole numbers from {low} to {high}; expected at most 16 bits per pixel")
    return (grey_hw.astype(np.uint16) >> 8).astype(np.uint8)


def _from_floats(grey_hw: NDArray[np.floating]) -> NDArray[np.uint8]:
    low, high = float(grey_hw.min()), float(grey_hw.max())
    if not (low >= 0 and high <= 255):  # also where they are not numbers
        raise UnreadablePhotoError(f"floating-point pixels from {low:g} to {high:g}; expected 0..1 or 0..255")
    scaled_hw: NDArray[np.uint8] = np.rint(grey_hw * (255 if high <= 1 else 1)).astype(np.uint8)
    return scaled_hw


def _grey_to_rgb(grey_hw: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey_hw[:, :, None], 3, axis=2)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
