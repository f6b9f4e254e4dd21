"""Small real JPEG and PNG files for the tests of this room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def noise(seed: int, *, side_px: int = 48, smooth: int = 6) -> Image.Image:
    """A patch of smooth noise that differs for every seed."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(40, 215, (smooth, smooth, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((side_px, side_px), Image.Resampling.BICUBIC)


def save(image: Image.Image, path: Path, **options: object) -> Path:
    """Write the image, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)
    return path


def make_classes(root: Path, count: int, *, first_seed: int = 0) -> Path:
    """``count`` different photos in each of ``root/Positive`` and ``root/Negative``."""
    for offset, label in enumerate(("Positive", "Negative")):
        for number in range(count):
            seed = first_seed + offset * count + number
            save(noise(seed), root / label / f"{number + 1:05d}.png")
    return root
