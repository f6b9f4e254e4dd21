"""Walls that were never photographed, and two views of one whose homography is known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]


def wall(seed: int, photo_hw: tuple[int, int] = (360, 480)) -> U8:
    """Grey noise of several sizes: features everywhere, the same for the same seed."""
    rng = np.random.default_rng(seed)
    height, width = photo_hw
    pixels = np.full(photo_hw, 170.0)
    for cell_px, strength in ((40, 4), (12, 6), (4, 8)):
        coarse = rng.normal(0, strength, (height // cell_px + 2, width // cell_px + 2)).astype(np.float32)
        pixels += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.repeat(np.clip(pixels, 60, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def view(pixels_hwc: U8, *, turn_deg: float = 4, zoom: float = 1.0, light: float = 1.0) -> tuple[U8, F64]:
    """A photo of a wall, a little turned about its middle, and the homography from the wall to it."""
    height, width = pixels_hwc.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, 1.15 * zoom)
    homography = np.vstack([turn, (5e-5, 2e-5, 1)])
    seen = cv2.warpPerspective(pixels_hwc, homography, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.clip(seen.astype(np.float64) * light, 0, 255).astype(np.uint8), homography


def crack(pixels_hwc: U8, begin_xy: tuple[int, int], end_xy: tuple[int, int], width_px: int = 4) -> U8:
    """With a dark ragged line."""
    rng = np.random.default_rng(0)
    points = np.linspace(begin_xy, end_xy, 40) + rng.normal(0, 2.5, (40, 2))
    line = [np.round(points).astype(np.int32)]
    return np.asarray(
        cv2.polylines(pixels_hwc.copy(), line, False, (35, 30, 30), width_px, cv2.LINE_AA), np.uint8
    )
