"""Pixels through rasterio (extra ``[geo]``): maps, TIFFs that Pillow can't read, photos read by windows."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.errors import MissingExtraError, UnreadablePhotoError
from crackscope.levels import Declared, Levels, fit_levels
from crackscope.profiles import pixels_to_srgb, to_srgb

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

U8 = NDArray[np.uint8]

#: First bytes, and GDAL's name of the format: it must not take a file for one that leads elsewhere (a VRT).
_DRIVERS = (
    (b"II", "GTiff"), (b"MM", "GTiff"), (b"\xff\xd8", "JPEG"), (b"\x89PNG", "PNG"), (b"BM", "BMP"),
    (b"GIF8", "GIF"), (b"RIFF", "WEBP"), (b"P", "PNM"), (b"\0\0\0\x0cjP", "JP2OpenJPEG"),
    (b"\xff\x4f\xff\x51", "JP2OpenJPEG"),
)  # fmt: skip
#: GDAL's own cache of decoded blocks, in bytes.
_CACHE_BYTES = 64 << 20
#: The longer side of what the range of numbers is looked for in.
_LOOKED_AT_PX = 2048
_AS_STORED = Levels(0, 255)
#: What GDAL makes RGB of by plain rules of its own; and the prefix of a TIFF's name that leaves it alone.
_MADE_RGB, _UNTOUCHED = ("CMYK", "CIELAB"), "GTIFF_RAW:"

_INKS = ["cyan", "magenta", "yellow", "black"]


def import_rasterio() -> Any:
    """The rasterio package.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import rasterio
        import rasterio.errors
    except ImportError as error:
        raise MissingExtraError("rasterio", "geo") from error
    # Most photos have no georeference: that is no news.
    warnings.filterwarnings("ignore", category=rasterio.errors.NotGeoreferencedWarning)
    return rasterio


@contextmanager
def open_raster(source: Path | bytes) -> Iterator[DatasetReader]:
    """Open a photo.

    Raises:
        MissingExtraError: rasterio is not installed.
        UnreadablePhotoError: GDAL can't read it.
    """
    rasterio = import_rasterio()
    driver = _driver(source)
    try:
        with ExitStack() as stack:
            stack.enter_context(rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES))
            if isinstance(source, bytes):
                name = stack.enter_context(rasterio.MemoryFile(source)).name
            else:
                # A path from the root is never taken for one of GDAL's own, such as NETCDF:file.
                name = str(source.absolute())
            dataset = stack.enter_context(rasterio.open(name, driver=driver))
            if dataset.tags(ns="IMAGE_STRUCTURE").get("SOURCE_COLOR_SPACE") in _MADE_RGB:
                stack.enter_context(rasterio.Env(GDAL_JPEG_TO_RGB="NO"))
                prefix = _UNTOUCHED if driver == "GTiff" else ""
                dataset = stack.enter_context(rasterio.open(prefix + name, driver=driver))
            yield dataset
    except UnicodeEncodeError as error:
        raise UnreadablePhotoError("its name is not UTF-8, which GDAL needs; rename it") from error
    except rasterio.errors.RasterioError as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise UnreadablePhotoError(f"not a readable image: {reason}") from error


def _driver(source: Path | bytes) -> str:
    if isinstance(source, bytes):
        start = source[:16]
    else:
        with source.open("rb") as stream:
            start = stream.read(16)
    for sign, driver in _DRIVERS:
        if start.startswith(sign):
            return driver
    raise UnreadablePhotoError("not an image that GDAL reads by windows; export it as TIFF")


class RasterPixels:
    """A dataset's pixels as 8 bit RGB, and its opacity, by windows as they are stored.

    Raises:
        UnreadablePhotoError: Its numbers are no brightness, or its channels no colours.
    """

    def __init__(self, dataset: DatasetReader, declared: Declared) -> None:
        self._dataset = dataset
        self._bands = _colour_bands(dataset)
        self._palette = _palette(dataset)
        self._mode = "RGB" if self._palette is not None else _mode(dataset, self._bands)
        self._levels = _AS_STORED if self._palette is not None else _levels(dataset, self._bands, declared)
        # Most photos have neither transparency nor a no-data value: don't read a mask of ones.
        self.has_opacity = "all_valid" not in {flag.name for flag in dataset.mask_flag_enums[0]}
        is_plain = self._mode != "L" or (dataset.dtypes[0] == "uint8" and not self.has_opacity)
        icc = dataset.tags(ns="COLOR_PROFILE").get("SOURCE_ICC_PROFILE")
        self._profile = base64.b64decode(icc) if icc and is_plain else None

    def rgb(self, window: Any = None) -> U8:
        """(H, W, 3), transparency over white as `images.to_rgb` has it; all of it without a window."""
        values = self._dataset.read(self._bands, window=window)
        opacity = self._dataset.dataset_mask(window=window) if self.has_opacity else None
        if self._palette is not None:
            return _over_white(self._in_srgb(self._palette[values[0]]), opacity)
        is_ready = values.dtype == np.uint8 and self._levels == _AS_STORED
        bands = values if is_ready else self._levels.apply(values)
        return _over_white(self._in_srgb(np.ascontiguousarray(bands.transpose(1, 2, 0))), opacity)

    def opacity(self, window: Any = None) -> U8:
        """(H, W), 0 to 255."""
        mask: U8 = self._dataset.dataset_mask(window=window)
        return mask

    def _in_srgb(self, colours_hwc: U8) -> U8:
        """RGB of colours in the dataset's mode, as `images.to_rgb` has it."""
        if self._mode == "RGB":
            return pixels_to_srgb(colours_hwc, self._profile)
        if self._mode == "CMYK" and self._dataset.driver == "JPEG":
            colours_hwc = 255 - colours_hwc  # Adobe stores the light that the inks leave
        height, width, _ = colours_hwc.shape
        image = Image.frombuffer(self._mode, (width, height), colours_hwc.tobytes(), "raw", self._mode, 0, 1)
        return np.asarray(to_srgb(image, self._profile).convert("RGB"))


def _levels(dataset: DatasetReader, bands: list[int], declared: Declared) -> Levels:
    if dataset.dtypes[0] == "uint8":
        bits = int(dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS", 8))
        return Levels(0, 2**bits - 1, declared.white_is_low)
    if "float" in dataset.dtypes[0] and dataset.count == 1 and dataset.crs is not None:
        raise UnreadablePhotoError("a map of one channel of floating-point numbers: heights, not brightness")
    if "complex" in dataset.dtypes[0]:
        raise UnreadablePhotoError("its pixels are complex numbers; expected a photograph")
    scale = max(1.0, max(dataset.height, dataset.width) / _LOOKED_AT_PX)
    shape = (max(1, round(dataset.height / scale)), max(1, round(dataset.width / scale)))
    values = dataset.read(bands, out_shape=(len(bands), *shape), masked=True).compressed()
    if values.size == 0:
        raise UnreadablePhotoError("nearly all of it is transparent or without data")
    return fit_levels(values, declared)


def _colour_bands(dataset: DatasetReader) -> list[int]:
    colours = _colours(dataset)
    if colours[:4] == _INKS:
        return [1, 2, 3, 4]
    if {"red", "green", "blue"} <= set(colours):
        return [colours.index(name) + 1 for name in ("red", "green", "blue")]
    if dataset.count <= 2 or colours[1] == "alpha":
        return [1]
    if dataset.count == 3:
        return [1, 2, 3]
    raise UnreadablePhotoError(
        f"{dataset.count} channels, and the file does not say which are red, green and blue"
    )


def _colours(dataset: DatasetReader) -> list[str]:
    return [meaning.name for meaning in dataset.colorinterp]


def _mode(dataset: DatasetReader, bands: list[int]) -> str:
    """Pillow's name of the colours in the bands."""
    if _colours(dataset)[:4] == _INKS:
        return "CMYK"
    if len(bands) == 1:
        return "L"
    return "LAB" if dataset.name.startswith(_UNTOUCHED) else "RGB"


def _palette(dataset: DatasetReader) -> U8 | None:
    """(256, 3) colours by number; ``None`` where pixels are colours themselves."""
    if _colours(dataset)[0] != "palette":
        return None
    colours = np.zeros((256, 3), np.uint8)
    for number, rgba in dataset.colormap(1).items():
        if number < len(colours):
            colours[number] = rgba[:3]
    return colours


def _over_white(pixels: U8, opacity: U8 | None) -> U8:
    if opacity is None:
        return pixels
    white = 255 - opacity.astype(np.uint16)[:, :, None]
    mixed: U8 = ((pixels.astype(np.uint16) * (255 - white) + 127) // 255 + white).astype(np.uint8)
    return mixed
