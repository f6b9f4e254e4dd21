"""What people and animals leave on concrete: scratches, pencil, chalk, paint, spider webs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic.finish import Finish, Look
from crackscope.dataset.synthetic.lines import paint_polygons, paint_strokes
from crackscope.dataset.synthetic.noise import lumps, profile
from crackscope.dataset.synthetic.relief import tone
from crackscope.dataset.synthetic.shapes import Points, Stroke, blob, cover

_CHALKS = ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.95, 1.0, 0.4), (1.0, 0.45, 0.4), (0.4, 0.6, 1.0))


def scratch(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Thin pale scores, straight or slightly bowed, often several in one direction."""
    heading, side_px = rng.uniform(0, np.pi), min(pixels_hwc.shape[:2])
    strokes = [
        _even(
            _bow(rng, pixels_hwc, heading + rng.normal(0, 0.15), side_px * rng.uniform(0.2, 1.2), 0.05),
            rng.uniform(0.4, 1.8),
        )
        for _ in range(int(rng.integers(1, 7)))
    ]
    paint_strokes(pixels_hwc, strokes, Finish(darkness=-rng.uniform(0.1, 0.45)), look, rng)


def pencil(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Dark drawn lines: rulings, crosses and scribbles, grainy where the surface is rough."""
    _draw(
        pixels_hwc, rng, width_px=rng.uniform(0.6, 2.2), strength=rng.uniform(0.2, 0.7), tint=(1.0, 1.0, 1.0)
    )


def chalk(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Pale or coloured drawn lines, wide and grainy."""
    tint = _CHALKS[int(rng.integers(len(_CHALKS)))]
    _draw(pixels_hwc, rng, width_px=rng.uniform(1.5, 6.0), strength=-rng.uniform(0.3, 0.9), tint=tint)


def drip(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Paint or slurry that ran down and dried: smooth runs with a drop at the end, and splashes."""
    height, width = pixels_hwc.shape[:2]
    polygons: list[Points] = []
    for _ in range(int(rng.integers(1, 5))):
        start = rng.uniform((0.0, -0.2), (1.0, 0.6)) * (width, height)
        width_px, length_px = rng.uniform(1.5, 0.04 * width + 2), height * rng.uniform(0.1, 0.9)
        points = start + np.stack([1.5 * profile(rng, 24, 5), np.linspace(0, length_px, 24)], axis=1)
        halves = 0.5 * width_px * (1 + 0.25 * profile(rng, 24, 6)[:, None].clip(-2, 2) * (1.0, 1.0))
        polygons += [Stroke(points, halves).outline(), blob(rng, points[-1], 0.8 * width_px, roughness=0.08)]
    polygons += [
        blob(rng, rng.uniform(0, 1, 2) * (width, height), rng.uniform(0.6, 3.5), roughness=0.12)
        for _ in range(int(rng.integers(0, 12)))
    ]
    darkness = rng.uniform(0.15, 0.6) if rng.random() < 0.4 else -rng.uniform(0.2, 0.48)
    tint = (1 + rng.normal(0, 0.12, 3)).clip(0.4, 1.3)
    finish = Finish(
        darkness=darkness, tint_rgb=(float(tint[0]), float(tint[1]), float(tint[2])), lip=rng.uniform(0, 0.25)
    )
    paint_polygons(pixels_hwc, polygons, finish, look, rng)


def web(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Spider silk: faint taut threads from one anchor, joined by sagging ones."""
    height, width = pixels_hwc.shape[:2]
    anchor = rng.uniform(-0.1, 1.1, 2) * (width, height)
    reach = min(height, width) * rng.uniform(0.3, 1.0)
    spokes = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(5, 12))))
    tips = anchor + reach * np.stack([np.cos(spokes), np.sin(spokes)], axis=1) * rng.uniform(0.6, 1.2)
    threads = [np.linspace(anchor, tip, 12) for tip in tips]
    for ring in rng.uniform(0.2, 1.0, int(rng.integers(2, 9))):
        for one, other in pairwise(tips):
            start, end = anchor + (one - anchor) * ring, anchor + (other - anchor) * ring
            t = np.linspace(0, 1, 8)[:, None]
            threads.append(start + (end - start) * t + (anchor - 0.5 * (start + end)) * 0.25 * t * (1 - t))
    darkness = -rng.uniform(0.1, 0.4) if rng.random() < 0.75 else rng.uniform(0.1, 0.3)
    strokes = [_even(thread, rng.uniform(0.3, 0.8)) for thread in threads]
    paint_strokes(pixels_hwc, strokes, Finish(darkness=darkness), look, rng)


def _draw(
    pixels_hwc: NDArray[np.uint8],
    rng: np.random.Generator,
    *,
    width_px: float,
    strength: float,
    tint: tuple[float, float, float],
) -> None:
    height, width = pixels_hwc.shape[:2]
    polygons = [
        _even(points, width_px * rng.uniform(0.8, 1.2)).outline() for points in _writing(rng, pixels_hwc)
    ]
    covered = cover(polygons, (0, 0, width, height))
    # A pencil touches only what stands out.
    grain = lumps(rng, (height, width), 2.0).astype(np.float32) / 255
    touched = covered * np.clip(grain * 2.5 - rng.uniform(0.0, 0.8), 0, 1)
    tone(pixels_hwc, touched.astype(np.uint8), strength, tint, blur_px=0.4)


def _writing(rng: np.random.Generator, pixels_hwc: NDArray[np.uint8]) -> list[Points]:
    """Rulings, a cross or arrow, or a row of looping letters."""
    height, width = pixels_hwc.shape[:2]
    side_px, heading = min(height, width), rng.uniform(0, np.pi)
    chance = rng.random()
    if chance < 0.4:
        return [
            _bow(rng, pixels_hwc, heading + rng.normal(0, 0.02), side_px * rng.uniform(0.4, 1.5), 0.01)
            for _ in range(int(rng.integers(1, 4)))
        ]
    centre, size = rng.uniform(0.2, 0.8, 2) * (width, height), side_px * rng.uniform(0.05, 0.25)
    if chance < 0.6:
        turns = heading + np.array([0.0, np.pi / 2]) + rng.normal(0, 0.1, 2)
        return [centre + np.linspace(-size, size, 8)[:, None] * (np.cos(t), np.sin(t)) for t in turns]
    letters = []
    for place in range(int(rng.integers(1, 6))):
        t = np.linspace(0, rng.uniform(3, 9), 40)
        x = np.sin(t * rng.uniform(0.6, 1.2) + rng.uniform(0, 6)) * 0.35 * size + place * size
        y = np.cos(t + rng.uniform(0, 6)) * 0.6 * size
        letters.append(centre + np.stack([x, y], axis=1))
    return letters


def _bow(
    rng: np.random.Generator,
    pixels_hwc: NDArray[np.uint8],
    heading: float,
    length_px: float,
    sag: float,
) -> Points:
    height, width = pixels_hwc.shape[:2]
    half = 0.5 * length_px * np.array([np.cos(heading), np.sin(heading)])
    t = np.linspace(-1, 1, 24)[:, None]
    bow = np.array([-half[1], half[0]]) * rng.normal(0, sag)
    return np.asarray(rng.uniform(0.1, 0.9, 2) * (width, height) + half * t + bow * t**2)


def _even(points: Points, width_px: float) -> Stroke:
    return Stroke(points, np.full((len(points), 2), 0.5 * width_px))
