"""What gets into a picture beside the wall: leaves, wires at the border, and what saving it left behind."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.dataset.synthetic.finish import Finish, Look
from crackscope.dataset.synthetic.lines import paint_polygons, paint_strokes
from crackscope.dataset.synthetic.noise import profile
from crackscope.dataset.synthetic.shapes import Points, Stroke


def leaves(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Twigs and leaves that hang into the picture from one of its borders."""
    height, width = pixels_hwc.shape[:2]
    side_px = min(height, width)
    green = (rng.uniform(0.9, 1.2), rng.uniform(0.5, 0.9), rng.uniform(1.0, 1.4))
    for _ in range(int(rng.integers(1, 4))):
        start, inwards = _border(rng, (height, width))
        length_px = side_px * rng.uniform(0.1, 0.5)
        t = np.linspace(0, 1, 20)[:, None]
        bow = np.array([-inwards[1], inwards[0]]) * rng.normal(0, 0.3) * length_px
        twig = start + inwards * length_px * t + bow * t**2
        width_px = rng.uniform(0.6, 0.012 * side_px + 1.2)
        bark = Finish(darkness=rng.uniform(0.35, 0.9), tint_rgb=(0.95, 1.0, 1.08))
        paint_strokes(pixels_hwc, [Stroke(twig, np.full((20, 2), 0.5 * width_px))], bark, look, rng)
        size_px = side_px * rng.uniform(0.02, 0.12)
        blades = [_leaf(rng, twig[i], size_px) for i in rng.integers(0, 20, int(rng.integers(3, 18)))]
        blade = Finish(darkness=rng.uniform(0.25, 0.85), tint_rgb=green, lip=rng.uniform(0, 0.3))
        paint_polygons(pixels_hwc, blades, blade, look, rng)


def border_wire(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """A cable, rail or the camera's own leg that only just reaches into the picture along a border."""
    height, width = pixels_hwc.shape[:2]
    side_px = min(height, width)
    upright, low = rng.random() < 0.5, rng.random() < 0.5
    along, across = (height, width) if upright else (width, height)
    offset = across * rng.uniform(0.0, 0.12)
    t = np.linspace(-0.1, 1.1, 40)
    sideways = offset + side_px * (rng.normal(0, 0.03) * (t - 0.5) + rng.normal(0, 0.06) * (t - 0.5) ** 2)
    sideways = sideways if low else across - sideways
    points = np.stack([sideways, t * along] if upright else [t * along, sideways], axis=1)
    width_px = float(np.exp(rng.uniform(np.log(1.0), np.log(0.05 * side_px + 1.5))))
    body = Finish(
        darkness=rng.uniform(0.35, 0.95) if rng.random() < 0.75 else -rng.uniform(0.2, 0.45),
        lip=rng.uniform(0, 0.35),
    )
    paint_strokes(pixels_hwc, [Stroke(points, np.full((40, 2), 0.5 * width_px))], body, look, rng)


def jpeg_blocks(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """A bright wall saved too small: the steps and ringing of 8-pixel blocks stand on it as faint lines."""
    level = float(pixels_hwc.mean())
    if level < 170 and rng.random() < 0.7:
        gain = rng.uniform(190, 235) / max(level, 1.0)
        pixels_hwc[:] = np.clip(pixels_hwc * np.float32(gain) + np.float32(0.5), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels_hwc).save(file, "JPEG", quality=int(rng.integers(4, 22)))
    pixels_hwc[:] = np.asarray(Image.open(file).convert("RGB"))


def _border(
    rng: np.random.Generator, photo_hw: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A place just outside a border, and a direction into the picture."""
    height, width = photo_hw
    turn, at = int(rng.integers(4)), rng.uniform(0, 1)
    start = [(at * width, -2.0), (width + 2.0, at * height), (at * width, height + 2.0), (-2.0, at * height)]
    heading = (np.pi / 2) * (turn + 1) + rng.normal(0, 0.5)
    return np.array(start[turn]), np.array([np.cos(heading), np.sin(heading)])


def _leaf(rng: np.random.Generator, stalk_xy: NDArray[np.float64], size_px: float) -> Points:
    """A pointed oval that starts at its stalk."""
    t = np.linspace(0, 1, 10)
    half = size_px * rng.uniform(0.15, 0.35) * np.sin(np.pi * t) * (1 + 0.1 * profile(rng, 10, 4))
    length_px, turn = size_px * rng.uniform(0.6, 1.4), rng.uniform(0, 2 * np.pi)
    x = np.concatenate([t, t[::-1]]) * length_px
    y = np.concatenate([half, -half[::-1]])
    turned = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
    return np.asarray(stalk_xy + turned)
