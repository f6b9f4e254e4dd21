"""Intervals by group that are honest where a bootstrap is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn import metrics as sk

from crackscope.errors import DataError, SettingsError
from crackscope.evaluation.binomial_limits import share_limits
from crackscope.evaluation.intervals import (
    NO_INTERVAL,
    IntervalMethod,
    bootstrap_intervals,
)
from crackscope.evaluation.metrics import METRICS, check_groups, compute_metrics
from crackscope.evaluation.resampling import draw_groups, resample_metrics


def _noisy(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, n)
    return labels, np.clip(generator.normal(0.3 + 0.4 * labels, 0.25), 0, 1)


def _names(numbers: np.ndarray) -> list[str]:
    return [f"photo {number}" for number in numbers]


def test_every_metric_has_an_interval_that_holds_its_value() -> None:
    labels, scores = _noisy(300)
    groups = _names(np.arange(300) // 3)
    value = compute_metrics(labels, scores, threshold=0.5, prior=0.2)
    found = bootstrap_intervals(labels, scores, groups, threshold=0.5, prior=0.2)

    assert tuple(found) == METRICS
    for name, interval in found.items():
        assert interval.low is not None
        assert interval.high is not None
        assert interval.low < getattr(value, name) < interval.high, name
        assert interval.method is IntervalMethod.BOOTSTRAP


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    labels, scores = _noisy(100)
    groups = _names(np.arange(100))
    first, again, other = (
        bootstrap_intervals(labels, scores, groups, threshold=0.5, n_resamples=200, seed=seed)
        for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other


def test_an_interval_by_photo_matches_the_binomial_one() -> None:
    labels, scores = _noisy(2000)
    found = bootstrap_intervals(labels, scores, _names(np.arange(2000)), threshold=0.5)["recall"]
    positive = scores[labels == 1]
    expected = binomtest(int((positive >= 0.5).sum()), positive.size).proportion_ci(method="exact")

    assert found.low == pytest.approx(expected.low, abs=0.003)
    assert found.high == pytest.approx(expected.high, abs=0.003)


def test_copies_of_a_photo_in_one_group_do_not_narrow_the_interval() -> None:
    labels, scores = _noisy(100)
    once = bootstrap_intervals(labels, scores, _names(np.arange(100)), threshold=0.5)
    copied = bootstrap_intervals(
        np.tile(labels, 10), np.tile(scores, 10), _names(np.tile(np.arange(100), 10)), threshold=0.5
    )

    for name in ("accuracy", "recall", "auroc", "log_loss"):
        assert copied[name].low == pytest.approx(once[name].low, abs=1e-9)
        assert copied[name].high == pytest.approx(once[name].high, abs=1e-9)


def test_without_an_error_the_interval_is_the_exact_one_on_groups() -> None:
    labels = np.repeat([0, 1], 100)
    scores = np.where(labels, 0.9, 0.1) + np.linspace(-0.05, 0.05, 200)
    groups = _names(np.arange(200) // 5)  # 20 groups of each class
    found = bootstrap_intervals(labels, scores, groups, threshold=0.5, prior=0.05)

    per_class, overall = 0.025 ** (1 / 20), 0.025 ** (1 / 40)
    assert found["recall"].low == pytest.approx(per_class)
    assert found["specificity"].low == pytest.approx(per_class)
    assert found["accuracy"].low == pytest.approx(overall)
    assert found["auroc"].low == pytest.approx(per_class)
    # What follows: the effects of the worst recall and of the worst specificity, added as errors add.
    assert found["balanced_accuracy"].low == pytest.approx(1 - np.sqrt(2) * (1 - per_class) / 2)
    by_recall, by_specificity = 1 - 2 * per_class / (1 + per_class), 1 - 2 / (3 - per_class)
    assert found["f1"].low == pytest.approx(1 - np.hypot(by_recall, by_specificity))
    assert per_class - 0.1 < found["mcc"].low < per_class
    assert found["precision_at_prior"].low == pytest.approx(0.05 / (0.05 + 0.95 * (1 - per_class)))
    for name in ("accuracy", "balanced_accuracy", "recall", "specificity", "precision", "f1", "mcc", "auroc"):
        assert found[name].high == 1
        assert found[name].method is IntervalMethod.EXACT
    # No exact limit is known for this one, and [1, 1] would be a lie.
    assert found["average_precision"] == NO_INTERVAL


@pytest.mark.parametrize("n_errors", [0, 1, 2, 5])
def test_one_more_error_never_makes_a_better_lower_limit(n_errors: int) -> None:
    def low(errors: int) -> float:
        labels, groups = np.ones(400, dtype=int), _names(np.arange(400))
        scores = np.where(np.arange(400) < errors, 0.1, 0.9)
        found = bootstrap_intervals(labels, scores, groups, threshold=0.5)["recall"].low
        assert found is not None
        return found

    exact = binomtest(400 - n_errors, 400).proportion_ci(method="exact")
    assert low(n_errors) == pytest.approx(exact.low, abs=1e-3)
    assert low(n_errors) <= exact.low + 1e-12
    assert low(n_errors + 1) < low(n_errors)


def test_one_group_carries_no_interval_unless_it_is_faultless() -> None:
    labels, scores = _noisy(60)
    found = bootstrap_intervals(labels, scores, ["one"] * 60, threshold=0.5)

    assert set(found.values()) == {NO_INTERVAL}
    perfect = bootstrap_intervals(labels, labels * 0.8 + 0.1, ["one"] * 60, threshold=0.5)
    assert perfect["accuracy"].low == pytest.approx(0.025)


def test_a_group_with_both_classes_is_one_half_of_an_independent_pair() -> None:
    labels = np.tile([0, 1], 20)
    scores = np.where(labels, 0.9, 0.1)
    mixed = bootstrap_intervals(labels, scores, _names(np.arange(40) // 2), threshold=0.5)["auroc"]
    apart = bootstrap_intervals(labels, scores, _names(np.arange(40)), threshold=0.5)["auroc"]

    assert mixed.low == pytest.approx(0.025 ** (1 / 10))
    assert apart.low == pytest.approx(0.025 ** (1 / 20))


def test_one_class_only_has_the_intervals_that_it_can_have() -> None:
    scores = np.random.default_rng(0).uniform(0.3, 1, 80)
    found = bootstrap_intervals([1] * 80, scores, _names(np.arange(80)), threshold=0.5)

    for name in ("specificity", "balanced_accuracy", "mcc", "auroc", "precision_at_prior"):
        assert found[name] == NO_INTERVAL, name
    for name in ("accuracy", "recall", "f1", "log_loss", "brier", "ece"):
        assert found[name].low is not None, name


def test_three_photos_have_intervals() -> None:
    found = bootstrap_intervals([0, 1, 1], [0.2, 0.9, 0.4], ["a", "b", "c"], threshold=0.5)

    assert (found["recall"].low, found["recall"].high) == (0, 1)
    assert found["specificity"].low == pytest.approx(0.025)


def test_weighted_metrics_are_those_of_the_repeated_photos() -> None:
    labels, scores = _noisy(120, seed=3)
    scores = np.round(scores, 2)  # with ties
    groups = np.arange(120) // 4
    drawn = resample_metrics(labels, scores, groups, threshold=0.5, prior=0.1, n_resamples=5, seed=7)
    weights = np.concatenate(list(draw_groups(labels, groups, n_resamples=5, seed=7))).astype(int)

    for index, weight in enumerate(weights):
        times = weight[groups]
        repeated = np.repeat(labels, times), np.repeat(scores, times)
        expected = compute_metrics(*repeated, threshold=0.5, prior=0.1)
        for name in set(METRICS) - {"ece"}:
            assert drawn[name][index] == pytest.approx(getattr(expected, name)), name
        assert drawn["auroc"][index] == pytest.approx(sk.roc_auc_score(labels, scores, sample_weight=times))


def test_whole_groups_are_drawn_and_every_class_stays() -> None:
    labels = np.array([0] * 10 + [1] * 2)
    groups = np.arange(12) // 2
    weights = np.concatenate(list(draw_groups(labels, groups, n_resamples=500, seed=0)))

    assert weights.shape == (500, 6)
    assert (weights.sum(axis=1) == 6).all()
    assert (weights[:, 5] == 1).all()  # the only Positive group
    assert weights[:, 0].mean() == pytest.approx(1, abs=0.15)


def test_intervals_of_a_calibrated_model_hold_the_true_values() -> None:
    generator = np.random.default_rng(0)
    truth = {"accuracy": 0.75, "ece": 0.0, "brier": 1 / 6}
    held = dict.fromkeys(truth, 0)
    for _ in range(60):
        scores = generator.uniform(size=300)
        labels = (generator.random(300) < scores).astype(int)
        found = bootstrap_intervals(labels, scores, _names(np.arange(300)), threshold=0.5, n_resamples=300)
        for name, value in truth.items():
            held[name] += found[name].low <= value <= found[name].high

    assert all(count >= 52 for count in held.values()), held


def test_share_limits_leave_many_exceptions_to_the_bootstrap() -> None:
    holds = np.arange(200) >= 10

    assert share_limits(holds, np.arange(200), 0.95) is None
    assert share_limits(~holds, np.arange(200), 0.95) is None
    assert share_limits(np.arange(200) >= 9, np.arange(200), 0.95) is not None


def test_share_limits_of_nothing_right_mirror_those_of_nothing_wrong() -> None:
    groups = np.arange(40) // 2
    low, high = share_limits(np.ones(40, dtype=bool), groups, 0.95) or (0, 0)

    assert share_limits(np.zeros(40, dtype=bool), groups, 0.95) == (1 - high, pytest.approx(1 - low))


@pytest.mark.parametrize("name", ["f1", "mcc", "balanced_accuracy", "precision_at_prior"])
def test_what_follows_from_few_errors_is_widened_with_them(name: str) -> None:
    def low(n_errors: int) -> float:
        labels = np.repeat([0, 1], 200)
        scores = np.where(labels, 0.9, 0.1)
        scores[:n_errors] = 0.9
        found = bootstrap_intervals(labels, scores, _names(np.arange(400)), threshold=0.5, prior=0.1)
        assert found[name].low is not None
        return found[name].low

    lows = [low(n_errors) for n_errors in range(4)]
    assert lows == sorted(lows, reverse=True)
    assert lows[0] - lows[3] > 0.005


def test_groups_of_another_length_are_refused() -> None:
    with pytest.raises(DataError, match="1 groups for 2 photos"):
        bootstrap_intervals([0, 1], [0.1, 0.9], ["a"], threshold=0.5)
    assert check_groups(["b", "a", "b"], 3).tolist() == [1, 0, 1]


@pytest.mark.parametrize(("n_resamples", "confidence"), [(0, 0.95), (100, 0.0), (100, 1.0)])
def test_settings_that_make_no_interval_are_refused(n_resamples: int, confidence: float) -> None:
    with pytest.raises(SettingsError, match="at least 1 resample"):
        bootstrap_intervals(
            [0, 1], [0.1, 0.9], ["a", "b"], threshold=0.5, n_resamples=n_resamples, confidence=confidence
        )
