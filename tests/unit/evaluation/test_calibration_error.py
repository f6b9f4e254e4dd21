"""The calibration error: zero on average for a calibrated model, the true gap for another."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.evaluation.calibration_error import (
    MIN_PHOTOS_PER_BIN,
    N_BINS,
    calibration_error,
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


def _usual(labels: NDArray, scores: NDArray) -> float:
    return float(np.abs(np.bincount(score_bins(scores), labels - scores)).sum() / labels.size)


def test_noise_counts_for_much_less_than_in_the_usual_estimate() -> None:
    generator = np.random.default_rng(0)
    draws = [_draw(generator, 400) for _ in range(300)]
    usual, debiased = (
        np.mean([estimate(*draw) for draw in draws]) for estimate in (_usual, calibration_error)
    )

    assert usual > 0.04
    assert debiased < 0.65 * usual


@pytest.mark.parametrize("shift", [0.1, -0.05])
def test_a_true_error_is_found_where_the_usual_estimate_is_too_high(shift: float) -> None:
    generator = np.random.default_rng(0)
    draws = [_draw(generator, 600, shift) for _ in range(300)]
    usual, debiased = (
        np.mean([estimate(*draw) for draw in draws]) for estimate in (_usual, calibration_error)
    )

    assert debiased == pytest.approx(abs(shift), rel=0.1)
    assert usual > debiased * 1.02


@pytest.mark.parametrize("shift", [0.1, -0.1])
def test_the_square_of_a_constant_gap_is_found(shift: float) -> None:
    generator = np.random.default_rng(0)
    values = [squared_calibration_error(*_draw(generator, 500, shift)) for _ in range(500)]

    assert np.mean(values) == pytest.approx(shift**2, rel=0.1)


def test_what_is_taken_away_is_what_noise_adds() -> None:
    # One bin of 100 photos: the same estimate by drawing noise a million times.
    labels = np.repeat([0, 1], [40, 60])
    scores = np.full(100, 0.55)
    gap, noise = 0.05, np.std(labels, ddof=1) / 10
    drawn = np.abs(gap + noise * np.random.default_rng(0).normal(size=1_000_000)).mean()

    assert np.unique(score_bins(scores)).size == 1
    assert calibration_error(labels, scores) == pytest.approx(2 * gap - drawn, abs=2e-4)


def test_certain_scores_that_are_right_have_no_error_and_wrong_ones_the_whole() -> None:
    labels = np.repeat([0, 1], 50)

    assert calibration_error(labels, labels.astype(float)) == 0
    assert calibration_error(labels, 1.0 - labels) == 1


def test_equal_scores_share_a_bin_whatever_their_order() -> None:
    scores = np.repeat([0.0, 0.2, 1.0], [90, 5, 105])
    bins = score_bins(scores)

    assert all(np.unique(bins[scores == value]).size == 1 for value in (0.0, 0.2, 1.0))
    assert np.unique(bins).size >= 2


def test_bins_are_few_where_photos_are_few() -> None:
    scores = np.linspace(0, 1, 10_000)

    assert np.unique(score_bins(scores[:: 10_000 // (MIN_PHOTOS_PER_BIN + 5)])).size == 1
    assert np.bincount(score_bins(scores)).tolist() == [10_000 // N_BINS] * N_BINS


def test_a_photo_alone_has_its_own_gap_and_no_estimate_of_noise() -> None:
    assert squared_calibration_error(np.array([1]), np.array([0.1])) == 0
    assert calibration_error(np.array([1]), np.array([0.1])) == pytest.approx(0.9)
