from __future__ import annotations

import numpy as np
import pytest

from crackscope.dataset.synthetic import WallKind, dress_wall, make_concrete

WALL = make_concrete(np.random.default_rng(0), (150, 130))
WALL.flags.writeable = False


@pytest.mark.parametrize("kind", list(WallKind))
def test_every_kind_of_wall_looks_unlike_the_photo(kind: WallKind) -> None:
    differences = []
    for seed in range(12):
        dressed = dress_wall(WALL, np.random.default_rng(seed), kind)
        differences.append(float(np.abs(dressed.astype(int) - WALL).mean()))
    assert np.median(differences) > 4


def test_a_dark_wall_is_dark_and_a_blue_one_blue() -> None:
    for seed in range(10):
        dark = dress_wall(WALL, np.random.default_rng(seed), WallKind.DARK)
        blue = dress_wall(WALL, np.random.default_rng(seed), WallKind.BLUE_CAST)
        assert dark.mean() < 100
        warmth = WALL[:, :, 2].mean() - WALL[:, :, 0].mean()
        assert blue[:, :, 2].mean() - blue[:, :, 0].mean() > warmth + 5


def test_chance_draws_every_kind() -> None:
    pictures = {dress_wall(WALL, np.random.default_rng(seed)).tobytes() for seed in range(20)}
    assert len(pictures) == 20
