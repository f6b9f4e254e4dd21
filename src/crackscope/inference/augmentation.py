"""Test-time augmentation: a photo is also looked at corner by corner, and the odds of all looks are averaged.

A corner shows its part of the photo a third larger, so hairlines survive the resize to the model's input.
How the looks become one score is `outputs.average_odds`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crackscope.resizing import resize_rgb

#: The sides of a corner as a share of the photo's: neighbours overlap by half of the photo.
CORNER_SHARE = 0.75


def cut_corners(pixels_hwc: NDArray[np.uint8], input_hw: tuple[int, int]) -> tuple[NDArray[np.uint8], ...]:
    """The four overlapping corners of a photo (H, W, 3), each at the model's input size."""
    height, width = pixels_hwc.shape[:2]
    rows, columns = (max(1, round(CORNER_SHARE * side)) for side in (height, width))
    return tuple(
        resize_rgb(pixels_hwc[top : top + rows, left : left + columns], input_hw)
        for top in (0, height - rows)
        for left in (0, width - columns)
    )
