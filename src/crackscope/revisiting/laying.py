"""The earlier photo in the later one's frame, and the cells at which the two can be compared."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscope.revisiting.registration import Fit, project

U8 = NDArray[np.uint8]

#: What may be missing at an edge, as a share of the longer side.
_EDGE_SHARE = 0.005
#: So many pixels tell the light of a photo.
_MOST_PIXELS = 200_000


def lay_over(earlier_hwc: U8, later_hwc: U8, fit: Fit) -> U8:
    """The earlier photo as the later camera would have seen it, in the later one's light.

    What the earlier photo does not show is filled from the later one: both scans then look at whole tiles,
    and nothing changes there.

    Returns:
        uint8 RGB of the later photo's size.
    """
    height, width = later_hwc.shape[:2]
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    warped = cv2.warpPerspective(earlier_hwc, fit.later_to_earlier, (width, height), flags=flags)
    whole = np.full(earlier_hwc.shape[:2], 255, np.uint8)
    known = cv2.warpPerspective(whole, fit.later_to_earlier, (width, height), flags=flags) == 255
    lit = _in_the_light_of(warped, later_hwc, known)
    return np.where(known[:, :, None], lit, later_hwc)


def comparable_cells(fit: Fit, photo_hw: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Cells that lie in a confirmed block or not far from one, bool (rows, columns)."""
    rows, columns = shape
    scale = np.array([columns / photo_hw[1], rows / photo_hw[0]] * 2)
    cells = np.zeros(shape, bool)
    for block in fit.blocks_ltrb:
        left, top, right, bottom = block * scale
        # Half a block around it: blocks stand apart, and a crack through one may change it.
        more_x, more_y = (right - left) / 2, (bottom - top) / 2
        cells[
            max(0, int(top - more_y)) : int(np.ceil(bottom + more_y)),
            max(0, int(left - more_x)) : int(np.ceil(right + more_x)),
        ] = True
    return cells & _shown(fit, photo_hw, shape)


def _shown(fit: Fit, photo_hw: tuple[int, int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Cells that the earlier photo shows whole, and their neighbours with them."""
    rows, columns = shape
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float64)
    shown, slack_px = np.ones(shape, bool), max(fit.earlier_hw) * _EDGE_SHARE
    for dy in (-1, 2):
        for dx in (-1, 2):
            at_xy = np.stack(
                [(x + dx).ravel() * photo_hw[1] / columns, (y + dy).ravel() * photo_hw[0] / rows], 1
            )
            at_xy = at_xy.clip(0, [photo_hw[1], photo_hw[0]])
            inside = project(fit.later_to_earlier, at_xy)
            height, width = fit.earlier_hw
            # A fit is never so exact that two photos with one edge end at the same number.
            shown &= (
                ((inside >= -slack_px) & (inside <= (width + slack_px, height + slack_px)))
                .all(1)
                .reshape(shape)
            )
    return shown


def _in_the_light_of(pixels_hwc: U8, model_hwc: U8, known: NDArray[np.bool_]) -> U8:
    """With the middle and the spread of each channel where both are known."""
    if not known.any():
        return pixels_hwc
    # Quartiles, because a new crack must not raise the contrast of the wall before it; every so many pixels.
    own, other = (each[known][:: 1 + known.size // _MOST_PIXELS] for each in (pixels_hwc, model_hwc))
    (low, middle, high), (to_low, to_middle, to_high) = (
        np.percentile(each, (25, 50, 75), axis=0) for each in (own, other)
    )
    gain = np.clip((to_high - to_low + 1) / (high - low + 1), 0.5, 2.0)
    shifted = (pixels_hwc.astype(np.float32) - middle) * gain + to_middle
    return np.asarray(np.clip(shifted + 0.5, 0, 255), np.uint8)
