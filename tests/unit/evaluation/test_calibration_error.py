"""The calibration error: zero on average for a calibrated model, the true gap for another."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.evaluation.calibration_error import (
    MIN_PHOTOS_PER_BIN,
    N_BINS,
    score_bins,
    squared_calibration_error,
)


def _draw(generator: np.random.Generator, n: int, shift: float = 0.0) -> tuple[NDArray, NDArray]:
    scores = generator.uniform(0.1, 0.9, n)
    return (generator.random(n) < scores + shift).astype(np.int64), scores


@pytest.mark.parametrize("n", [10, 60, 400])
def test_its_square_is_zero_on_average_for_a_calibrated_model(n: int) -> None:
    generator = np.random.default_rng(0)
    values = np.array([squared_calibration_error(*_draw(generator, n)) for _ in range(2000)])

    assert abs(values.mean()) < 4 * values.std() / np.sqrt(values.size)
    # Noise around zero, not clipped at it.
    assert 0.3 < (values < 0).mean() < 0.8


def test_the_usual_estimator_would_be_far_from_zero_there() -> None:
    generator = np.random.default_rng(0)
    usual = []
    for _ in range(200):
        labels, scores = _draw(generator, 400)
        gaps = np.bincount(score_bins(scores), labels - scores)
        usual.append(np.abs(gaps).sum() / 400)

    assert np.mean(usual) > 0.04


@pytest.mark.parametrize("shift", [0.1, -0.1])
def test_a_constant_gap_is_found(shift: float) -> None:
    generator = np.random.default_rng(0)
    values = [squared_calibration_error(*_draw(generator, 500, shift)) for _ in range(500)]

    assert np.mean(values) == pytest.approx(shift**2, rel=0.1)


def test_equal_scores_share_a_bin_whatever_their_order() -> None:
    scores = np.repeat([0.0, 0.2, 1.0], [90, 5, 105])
    bins = score_bins(scores)

    assert all(np.unique(bins[scores == value]).size == 1 for value in (0.0, 0.2, 1.0))
    assert np.unique(bins).size >= 2


def test_bins_are_few_where_photos_are_few() -> None:
    scores = np.linspace(0, 1, 10_000)

    assert np.unique(score_bins(scores[:: 10_000 // (MIN_PHOTOS_PER_BIN + 5)])).size == 1
    assert np.bincount(score_bins(scores)).tolist() == [10_000 // N_BINS] * N_BINS


def test_a_photo_alone_says_nothing() -> None:
    assert squared_calibration_error(np.array([1]), np.array([0.1])) == 0
