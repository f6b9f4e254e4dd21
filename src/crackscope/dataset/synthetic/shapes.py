"""Strokes and polygons in pixel coordinates, and how much of each pixel they cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Points = NDArray[np.float64]
"""x, y in pixels, shape (N, 2); the centre of the top left pixel is (0.5, 0.5)."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""

#: Subpixels per side of a pixel: 16 levels of coverage and lines from a quarter of a pixel up.
_FINE = 4

#: Larger canvases are drawn tile by tile, so that a 12-megapixel photo needs no 192-megapixel canvas.
_TILE_PX = 512

_PAD_PX = 1


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line of varying width.

    Attributes:
        points_xy: Its middle, shape (N, 2), N >= 2.
        halves_px: How far it reaches to its left and right at each point, shape (N, 2).
    """

    points_xy: Points
    halves_px: NDArray[np.float64]

    def outline(self) -> Points:
        """The polygon around the stroke."""
        # Pillow also fills the subpixels that the outline runs through: half a subpixel on each side.
        points, halves = self.points_xy, np.maximum(self.halves_px - 0.5 / _FINE, 0.0)
        # Across a wide stroke the direction is that of a stretch as long as it is wide; otherwise the two
        # sides of a jagged line would cross each other.
        spacing = float(np.hypot(*(points[1] - points[0]))) or 1.0
        reach = int(np.clip(round(2 * float(halves.max()) / spacing), 1, max(1, len(points) // 3)))
        ahead = np.concatenate([points[reach:], np.repeat(points[-1:], reach, axis=0)])
        behind = np.concatenate([np.repeat(points[:1], reach, axis=0), points[:-reach]])
        along = ahead - behind
        along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
        across = np.stack([-along[:, 1], along[:, 0]], axis=1)
        left, right = points - across * halves[:, :1], points + across * halves[:, 1:]
        return np.concatenate([left, right[::-1]])


def bounding_box(polygons: Sequence[Points], photo_hw: tuple[int, int], margin_px: int) -> Box:
    """The part of the photo that the polygons touch, with a margin; empty boxes have no area."""
    height, width = photo_hw
    low = np.min([polygon.min(axis=0) for polygon in polygons], axis=0)
    high = np.max([polygon.max(axis=0) for polygon in polygons], axis=0)
    left, top = (int(v) for v in np.clip(np.floor(low) - margin_px, 0, (width, height)))
    right, bottom = (int(v) for v in np.clip(np.ceil(high) + margin_px, (left, top), (width, height)))
    return left, top, right, bottom


def cover(polygons: Sequence[Points], box: Box) -> NDArray[np.uint8]:
    """How much of each pixel of the box the union of the polygons covers, 0..255."""
    left, top, right, bottom = box
    if right - left <= _TILE_PX and bottom - top <= _TILE_PX:
        return _cover_tile(polygons, box)
    bounds = [(polygon.min(axis=0), polygon.max(axis=0)) for polygon in polygons]
    covered = np.zeros((bottom - top, right - left), dtype=np.uint8)
    for y in range(top, bottom, _TILE_PX):
        for x in range(left, right, _TILE_PX):
            tile = (x, y, min(x + _TILE_PX, right), min(y + _TILE_PX, bottom))
            inside = [
                polygon
                for polygon, (low, high) in zip(polygons, bounds, strict=True)
                if low[0] <= tile[2] and high[0] >= tile[0] and low[1] <= tile[3] and high[1] >= tile[1]
            ]
            if inside:
                covered[y - top : tile[3] - top, x - left : tile[2] - left] = _cover_tile(inside, tile)
    return covered


def blob(
    rng: np.random.Generator, centre_xy: NDArray[np.float64], radius_px: float, *, roughness: float = 0.3
) -> Points:
    """An irregular closed outline: a pore, a chip, a speck."""
    corners = int(rng.integers(7, 12))
    angles = (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) * (2 * np.pi / corners)
    radii = radius_px * (1 + roughness * rng.standard_normal(corners).clip(-2, 2))
    squeeze, turn = rng.uniform(0.5, 1.0), rng.uniform(0, np.pi)
    x, y = radii * np.cos(angles), radii * np.sin(angles) * squeeze
    turned = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
    # Small ones look round anyway; large ones would show their corners.
    return np.asarray(centre_xy + (_round_off(turned) if radius_px > 4 else turned))


def _round_off(polygon: Points) -> Points:
    """Cut the corners of a closed polygon twice (Chaikin, 1974)."""
    for _ in range(2):
        following = np.roll(polygon, -1, axis=0)
        polygon = np.stack([0.75 * polygon + 0.25 * following, 0.25 * polygon + 0.75 * following], axis=1)
        polygon = polygon.reshape(-1, 2)
    return polygon


def _cover_tile(polygons: Sequence[Points], box: Box) -> NDArray[np.uint8]:
    # Pillow draws what it clips a little differently: a margin keeps neighbouring tiles seamless.
    left, top, right, bottom = box[0] - _PAD_PX, box[1] - _PAD_PX, box[2] + _PAD_PX, box[3] + _PAD_PX
    canvas = Image.new("L", ((right - left) * _FINE, (bottom - top) * _FINE))
    draw = ImageDraw.Draw(canvas)
    for polygon in polygons:
        # Pillow cuts coordinates off towards zero; rounded down they are the same in every tile.
        draw.polygon(np.floor((polygon - (left, top)) * _FINE).ravel().tolist(), fill=255)
    return np.asarray(canvas.reduce(_FINE))[_PAD_PX:-_PAD_PX, _PAD_PX:-_PAD_PX]
