"""A scanner whose model is mean darkness, and photos whose every answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from crackscope.bundle import Bundle
from tests.helpers.bundles import write_tiny_bundle

#: Both saturate the stand-in model: its logit is 4 on black and -4 on white.
SOUND, CRACKED = 250, 5


@pytest.fixture(scope="session")
def dark_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Score = darkness; trained, so to say, on patches of 64 pixels."""
    folder = tmp_path_factory.mktemp("scan") / "dark"
    return write_tiny_bundle(folder, patch_px=64, calibration_scale=4.0)


def wall(height: int, width: int, *dark_boxes: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Pale concrete with dark boxes (left, top, right, bottom)."""
    pixels = np.full((height, width, 3), SOUND, np.uint8)
    for left, top, right, bottom in dark_boxes:
        pixels[top:bottom, left:right] = CRACKED
    return pixels


def save_wall(path: Path, height: int, width: int, *dark_boxes: tuple[int, int, int, int]) -> Path:
    """Write a wall losslessly."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(wall(height, width, *dark_boxes)).save(path)
    return path
