"""A small data set whose scores are known: the stand-in model scores darkness."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.bundle import ReviewBand
from crackscope.inference.classifier import CrackClassifier
from tests.helpers.bundles import write_tiny_bundle

#: Grey levels, by class: one Positive is brighter than one Negative, so each model makes mistakes.
LEVELS = {"Positive": (30, 60, 90, 140, 20, 50), "Negative": (230, 200, 170, 120, 240, 220)}


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six photos of each class; Positive/4 is a copy of Positive/0."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for label, levels in LEVELS.items():
        (folder / label).mkdir()
        for index, level in enumerate(levels):
            texture = rng.integers(-15, 16, (64, 64, 1))
            pixels = np.clip(level + texture + np.zeros((1, 1, 3), dtype=int), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{index}.png")
    (folder / "Positive" / "4.png").write_bytes((folder / "Positive" / "0.png").read_bytes())
    return folder


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Threshold 0.5 and a review band around it."""
    folder = tmp_path_factory.mktemp("model")
    band = ReviewBand(low=0.4, high=0.6, alpha=0.05, fitted_on="nothing")
    return write_tiny_bundle(folder, review=band).folder


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same scores, but calls nearly everything Positive."""
    return write_tiny_bundle(tmp_path_factory.mktemp("other"), threshold=0.05).folder


@pytest.fixture(scope="session")
def classifier(model: Path) -> CrackClassifier:
    return CrackClassifier.load(model)
