"""Photos too large to decode whole, and GeoTIFF: read by windows through rasterio (extra ``[geo]``).

Why rasterio: GDAL decodes single blocks of TIFF, BigTIFF and GeoTIFF with any of their compressions, bounds
its own cache, and knows coordinate reference systems. docs/scanning.md has the comparison with tifffile and
pyvips.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.errors import MissingExtraError, UnreadablePhotoError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

U8 = NDArray[np.uint8]

#: Rows of the grid read beyond a window, so that the resize filter sees what it would see in the whole photo.
_MARGIN_ROWS = 2
#: GDAL's own cache of decoded blocks, in bytes.
_CACHE_BYTES = 64 << 20


@contextmanager
def open_windowed(path: Path, memory_mb: int) -> Iterator[WindowedPhoto]:
    """Open a photo for reading by windows.

    Raises:
        MissingExtraError: rasterio is not installed.
        UnreadablePhotoError: GDAL can't read it, or it is not an 8 or 16 bit photo.
    """
    rasterio = import_rasterio()
    try:
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES), rasterio.open(path) as dataset:
            yield WindowedPhoto(dataset, memory_mb)
    except rasterio.errors.RasterioError as error:
        raise UnreadablePhotoError(f"not a readable image: {error}") from error


class WindowedPhoto:
    """A photo that is read and resized block by block."""

    def __init__(self, dataset: DatasetReader, memory_mb: int) -> None:
        if any(kind not in ("uint8", "uint16") for kind in dataset.dtypes):
            raise UnreadablePhotoError(f"pixels are {dataset.dtypes[0]}; expected 8 or 16 bit photographs")
        self.photo_hw = (dataset.height, dataset.width)
        self.dataset = dataset
        # A third for the band of the grid; two thirds for the block being read, which takes 3 bytes per pixel
        # from GDAL, 3 with the axes in order, and 4 in Pillow.
        self._band_px = memory_mb * (1 << 20) // 9
        self._block_px = memory_mb * (1 << 20) // 15

    def rows(self, grid_hw: tuple[int, int], top: int, bottom: int) -> U8:
        """Rows of the resized photo, as `resizing.resize_rgb` of the whole photo would give them.

        Equal to it within one grey level: Pillow rounds its filter weights per window.
        """
        band = np.empty((bottom - top, grid_hw[1], 3), np.uint8)
        scale_y, scale_x = self.photo_hw[0] / grid_hw[0], self.photo_hw[1] / grid_hw[1]
        block_rows = min(bottom - top, max(1, math.isqrt(int(self._block_px / (scale_y * scale_x)))))
        block_columns = max(1, int(self._block_px / (scale_y * scale_x) / block_rows))
        for row in range(top, bottom, block_rows):
            end_row = min(row + block_rows, bottom)
            for column in range(0, grid_hw[1], block_columns):
                end_column = min(column + block_columns, grid_hw[1])
                band[row - top : end_row - top, column:end_column] = self._block(
                    grid_hw, (row, end_row), (column, end_column)
                )
        return band

    def rows_at_once(self, grid_hw: tuple[int, int]) -> int:
        """As many as fit a third of the memory."""
        return max(1, self._band_px // grid_hw[1])

    def _block(self, grid_hw: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]) -> U8:
        y, x = (
            _Span.around(*span, self.photo_hw[axis], grid_hw[axis])
            for axis, span in enumerate((rows, columns))
        )
        pixels = self._read(y.source, x.source)
        resized = Image.fromarray(pixels).resize(
            (x.size, y.size), Image.Resampling.BILINEAR, box=(x.begin, y.begin, x.end, y.end)
        )
        return np.asarray(resized)[y.keep, x.keep]

    def _read(self, y: tuple[int, int], x: tuple[int, int]) -> U8:
        from rasterio.windows import Window

        window = Window.from_slices(y, x)
        bands = self.dataset.read(_colour_bands(self.dataset), window=window)
        return _to_rgb(bands, self._opacity(window))

    def _opacity(self, window: Any) -> U8 | None:
        flags = self.dataset.mask_flag_enums[0]
        # Most photos have neither transparency nor a no-data value: don't read a mask of ones.
        return (
            None if "all_valid" in {flag.name for flag in flags} else self.dataset.dataset_mask(window=window)
        )


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


def _to_rgb(bands: NDArray[Any], opacity: U8 | None) -> U8:
    """(1 or 3, H, W) of 8 or 16 bit -> uint8 (H, W, 3), transparency over white as `images.to_rgb` does."""
    if bands.dtype == np.uint16:
        bands = (bands >> 8).astype(np.uint8)
    pixels = np.ascontiguousarray(np.broadcast_to(bands, (3, *bands.shape[1:])).transpose(1, 2, 0))
    if opacity is not None:
        white = 255 - opacity.astype(np.uint16)[:, :, None]
        pixels = ((pixels.astype(np.uint16) * (255 - white) + 127) // 255 + white).astype(np.uint8)
    return pixels
