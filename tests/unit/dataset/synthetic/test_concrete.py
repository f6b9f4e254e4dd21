from __future__ import annotations

import numpy as np
import pytest

from crackscope.dataset.synthetic import Aggregate, make_concrete, photograph


@pytest.mark.parametrize("aggregate", list(Aggregate))
def test_every_aggregate_has_texture_and_colour(aggregate: Aggregate) -> None:
    surface = make_concrete(np.random.default_rng(0), (90, 120), aggregate=aggregate)
    assert surface.shape == (90, 120, 3)
    assert surface.dtype == np.uint8
    assert surface.std() > 1
    assert 20 < surface.mean() < 245


def test_the_same_seed_makes_the_same_surface() -> None:
    one, other = (make_concrete(np.random.default_rng(3), (64, 64)) for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_a_vignette_darkens_the_corners() -> None:
    grey = np.full((200, 300, 3), 180, dtype=np.uint8)
    photos = [photograph(grey, np.random.default_rng(seed), vignette=0.5) for seed in range(10)]
    corners = np.mean([photo[:20, :20].mean() + photo[-20:, -20:].mean() for photo in photos]) / 2
    assert corners < np.mean([photo[90:110, 140:160].mean() for photo in photos]) - 40


def test_a_camera_adds_noise_to_every_surface() -> None:
    grey = np.full((100, 100, 3), 180, dtype=np.uint8)
    assert photograph(grey, np.random.default_rng(0)).std() > 0.2
