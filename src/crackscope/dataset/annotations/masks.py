"""From marks to masks: what `dataset.tiles` cuts by, with its own rule for what a tile shows."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from crackscope.dataset.annotations.records import AnnotatedPhoto, Mark


def crack_mask(
    photo: AnnotatedPhoto, photo_hw: tuple[int, int], kinds: Collection[str], value: int
) -> NDArray[np.uint8]:
    """A mask of a photo: ``value`` inside the marks of some classes, else 0; (H, W) uint8.

    A mark that covers no whole pixel still covers one.
    """
    height, width = photo_hw
    mask = Image.new("L", (width, height), 0)
    draw = ImageDraw.Draw(mask)
    for mark in photo.marks:
        if mark.kind in kinds:
            _fill(draw, mark, value)
    return np.array(mask)


def _fill(draw: ImageDraw.ImageDraw, mark: Mark, value: int) -> None:
    if mark.polygon:
        draw.polygon(list(mark.polygon), fill=value)
        return
    left, top, right, bottom = (round(side) for side in mark.box_ltrb)
    # Pillow's boxes hold their last row and column, ours do not.
    draw.rectangle((left, top, max(left, right - 1), max(top, bottom - 1)), fill=value)
