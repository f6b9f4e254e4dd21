"""Where surfaces meet or end: shaded corners, kerbs, plank edges, drip edges and chipped corners."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic.finish import Finish, Look
from crackscope.dataset.synthetic.lines import paint_polygons, paint_strokes, straight, tone_side
from crackscope.dataset.synthetic.noise import lumps, profile
from crackscope.dataset.synthetic.relief import tone
from crackscope.dataset.synthetic.shapes import Points, Stroke, blob, cover


def shaded_corner(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Two walls meet: each gets darker towards the corner, one lies in the shade, and there is no line."""
    through, heading = _place(rng, pixels_hwc), _upright(rng)
    away_px = np.abs(_distance(pixels_hwc.shape[:2], through, heading))
    reach_px = min(pixels_hwc.shape[:2]) * rng.uniform(0.02, 0.25)
    shade = (255 * np.exp(-away_px / reach_px)).astype(np.uint8)
    tone(pixels_hwc, shade, rng.uniform(0.15, 0.65), (1.03, 1.0, 0.95), blur_px=0.0)
    tone_side(pixels_hwc, through, heading, rng.uniform(0.45, 0.95), blur_px=float(rng.uniform(0.4, 2.5)))


def kerb(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """A kerb, girder or bearing: two surfaces, a bright arris between them and its shadow beside it."""
    through, heading = _place(rng, pixels_hwc), _upright(rng)
    side_px = min(pixels_hwc.shape[:2])
    across = np.array([-np.sin(heading), np.cos(heading)])
    tone_side(pixels_hwc, through, heading, rng.uniform(0.55, 1.1), blur_px=float(rng.uniform(0.4, 1.5)))
    shade_px = side_px * rng.uniform(0.01, 0.1)
    shadow = straight(rng, pixels_hwc, through + across * 0.5 * shade_px, heading, shade_px, wander=0.03)
    dark = Finish(darkness=rng.uniform(0.25, 0.9), slope_px=0.3 * shade_px if shade_px > 4 else 0.0)
    paint_strokes(pixels_hwc, [shadow], dark, look, rng)
    if rng.random() < 0.7:
        arris_px = rng.uniform(0.6, 0.03 * side_px + 1)
        arris = straight(rng, pixels_hwc, through - across * 0.5 * arris_px, heading, arris_px, wander=0.1)
        paint_strokes(pixels_hwc, [arris], Finish(darkness=-rng.uniform(0.1, 0.4)), look, rng)


def plank_edge(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Boards that stood proud of each other: a step with a thin wavering shadow, grain on one side."""
    height, width = pixels_hwc.shape[:2]
    through, heading = _place(rng, pixels_hwc), _upright(rng)
    upright = abs(np.sin(heading)) > abs(np.cos(heading))
    view_hw = (width, height) if upright else (height, width)
    grain = lumps(rng, view_hw, rng.uniform(1.2, 4.0), stretch=rng.uniform(12, 40))
    grain = np.ascontiguousarray(grain.T) if upright else grain
    one_side = _distance((height, width), through, heading) > 0
    tone(pixels_hwc, np.where(one_side, grain, 0), rng.uniform(0.05, 0.3), (1.0, 1.0, 1.0), blur_px=0.0)
    tone_side(pixels_hwc, through, heading, 1 + rng.normal(0, 0.08), blur_px=0.8)
    edge = straight(rng, pixels_hwc, through, heading, rng.uniform(0.5, 3.5), wander=rng.uniform(0.1, 0.6))
    finish = Finish(darkness=rng.uniform(0.15, 0.75), lip=rng.uniform(0.0, 0.35))
    paint_strokes(pixels_hwc, [edge], finish, look, rng)


def drip_edge(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """The groove that water drips from: a dark straight line, and streaks that run from it."""
    height, width = pixels_hwc.shape[:2]
    y = height * rng.uniform(0.02, 0.6)
    heading = float(rng.normal(0, 0.03))
    groove_px = float(np.exp(rng.uniform(np.log(0.8), np.log(0.03 * height + 2))))
    through = np.array([width / 2, y])
    line = straight(rng, pixels_hwc, through, heading, groove_px, wander=0.05)
    dark = Finish(darkness=rng.uniform(0.2, 0.85), lip=rng.uniform(0, 0.4))
    paint_strokes(pixels_hwc, [line], dark, look, rng)
    runs = []
    for x in rng.uniform(0, width, int(rng.integers(3, 16))):
        length_px, wide_px = height * rng.uniform(0.05, 0.9), rng.uniform(1.0, 0.06 * width + 2)
        points = np.stack([x + 1.2 * profile(rng, 16, 4), np.linspace(y, y + length_px, 16)], axis=1)
        halves = 0.5 * wide_px * np.linspace(1, rng.uniform(0.1, 0.9), 16)[:, None] * (1.0, 1.0)
        runs.append(Stroke(points, halves).outline())
    shade = cover(runs, (0, 0, width, height))
    strength = rng.uniform(0.1, 0.45) if rng.random() < 0.75 else -rng.uniform(0.15, 0.5)
    tone(pixels_hwc, shade, strength, (1.0, 1.0, 1.0), blur_px=float(rng.uniform(0.5, 0.02 * width + 1)))


def chipped_corner(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """An arris with pieces broken off: a ragged pale or dark fringe along the border of two surfaces."""
    side_px = min(pixels_hwc.shape[:2])
    through, heading = _place(rng, pixels_hwc), _upright(rng)
    tone_side(pixels_hwc, through, heading, rng.uniform(0.3, 0.85), blur_px=float(rng.uniform(0.4, 2)))
    along = np.array([np.cos(heading), np.sin(heading)])
    reach = float(np.hypot(*pixels_hwc.shape[:2])) / 2
    chips: list[Points] = []
    for _ in range(int(rng.integers(5, 26))):
        radius_px = float(np.exp(rng.uniform(np.log(1.5), np.log(0.08 * side_px + 2))))
        chips.append(blob(rng, through + along * rng.uniform(-reach, reach), radius_px, roughness=0.35))
    finish = Finish(
        darkness=rng.uniform(-0.35, 0.45),
        lip=rng.uniform(0.15, 0.45),
        lip_px=1.5,
        rim=rng.uniform(0.0, 0.5),
    )
    paint_polygons(pixels_hwc, chips, finish, look, rng)


def _place(rng: np.random.Generator, pixels_hwc: NDArray[np.uint8]) -> NDArray[np.float64]:
    height, width = pixels_hwc.shape[:2]
    return np.asarray(rng.uniform(0.1, 0.9, 2) * (width, height))


def _upright(rng: np.random.Generator) -> float:
    heading = (np.pi / 2) * rng.integers(0, 4) + rng.normal(0, 0.06)
    return float(heading if rng.random() < 0.75 else rng.uniform(0, 2 * np.pi))


def _distance(
    photo_hw: tuple[int, ...], through_xy: NDArray[np.float64], heading: float
) -> NDArray[np.float32]:
    """Of every pixel from a line, in pixels; positive to its left."""
    x = (np.arange(photo_hw[1], dtype=np.float32) - np.float32(through_xy[0])) * np.float32(-np.sin(heading))
    y = (np.arange(photo_hw[0], dtype=np.float32) - np.float32(through_xy[1])) * np.float32(np.cos(heading))
    return np.asarray(x[None, :] + y[:, None])
