"""Small patches of noise, half of them with a dark line: a network learns something in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def write_patches(folder: Path, count: int, *, side_px: int = 48, seed: int = 0) -> list[Path]:
    """Write ``count`` PNG patches per class into ``folder/Positive`` and ``folder/Negative``."""
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        for name in ("Positive", "Negative"):
            pixels = rng.normal(170, 12, (side_px, side_px, 1)) + rng.normal(0, 4, (1, 1, 3))
            if name == "Positive":
                column = int(rng.integers(8, side_px - 10))
                pixels[:, column : column + 3] -= 110
            path = folder / name / f"{number:05d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)
            paths.append(path)
    return paths
