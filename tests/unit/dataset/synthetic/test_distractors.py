from __future__ import annotations

import numpy as np
import pytest

from crackscope.dataset.synthetic import DistractorKind, make_concrete, paint_distractor

WALL = make_concrete(np.random.default_rng(0), (150, 130))
WALL.flags.writeable = False


@pytest.mark.parametrize("kind", list(DistractorKind))
def test_every_kind_leaves_something_to_see(kind: DistractorKind) -> None:
    changed = []
    for seed in range(12):
        painted = paint_distractor(WALL, np.random.default_rng(seed), kind)
        assert painted.shape == WALL.shape
        assert painted.dtype == np.uint8
        changed.append((np.abs(painted.astype(int) - WALL).max(axis=2) > 8).sum())
    assert np.median(changed) > 40


@pytest.mark.parametrize("kind", list(DistractorKind))
def test_the_same_seed_paints_the_same_bytes(kind: DistractorKind) -> None:
    one, other = (paint_distractor(WALL, np.random.default_rng(5), kind) for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("size_hw", [(32, 32), (40, 300)])
def test_small_and_narrow_patches_can_be_painted(size_hw: tuple[int, int]) -> None:
    patch = make_concrete(np.random.default_rng(1), size_hw)
    for kind in DistractorKind:
        assert paint_distractor(patch, np.random.default_rng(2), kind).shape == patch.shape


def test_chance_draws_every_kind() -> None:
    pictures = {paint_distractor(WALL, np.random.default_rng(seed)).tobytes() for seed in range(20)}
    assert len(pictures) == 20
