"""Calibration: found where it is needed, left alone where it is not, finite where photos are separable."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from crackscope.bundle import Calibration
from crackscope.errors import DataError, NoPhotosError
from crackscope.evaluation.calibration import IDENTITY, METHOD, apply_calibration, fit_calibration


def _draw(n: int, scale: float, bias: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    generator = np.random.default_rng(seed)
    logits = generator.normal(0, 3, n)
    labels = (generator.random(n) < expit(scale * logits + bias)).astype(int)
    return logits, labels, [f"photo {index // 2}" for index in range(n)]


def _fit(logits: np.ndarray, labels: np.ndarray, groups: list[str]) -> Calibration:
    return fit_calibration(logits, labels, groups, seed=0, fitted_on="test")


def test_overconfident_logits_are_brought_down() -> None:
    found = _fit(*_draw(4000, scale=0.4, bias=0.8))

    assert found.method == METHOD
    assert found.scale == pytest.approx(0.4, rel=0.1)
    assert found.bias == pytest.approx(0.8, rel=0.15)
    assert found.nll_after is not None
    assert found.nll_before is not None
    assert found.nll_after < found.nll_before


def test_without_smoothing_to_speak_of_it_is_logistic_regression() -> None:
    logits, labels, groups = _draw(5_000, scale=0.5, bias=-0.5)
    found = _fit(logits, labels, groups)
    reference = LogisticRegression(C=np.inf).fit(logits[:, None], labels)

    assert found.scale == pytest.approx(reference.coef_[0, 0], abs=3e-3)
    assert found.bias == pytest.approx(reference.intercept_[0], abs=3e-3)


def test_calibrated_logits_are_mostly_left_alone() -> None:
    kept = [_fit(*_draw(200, scale=1, bias=0, seed=seed)).method == IDENTITY for seed in range(10)]

    assert sum(kept) >= 5


def test_where_it_does_not_help_the_record_is_the_identity() -> None:
    fits = (_fit(*_draw(200, scale=1, bias=0, seed=seed)) for seed in range(20))
    found = next(fit for fit in fits if fit.method == IDENTITY)

    assert (found.scale, found.bias) == (1, 0)
    assert found.nll_after is not None
    assert found.nll_before is not None
    assert found.nll_after >= found.nll_before


def test_separable_photos_give_a_finite_scale_and_scores_as_sure_as_their_number() -> None:
    labels = np.repeat([0, 1], 200)
    logits = np.where(labels, 2.0, -2.0) + np.linspace(-0.5, 0.5, 400)
    found = _fit(logits, labels, [str(index) for index in range(400)])
    scores = apply_calibration(logits, found)

    assert found.method == METHOD
    assert 1 < found.scale < 20
    # 200 photos of a class without an error: about 1 in 202 may be one.
    assert scores[labels == 1].mean() == pytest.approx(201 / 202, abs=2e-3)
    assert scores[labels == 0].mean() == pytest.approx(1 / 202, abs=2e-3)


def test_inverted_logits_keep_their_order() -> None:
    labels = np.repeat([0, 1], 50)
    logits = np.where(labels, -2.0, 2.0) + np.linspace(-0.5, 0.5, 100)
    found = _fit(logits, labels, [str(index) for index in range(100)])

    assert found.scale > 0
    assert np.diff(apply_calibration(np.sort(logits), found)).min() > 0


def test_huge_logits_are_fitted() -> None:
    logits, labels, groups = _draw(1000, scale=1, bias=0)
    found = _fit(logits * 1000, labels, groups)

    assert found.method == METHOD
    assert found.scale == pytest.approx(0.01)
    assert math.isfinite(found.nll_after or math.nan)


@pytest.mark.parametrize(
    "groups",
    [["one"] * 40, [f"{index // 20}" for index in range(40)]],
    ids=["one group", "a group per class"],
)
def test_groups_that_allow_no_folds_leave_the_identity(groups: list[str]) -> None:
    labels = np.repeat([0, 1], 20)
    found = _fit(np.linspace(-1, 1, 40), labels, groups)

    assert (found.method, found.scale, found.bias, found.nll_after) == (IDENTITY, 1, 0, None)


def test_one_class_only_leaves_the_identity() -> None:
    found = _fit(np.linspace(-1, 1, 10), np.ones(10, dtype=int), [str(index) for index in range(10)])

    assert (found.method, found.nll_after) == (IDENTITY, None)


def test_the_same_seed_gives_the_same_calibration() -> None:
    drawn = _draw(300, scale=0.5, bias=0)

    assert _fit(*drawn) == _fit(*drawn)


def test_applying_is_the_formula_of_the_graph() -> None:
    calibration = Calibration(method=METHOD, scale=2.0, bias=-1.0, fitted_on="test")
    scores = apply_calibration(np.array([[0.0, 0.5]], dtype=np.float32), calibration)

    assert scores.shape == (1, 2)
    assert scores[0].tolist() == pytest.approx([1 / (1 + math.e), 0.5])


def test_the_photos_are_recorded() -> None:
    drawn = _draw(50, scale=0.5, bias=0)

    assert fit_calibration(*drawn, seed=0, fitted_on="40 walls").fitted_on == "40 walls"


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_logit_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(DataError, match="1 of 2 logits are not finite"):
        fit_calibration([0.0, bad], [0, 1], ["a", "b"], seed=0, fitted_on="test")


def test_bad_labels_lengths_and_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="labels should be 0"):
        fit_calibration([0.0, 1.0], [0, 3], ["a", "b"], seed=0, fitted_on="test")
    with pytest.raises(DataError, match="expected the same"):
        fit_calibration([0.0], [0, 1], ["a", "b"], seed=0, fitted_on="test")
    with pytest.raises(DataError, match="1 groups for 2"):
        fit_calibration([0.0, 1.0], [0, 1], ["a"], seed=0, fitted_on="test")
    with pytest.raises(NoPhotosError, match="no photo to fit a calibration on"):
        fit_calibration([], [], [], seed=0, fitted_on="test")
