from __future__ import annotations

import numpy as np
import pytest

from crackscope.dataset.synthetic import make_patch, make_photo
from crackscope.labels import Label


@pytest.mark.parametrize("label", list(Label))
def test_a_patch_has_the_label_that_was_asked_for(label: Label) -> None:
    for seed in range(10):
        scene = make_patch(np.random.default_rng(seed), label, 96)
        assert scene.label is label
        assert scene.pixels_hwc.shape == (96, 96, 3)
        assert scene.mask_hw.any() == (label is Label.POSITIVE)


def test_some_negatives_and_some_positives_have_hard_negatives() -> None:
    for label in Label:
        scenes = [make_patch(np.random.default_rng(seed), label, 64) for seed in range(40)]
        assert 0 < sum(bool(scene.distractors) for scene in scenes) < 40


def test_a_photo_has_the_cracks_that_were_asked_for() -> None:
    scene = make_photo(np.random.default_rng(1), (300, 420), cracks=3)
    assert len(scene.cracks) == 3
    assert scene.mask_hw.shape == (300, 420)
    assert all(width_px >= 2 for _, width_px in scene.cracks)


def test_a_healthy_photo_has_an_empty_mask() -> None:
    scene = make_photo(np.random.default_rng(1), (300, 420), cracks=0)
    assert scene.label is Label.NEGATIVE
    assert not scene.mask_hw.any()
