"""Photos too large to decode whole, and GeoTIFF: read by windows through rasterio (extra ``[geo]``).

Why rasterio: GDAL decodes single blocks of TIFF, BigTIFF and GeoTIFF with any of their compressions, bounds
its own cache, and knows coordinate reference systems. docs/scanning.md has the comparison with tifffile and
pyvips.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.errors import MissingExtraError, UnreadablePhotoError
from crackscope.images import upright

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

U8 = NDArray[np.uint8]

#: Rows of the grid read beyond a window, so that the resize filter sees what it would see in the whole photo.
_MARGIN_ROWS = 2
#: GDAL's own cache of decoded blocks, in bytes.
_CACHE_BYTES = 64 << 20


@contextmanager
def open_windowed(path: Path, memory_mb: int, orientation: int = 1) -> Iterator[WindowedPhoto]:
    """Open a photo for reading by windows.

    Args:
        path: The file.
        memory_mb: What reading may take at a time.
        orientation: EXIF orientation 1 to 8, which GDAL does not apply.

    Raises:
        MissingExtraError: rasterio is not installed.
        UnreadablePhotoError: GDAL can't read it, or it is not an 8 or 16 bit photo.
    """
    rasterio = import_rasterio()
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), rasterio.open(path) as dataset:
            yield WindowedPhoto(dataset, memory_mb, orientation)
    except rasterio.errors.RasterioError as error:
        raise UnreadablePhotoError(f"not a readable image: {error}") from error


class WindowedPhoto:
    """A photo that is read and resized block by block.

    Attributes:
        dataset: As rasterio opened it.
        photo_hw: Height and width, upright.
    """

    def __init__(self, dataset: DatasetReader, memory_mb: int, orientation: int = 1) -> None:
        if any(kind not in ("uint8", "uint16") for kind in dataset.dtypes):
            raise UnreadablePhotoError(f"pixels are {dataset.dtypes[0]}; expected 8 or 16 bit photographs")
        self.dataset = dataset
        self._reader = _UprightReader(dataset, orientation)
        self.photo_hw = self._reader.photo_hw
        # A third for the band of the grid; two thirds for the block being read, which takes 3 bytes per pixel
        # from GDAL, 3 with the axes in order, and 4 in Pillow.
        self._band_px = memory_mb * (1 << 20) // 9
        self._block_px = memory_mb * (1 << 20) // 15

    def rows(self, grid_hw: tuple[int, int], top: int, bottom: int) -> U8:
        """Rows of the resized photo, as `resizing.resize_rgb` of the whole photo would give them.

        Equal to it within one grey level: Pillow rounds its filter weights per window.
        """
        band = np.empty((bottom - top, grid_hw[1], 3), np.uint8)
        return self._fill(band, self._reader.pixels, grid_hw, top)

    def opacity_rows(self, grid_hw: tuple[int, int], top: int, bottom: int) -> U8 | None:
        """Rows of the resized opacity: alpha, mask or no-data value; ``None`` where there is none of them."""
        if not self._reader.has_opacity:
            return None
        return self._fill(np.empty((bottom - top, grid_hw[1]), np.uint8), self._reader.opacity, grid_hw, top)

    def rows_at_once(self, grid_hw: tuple[int, int]) -> int:
        """As many as fit a third of the memory."""
        return max(1, self._band_px // grid_hw[1])

    def _fill(self, band: U8, read: _Read, grid_hw: tuple[int, int], top: int) -> U8:
        scale_y, scale_x = self.photo_hw[0] / grid_hw[0], self.photo_hw[1] / grid_hw[1]
        rows = min(len(band), max(1, math.isqrt(int(self._block_px / (scale_y * scale_x)))))
        columns = max(1, int(self._block_px / (scale_y * scale_x) / rows))
        for row in range(0, len(band), rows):
            for column in range(0, grid_hw[1], columns):
                place = np.s_[row : min(row + rows, len(band)), column : min(column + columns, grid_hw[1])]
                y, x = (
                    _Span.around(part.start + offset, part.stop + offset, self.photo_hw[axis], grid_hw[axis])
                    for axis, (part, offset) in enumerate(zip(place, (top, 0), strict=True))
                )
                band[place] = _resized(read(y.source, x.source), y, x)
        return band


#: Reads rows (first, after the last) and columns of an upright photo.
_Read = Callable[[tuple[int, int], tuple[int, int]], U8]


class _UprightReader:
    """A dataset's pixels as 8 bit RGB and its opacity, by windows of the upright photo."""

    def __init__(self, dataset: DatasetReader, orientation: int) -> None:
        self._dataset, self._orientation = dataset, orientation
        stored_hw = (dataset.height, dataset.width)
        self.photo_hw = stored_hw[::-1] if orientation >= 5 else stored_hw
        # Most photos have neither transparency nor a no-data value: don't read a mask of ones.
        self.has_opacity = "all_valid" not in {flag.name for flag in dataset.mask_flag_enums[0]}

    def pixels(self, y: tuple[int, int], x: tuple[int, int]) -> U8:
        """RGB (H, W, 3), transparency over white as `images.to_rgb` has it."""
        window = self._stored_window(y, x)
        bands = self._dataset.read(_colour_bands(self._dataset), window=window)
        opacity = self._dataset.dataset_mask(window=window) if self.has_opacity else None
        return upright(_to_rgb(bands, opacity, _palette(self._dataset)), self._orientation)

    def opacity(self, y: tuple[int, int], x: tuple[int, int]) -> U8:
        """(H, W), 0 to 255."""
        return upright(self._dataset.dataset_mask(window=self._stored_window(y, x)), self._orientation)

    def _stored_window(self, y: tuple[int, int], x: tuple[int, int]) -> Any:
        """`images.upright` backwards."""
        from rasterio.windows import Window

        (height, width), turn = self.photo_hw, self._orientation
        if turn in (2, 3, 6, 7):
            x = (width - x[1], width - x[0])
        if turn in (3, 4, 7, 8):
            y = (height - y[1], height - y[0])
        return Window.from_slices(x, y) if turn >= 5 else Window.from_slices(y, x)


def _resized(pixels: U8, y: _Span, x: _Span) -> U8:
    box = (x.begin, y.begin, x.end, y.end)
    image = Image.fromarray(pixels).resize((x.size, y.size), Image.Resampling.BILINEAR, box=box)
    return np.asarray(image)[y.keep, x.keep]


class _Span:
    """One axis of a block: which source pixels to read, and the box and slice that undo the margin."""

    def __init__(
        self, first: int, last: int, begin_px: float, end_px: float, keep: slice, source_px: int
    ) -> None:
        filter_reach = (end_px - begin_px) / (last - first)
        low = max(0, math.floor(begin_px - filter_reach))
        self.source = (low, min(source_px, math.ceil(end_px + filter_reach)))
        self.size = last - first
        self.begin = begin_px - low
        self.end = min(end_px - low, float(self.source[1] - low))
        self.keep = keep

    @classmethod
    def around(cls, begin: int, end: int, source_px: int, grid_px: int) -> _Span:
        first, last = max(0, begin - _MARGIN_ROWS), min(grid_px, end + _MARGIN_ROWS)
        scale = source_px / grid_px
        return cls(first, last, first * scale, last * scale, slice(begin - first, end - first), source_px)


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


def _colour_bands(dataset: DatasetReader) -> list[int]:
    return [1, 2, 3] if dataset.count >= 3 else [1]


def _palette(dataset: DatasetReader) -> U8 | None:
    """(256, 3) colours by number; ``None`` where pixels are colours themselves."""
    if dataset.colorinterp[0].name != "palette":
        return None
    colours = np.zeros((256, 3), np.uint8)
    for number, rgba in dataset.colormap(1).items():
        colours[number] = rgba[:3]
    return colours


def _to_rgb(bands: NDArray[np.integer], opacity: U8 | None, palette: U8 | None) -> U8:
    """(1 or 3, H, W) of 8 or 16 bit -> uint8 (H, W, 3), transparency over white as `images.to_rgb` does."""
    bands = (bands >> 8 if bands.dtype == np.uint16 else bands).astype(np.uint8, copy=False)
    pixels: U8
    if palette is not None:
        pixels = palette[bands[0]]
    else:
        pixels = np.ascontiguousarray(np.broadcast_to(bands, (3, *bands.shape[1:])).transpose(1, 2, 0))
    if opacity is not None:
        white = 255 - opacity.astype(np.uint16)[:, :, None]
        pixels = ((pixels.astype(np.uint16) * (255 - white) + 127) // 255 + white).astype(np.uint8)
    return pixels
