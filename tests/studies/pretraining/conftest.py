from __future__ import annotations

import numpy as np
import pytest

from studies.pretraining.images import STORED_PX, ImagePool
from studies.pretraining.plan import PretrainPlan


def textured(count: int, seed: int) -> np.ndarray:
    """Smooth grey textures with some grain, as uint8 (N, STORED_PX, STORED_PX, 3)."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 200, (count, 10, 10, 1)).repeat(STORED_PX // 10, 1).repeat(STORED_PX // 10, 2)
    grain = rng.integers(-15, 15, (count, STORED_PX, STORED_PX, 3))
    return np.clip(coarse + grain, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def pools() -> list[ImagePool]:
    return [
        ImagePool(source="metu", concrete=True, pixels_nhwc=textured(6, 0)),
        ImagePool(source="caltech101", concrete=False, pixels_nhwc=textured(5, 1)),
    ]


@pytest.fixture
def plan() -> PretrainPlan:
    """Small enough for a step in a moment, from random weights; everything else as shipped."""
    return PretrainPlan(batch=4, sizes_px=(32, 64), warmup_steps=2, inherit=False)
