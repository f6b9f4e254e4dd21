"""Photos too large to decode whole, and GeoTIFF: read by windows through rasterio (extra ``[geo]``).

Why rasterio: GDAL decodes single blocks of TIFF, BigTIFF and GeoTIFF with any of their compressions, bounds
its own cache, and knows coordinate reference systems. studies/scanning.md has the comparison with tifffile
and pyvips.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.images import upright
from crackscope.levels import NOTHING_DECLARED, Declared
from crackscope.photos.geo import GeoReference, georeference_of
from crackscope.rasters import RasterPixels, open_raster
from crackscope.tiff_tags import TiffFacts, read_tiff_facts

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

U8 = NDArray[np.uint8]

#: Rows of the grid read beyond a window, so that the resize filter sees what it would see in the whole photo.
_MARGIN_ROWS = 2


@contextmanager
def open_windowed(path: Path, memory_mb: int, orientation: int = 1) -> Iterator[WindowedPhoto]:
    """Open a photo for reading by windows.

    Args:
        path: The file.
        memory_mb: What reading may take at a time.
        orientation: EXIF orientation 1 to 8, which GDAL does not apply.

    Raises:
        MissingExtraError: rasterio is not installed.
        UnreadablePhotoError: GDAL can't read it, or its numbers are no brightness.
    """
    facts = _tiff_facts(path)
    with open_raster(path) as dataset:
        yield WindowedPhoto(dataset, memory_mb, orientation, facts.declared if facts else NOTHING_DECLARED)


def _tiff_facts(path: Path) -> TiffFacts | None:
    with path.open("rb") as stream:
        return read_tiff_facts(stream)


class WindowedPhoto:
    """A photo that is read and resized block by block.

    Attributes:
        dataset: As rasterio opened it.
        photo_hw: Height and width, upright.
    """

    def __init__(
        self,
        dataset: DatasetReader,
        memory_mb: int,
        orientation: int = 1,
        declared: Declared = NOTHING_DECLARED,
    ) -> None:
        self.dataset = dataset
        self._reader = _UprightReader(dataset, orientation, declared)
        self.photo_hw = self._reader.photo_hw
        # A third for the band of the grid; two thirds for the block being read, which takes 3 bytes per pixel
        # from GDAL, 3 with the axes in order, and 4 in Pillow.
        self._band_px = memory_mb * (1 << 20) // 9
        self._block_px = memory_mb * (1 << 20) // 15

    @cached_property
    def georeference(self) -> GeoReference | None:
        """Where it lies on the earth; ``None`` where it does not say."""
        return georeference_of(self.dataset)

    @property
    def mm_per_px(self) -> float | None:
        """What a pixel shows, in millimetres, where it is a map that tells."""
        return None if self.georeference is None else self.georeference.scale.mm_per_px

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

    def __init__(self, dataset: DatasetReader, orientation: int, declared: Declared) -> None:
        self._pixels, self._orientation = RasterPixels(dataset, declared), orientation
        stored_hw = (dataset.height, dataset.width)
        self.photo_hw = stored_hw[::-1] if orientation >= 5 else stored_hw
        self.has_opacity = self._pixels.has_opacity

    def pixels(self, y: tuple[int, int], x: tuple[int, int]) -> U8:
        """RGB (H, W, 3), transparency over white as `images.to_rgb` has it."""
        return upright(self._pixels.rgb(self._stored_window(y, x)), self._orientation)

    def opacity(self, y: tuple[int, int], x: tuple[int, int]) -> U8:
        """(H, W), 0 to 255."""
        return upright(self._pixels.opacity(self._stored_window(y, x)), self._orientation)

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
