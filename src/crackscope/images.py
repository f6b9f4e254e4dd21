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

from crackscope.errors import (
    MissingExtraError,
    PhotoError,
    PhotoTooLargeError,
    PhotoTooSmallError,
    UnreadablePhotoError,
)
from crackscope.levels import NOTHING_DECLARED, Declared, fit_levels
from crackscope.photo_limits import LIMIT_PIXELS as LIMIT_PIXELS
from crackscope.profiles import to_srgb
from crackscope.rasters import RasterPixels, open_raster
from crackscope.signatures import rare_jpeg, what_it_is
from crackscope.tiff_tags import TiffFacts, read_tiff_facts

try:
    import simplejpeg
except ImportError:  # pragma: no cover - it is a dependency, but has no wheel for some platforms
    simplejpeg = None

#: File name endings that folders are searched for (lower case).
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".ppm"}
    | {".pgm", ".jp2", ".avif", ".heic", ".heif", ".jxl"}
)

#: Shorter sides hold too little to be scored.
MIN_SIDE_PX = 16

#: Pillow's names of raster formats. Left to itself it would also hand an EPS file to Ghostscript.
_FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "BMP", "GIF", "WEBP", "PPM", "JPEG2000", "AVIF", "HEIF", "JXL")

_JPEG_START = b"\xff\xd8\xff"
_JPEG_APP1 = b"\xff\xe1"
#: 16 bit colours whose upper 8 bits stay below this use no more than 12 bits: see `levels`.
_DIMMEST = 16
_DIM_COLOUR = "a photo with 16 bit colours of which no more than 12 are used"
_ICC_SIGN = b"ICC_PROFILE\0"

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
    """Decode a photo: EXIF turn applied, alpha over white, first page or frame, all depths scaled to 8 bits.

    Colours are sRGB: another colour profile is applied (`profiles`), CMYK without one becomes RGB by Pillow's
    plain rule. What depths mean is in `levels`. TIFFs that Pillow can't read are read by GDAL where rasterio
    is installed. Raises Pillow's own limit, ``Image.MAX_IMAGE_PIXELS``, to ``limit_pixels`` where it
    is lower.

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


@dataclass(frozen=True, slots=True)
class JpegFile:
    """The bytes of an ordinary JPEG, and what its header says: height and width, upright, in pixels."""

    data: bytes
    photo_hw: tuple[int, int]


def read_jpeg(source: Path | str | bytes) -> JpegFile | None:
    """Read a JPEG whole and its size, decoding nothing; ``None`` where it is none, or none that can be read.

    Raises:
        UnreadablePhotoError: No such file, forbidden, or no file.
    """
    if simplejpeg is None:
        return None
    data = source if isinstance(source, bytes) else _bytes_of_jpeg(Path(source))
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    return JpegFile(data, (width, height) if _jpeg_orientation(data) >= 5 else (height, width))


def _bytes_of_jpeg(path: Path) -> bytes:
    try:
        _refuse_what_is_no_file(path)
        with path.open("rb") as stream:
            start = stream.read(len(_JPEG_START))
            return start + stream.read() if start == _JPEG_START else b""
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
        declared, icc = declared_levels(image), image.info.get("icc_profile")
        image.load()
        orientation, opacity_hw = _orientation(image), _opacity(image)
        pixels_hwc = upright(to_rgb(image, declared, icc), orientation)
        opacity_hw = None if opacity_hw is None else upright(opacity_hw, orientation)
    except PhotoError:
        raise
    except Exception as error:
        raise UnreadablePhotoError(f"not a readable image: {_one_line(error)}") from error
    return Photo(pixels_hwc, (pixels_hwc.shape[0], pixels_hwc.shape[1]), opacity_hw)


def to_rgb(
    image: Image.Image, declared: Declared = NOTHING_DECLARED, icc_profile: bytes | None = None
) -> NDArray[np.uint8]:
    """Turn any Pillow image into uint8 RGB of shape (H, W, 3); transparency is laid over white.

    Args:
        image: Of any mode.
        declared: What its file says of its numbers.
        icc_profile: The colour profile in its file.

    Raises:
        UnreadablePhotoError: Numbers that are no brightness, see `levels.fit_levels`.
    """
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        numbers_hw = np.asarray(image)
        return _grey_to_rgb(fit_levels(numbers_hw, declared).apply(numbers_hw))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        rgba = Image.merge("RGBA", (*to_srgb(rgba.convert("RGB"), icc_profile).split(), rgba.getchannel("A")))
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))
    if image.mode == "P":
        image = image.convert("RGB")
    return np.asarray(to_srgb(image, icc_profile).convert("RGB"))


def declared_levels(image: Image.Image) -> Declared:
    """What the file of an open image says of its numbers; only a TIFF does."""
    tags = getattr(image, "tag_v2", None)
    return NOTHING_DECLARED if tags is None else TiffFacts(tags).declared


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
    try:
        return _decode_with_pillow(stream, limit_pixels)
    except UnreadablePhotoError as error:
        kind = rare_jpeg(stream) if start == _JPEG_START else None
        raise (error if kind is None else UnreadablePhotoError(kind)) from error.__cause__


def _decode_jpeg(data: bytes, limit_pixels: int, at_least_hw: tuple[int, int] | None) -> Photo | None:
    """The photo, or ``None`` where Pillow has to look at it."""
    try:
        height, width, colours, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    check_size((height, width), limit_pixels)
    if colours not in ("YCbCr", "Gray") or _ICC_SIGN in data:
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
    facts = read_tiff_facts(stream)
    if facts is not None and not _pillow_knows(facts):
        return _decode_with_gdal(stream, facts, limit_pixels)
    try:
        image = Image.open(stream, formats=_formats())
    except UnidentifiedImageError as error:
        if facts is not None:
            return _decode_with_gdal(stream, facts, limit_pixels)
        raise UnreadablePhotoError(what_it_is(stream)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooLargeError(f"more pixels than the limit of {limit_pixels:,}") from error
    except Exception as error:
        raise UnreadablePhotoError(f"not a readable image: {_one_line(error)}") from error
    with image:
        _leave_preview(image)
        is_deep = _is_deep_colour(image)
        photo = photo_from_image(image, limit_pixels=limit_pixels)
    if is_deep and int(photo.pixels_hwc.max()) < _DIMMEST:
        return _decode_with_gdal(stream, facts, limit_pixels, found=_DIM_COLOUR)
    return photo


def _pillow_knows(facts: TiffFacts) -> bool:
    """Whether Pillow reads a TIFF and its numbers as they are: not signed bytes, nor 16 bit planes."""
    odd_numbers = (facts.is_signed and facts.bits == 8) or (facts.is_unsigned and facts.bits == 32)
    return not (odd_numbers or facts.has_odd_compression or facts.has_odd_planes)


def _leave_preview(image: Image.Image) -> None:
    """Go on to the first page that is a photo itself.

    Raises:
        UnreadablePhotoError: There is none, as in a camera's raw file.
    """
    tags = getattr(image, "tag_v2", None)
    page = 0
    while tags is not None and TiffFacts(tags).is_preview:
        page += 1
        try:
            image.seek(page)
        except EOFError as error:
            raise UnreadablePhotoError(
                "only a small preview of it can be read (a camera's raw file?); export it as JPEG or TIFF"
            ) from error
        tags = getattr(image, "tag_v2", None)


def _is_deep_colour(image: Image.Image) -> bool:
    """Whether Pillow keeps only the upper 8 of 16 bits."""
    tiles = getattr(image, "tile", ())
    return image.mode in ("RGB", "RGBA", "LA") and any(";16" in str(tile[3]) for tile in tiles)


def _decode_with_gdal(
    stream: BinaryIO, facts: TiffFacts | None, limit_pixels: int, *, found: str | None = None
) -> Photo:
    if facts is not None:
        check_size(facts.photo_hw, limit_pixels)
    stream.seek(0)
    try:
        with open_raster(stream.read()) as dataset:
            check_size((dataset.height, dataset.width), limit_pixels)
            pixels = RasterPixels(dataset, NOTHING_DECLARED if facts is None else facts.declared)
            pixels_hwc = pixels.rgb()
            opacity_hw = pixels.opacity() if pixels.has_opacity else None
    except MissingExtraError as error:
        found = found or ("a photo" if facts is None else facts.describe())
        raise UnreadablePhotoError(f"{found}, which Pillow does not read; {error}") from error
    orientation = 1 if facts is None else facts.orientation
    pixels_hwc = upright(pixels_hwc, orientation)
    opacity_hw = None if opacity_hw is None else upright(opacity_hw, orientation)
    return Photo(pixels_hwc, (pixels_hwc.shape[0], pixels_hwc.shape[1]), opacity_hw)


@cache
def register_plugins() -> None:
    """Teach Pillow what packages beside it read: HEIC (extra ``[heic]``), JPEG XL (pillow-jxl-plugin)."""
    Image.init()
    with contextlib.suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()
    with contextlib.suppress(ImportError):
        import pillow_jxl  # noqa: F401 - importing it is all


@cache
def _formats() -> tuple[str, ...]:
    register_plugins()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _grey_to_rgb(grey_hw: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(grey_hw[:, :, None], 3, axis=2)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
