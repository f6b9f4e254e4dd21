"""A tiny model and photos whose scores are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.bundle import Bundle
from crackscope.inference.classifier import CrackClassifier
from tests.helpers.bundles import write_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """Scores the mean darkness: black 0.982, mid-grey 0.5, white 0.018."""
    return write_tiny_bundle(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def classifier(tiny_bundle: Bundle) -> CrackClassifier:
    return CrackClassifier.load(tiny_bundle, threads=2)


@pytest.fixture
def grey_photo(tmp_path: Path) -> Callable[[str, int], Path]:
    """Make a PNG of one grey value."""

    def make(name: str, grey: int, size_hw: tuple[int, int] = (64, 64)) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((*size_hw, 3), grey, np.uint8)).save(path)
        return path

    return make
