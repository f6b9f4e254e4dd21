"""Photos as rows of the tile grid, whole in memory; `large` has those that are read by windows."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.images import Photo
from crackscope.resizing import resize_rgb

U8 = NDArray[np.uint8]

#: A pixel with less opacity, of 255, is no part of the picture: transparent, or without data in a map.
LEAST_OPACITY = 128


class PixelSource(Protocol):
    """A photo that can be asked for parts of itself, resized."""

    @property
    def photo_hw(self) -> tuple[int, int]:
        """Height and width of the photo in pixels."""

    @property
    def mm_per_px(self) -> float | None:
        """What a pixel shows, in millimetres, where the photo itself tells."""

    def rows(self, grid_hw: tuple[int, int], top: int, bottom: int) -> U8:
        """Rows ``top`` to ``bottom`` (exclusive) of the photo resized to ``grid_hw``: (rows, width, 3)."""

    def opacity_rows(self, grid_hw: tuple[int, int], top: int, bottom: int) -> U8 | None:
        """The same of its opacity, (rows, width), see `LEAST_OPACITY`; ``None`` where all is picture."""

    def rows_at_once(self, grid_hw: tuple[int, int]) -> int:
        """How many rows of the grid the caller should ask for at once to bound memory."""


class DecodedPhoto:
    """A photo whose pixels are in memory.

    Attributes:
        photo_hw: Height and width of the photo itself, upright.
        pixels_hwc: uint8 RGB (H, W, 3); may be smaller than the photo where a reduced decode was allowed.
    """

    mm_per_px = None

    def __init__(self, photo: Photo) -> None:
        self.photo_hw = photo.photo_hw
        self.pixels_hwc, self._opacity_hw = photo.pixels_hwc, photo.opacity_hw
        self._grid: U8 = photo.pixels_hwc

    @property
    def has_holes(self) -> bool:
        """Whether some of it is transparent and so no part of the picture."""
        return self._opacity_hw is not None

    def rows(self, grid_hw: tuple[int, int], top: int, bottom: int) -> U8:
        """Rows of the resized photo; the photo is resized once per grid.

        Resizing the photo once and cutting tiles from it, instead of resizing each tile, is what makes
        overlap cheap: every pixel is resized once, however many tiles share it.
        """
        if self._grid.shape[:2] != grid_hw:
            self._grid = resize_rgb(self.pixels_hwc, grid_hw)
        return self._grid[top:bottom]

    def opacity_rows(self, grid_hw: tuple[int, int], top: int, bottom: int) -> U8 | None:
        """Rows of the resized opacity; such photos are few, so it is resized anew each time."""
        if self._opacity_hw is None:
            return None
        height, width = grid_hw
        resized = Image.fromarray(self._opacity_hw).resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(resized)[top:bottom]

    def rows_at_once(self, grid_hw: tuple[int, int]) -> int:
        """All of them."""
        return grid_hw[0]
