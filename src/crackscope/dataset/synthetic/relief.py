"""Light, dirt and things on or in the surface: edges, cables, shadows, stains, pores and moss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from crackscope.dataset.synthetic.finish import Finish, Look
from crackscope.dataset.synthetic.lines import paint_polygons, paint_strokes, straight, tone_side
from crackscope.dataset.synthetic.noise import field
from crackscope.dataset.synthetic.shapes import Points, Stroke, blob, cover


def edge(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Two surfaces of different brightness meet, with or without a dark or bright line between them."""
    height, width = pixels_hwc.shape[:2]
    through = rng.uniform(0.15, 0.85, 2) * (width, height)
    heading = rng.uniform(0, 2 * np.pi)
    tone_side(pixels_hwc, through, heading, rng.uniform(0.4, 0.9), blur_px=float(rng.uniform(0.4, 4)))
    if rng.random() < 0.6:
        stroke = straight(rng, pixels_hwc, through, heading, float(rng.uniform(0.6, 5)))
        darkness = rng.uniform(0.1, 0.7) if rng.random() < 0.6 else -rng.uniform(0.1, 0.5)
        paint_strokes(pixels_hwc, [stroke], Finish(darkness=darkness), look, rng)


def cable(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """A wire, cable or bar in front of the wall: a smooth even curve and its shadow beside it."""
    height, width = pixels_hwc.shape[:2]
    side_px = min(height, width)
    for _ in range(int(rng.integers(1, 3))):
        width_px = float(np.exp(rng.uniform(np.log(1.2), np.log(0.06 * side_px + 1.5))))
        points = _curve(rng, pixels_hwc, sag=0.25)
        halves = np.full((len(points), 2), 0.5 * width_px)
        away = -np.array(look.light_xy) * width_px * rng.uniform(0.8, 3.0)
        soft = Look(look.light_xy, 0.0, look.texture, float(rng.uniform(0.6, 2.5)), look.level)
        shade = Finish(darkness=rng.uniform(0.15, 0.55))
        paint_strokes(pixels_hwc, [Stroke(points + away, halves)], shade, soft, rng)
        if rng.random() < 0.75:
            tint = (1 + rng.normal(0, 0.15, 3)).clip(0.5, 1.3)
            body = Finish(
                darkness=rng.uniform(0.3, 0.9) if rng.random() < 0.7 else -0.4,
                tint_rgb=(float(tint[0]), float(tint[1]), float(tint[2])),
                lip=0.25,
            )
            paint_strokes(pixels_hwc, [Stroke(points, halves)], body, look, rng)


def shadow(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Cast shadows: a pole's bars or a bush's blotches, with hard or soft borders."""
    height, width = pixels_hwc.shape[:2]
    side_px = min(height, width)
    if rng.random() < 0.6:
        heading = rng.uniform(0, np.pi)
        polygons = [
            straight(
                rng,
                pixels_hwc,
                rng.uniform(0, 1, 2) * (width, height),
                heading + rng.normal(0, 0.05),
                side_px * rng.uniform(0.02, 0.3),
                wander=0.0,
            ).outline()
            for _ in range(int(rng.integers(1, 4)))
        ]
    else:
        polygons = [
            blob(rng, rng.uniform(0, 1, 2) * (width, height), side_px * rng.uniform(0.05, 0.3))
            for _ in range(int(rng.integers(2, 9)))
        ]
    shade_hw = cover(polygons, (0, 0, width, height))
    border_px = float(np.exp(rng.uniform(np.log(0.5), np.log(0.06 * side_px))))
    tone(pixels_hwc, shade_hw, rng.uniform(0.2, 0.6), (1.05, 1.0, 0.92), blur_px=border_px)


def stain(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Damp, dirt, rust or efflorescence: blotches, or runs downwards."""
    height, width = pixels_hwc.shape[:2]
    side_px = min(height, width)
    if rng.random() < 0.5:
        cells = [0.4 * side_px, 0.15 * side_px, 0.05 * side_px]
        pattern = field(rng, (height, width), cells, weights=[1.0, 0.7, 0.5])
    else:
        cells = [0.1 * side_px, 0.03 * side_px]
        pattern = field(rng, (width, height), cells, stretch=rng.uniform(6, 15)).T
    level, sharpness = rng.uniform(0.2, 1.2), rng.uniform(0.8, 8.0)
    share = np.clip((pattern - level) * sharpness, 0, 1)
    tints = ((1.0, 1.0, 1.0), (0.3, 0.8, 1.2), (1.05, 0.9, 1.1), (1.0, 1.0, 1.1))
    tint = tints[int(rng.integers(len(tints)))]
    strength = rng.uniform(0.1, 0.5) if rng.random() < 0.65 else -rng.uniform(0.15, 0.7)
    tone(pixels_hwc, (share * 255).astype(np.uint8), strength, tint, blur_px=0.0)


def pores(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Bug holes of all sizes, with light and shade in them."""
    count = int(np.exp(rng.uniform(np.log(4), np.log(90))))
    drill(pixels_hwc, rng, look, count=count, radius_px=0.009 * min(pixels_hwc.shape[:2]) + 0.5)


def drill(
    pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look, *, count: int, radius_px: float
) -> None:
    """Scatter holes of about the given radius, in place."""
    height, width = pixels_hwc.shape[:2]
    radii = np.exp(rng.normal(np.log(radius_px), 0.55, count)).clip(0.5, 7 * radius_px)
    holes = [
        blob(rng, centre, radius)
        for centre, radius in zip(rng.uniform(0, 1, (count, 2)) * (width, height), radii, strict=True)
    ]
    finish = Finish(darkness=rng.uniform(0.3, 0.85), lip=rng.uniform(0.05, 0.4), lip_px=1.5)
    paint_polygons(pixels_hwc, holes, finish, look, rng)


def moss(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Clusters of dark or green specks; sometimes strung out along a line."""
    height, width = pixels_hwc.shape[:2]
    specks: list[Points] = []
    for _ in range(int(rng.integers(1, 5))):
        centre = rng.uniform(0, 1, 2) * (width, height)
        spread = min(height, width) * rng.uniform(0.02, 0.2, 2)
        count = int(rng.integers(8, 50))
        specks += [
            blob(rng, centre + spread * rng.standard_normal(2), float(rng.uniform(0.6, 3.0)))
            for _ in range(count)
        ]
    greenness = rng.uniform(0, 0.35)
    finish = Finish(darkness=rng.uniform(0.25, 0.75), tint_rgb=(1.0, 1 - greenness, 1.1))
    paint_polygons(pixels_hwc, specks, finish, look, rng)


def tone(
    pixels_hwc: NDArray[np.uint8],
    share_hw: NDArray[np.uint8],
    strength: float,
    tint_rgb: tuple[float, float, float],
    *,
    blur_px: float,
) -> None:
    """Darken (or, negative, whiten) by a map of 0..255, in place."""
    softened = Image.fromarray(share_hw)
    if blur_px:
        # Two passes of a box are close to a Gaussian.
        softened = softened.filter(ImageFilter.BoxBlur(blur_px)).filter(ImageFilter.BoxBlur(blur_px))
    share = np.asarray(softened) * np.float32(abs(strength) / 255)
    for channel in range(3):
        values = pixels_hwc[:, :, channel].astype(np.float32)
        amount = share * np.float32(tint_rgb[channel])
        values += amount * (-values if strength > 0 else 245 - values)
        pixels_hwc[:, :, channel] = np.clip(values + 0.5, 0, 255).astype(np.uint8)


def _curve(rng: np.random.Generator, pixels_hwc: NDArray[np.uint8], *, sag: float) -> Points:
    """A smooth bow from one border to another."""
    height, width = pixels_hwc.shape[:2]
    heading = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(heading), np.sin(heading)]) * 0.75 * np.hypot(height, width)
    middle = rng.uniform(0.2, 0.8, 2) * (width, height)
    bow = np.array([-along[1], along[0]]) * rng.normal(0, sag)
    t = np.linspace(-1, 1, 60)[:, None]
    return np.asarray(middle + along * t + bow * (t**2 - 0.3))
