"""One record of metrics: right values, and ``None`` where photos leave one undefined."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sk

from crackscope.errors import DataError, NoPhotosError, SettingsError
from crackscope.evaluation.metrics import METRICS, compute_metrics, predicted_positive
from crackscope.labels import Label, decide

#: Two cracks found, one missed, one false alarm, four right Negative.
LABELS = [1, 1, 1, 0, 0, 0, 0, 0]
SCORES = [0.9, 0.8, 0.2, 0.7, 0.1, 0.3, 0.05, 0.4]


def test_every_metric_of_a_small_example_is_what_a_hand_computes() -> None:
    found = compute_metrics(LABELS, SCORES, threshold=0.5, prior=0.1)

    assert (found.n, found.n_positive, found.threshold, found.prior) == (8, 3, 0.5, 0.1)
    table = found.confusion
    assert (table.true_positive, table.false_positive, table.true_negative, table.false_negative) == (
        2,
        1,
        4,
        1,
    )
    assert table.errors == 2
    assert found.accuracy == pytest.approx(6 / 8)
    assert found.recall == pytest.approx(2 / 3)
    assert found.specificity == pytest.approx(4 / 5)
    assert found.balanced_accuracy == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert found.precision == pytest.approx(2 / 3)
    assert found.f1 == pytest.approx(2 / 3)
    assert found.mcc == pytest.approx((2 * 4 - 1 * 1) / math.sqrt(3 * 3 * 5 * 5))
    # Of 15 pairs, 0.9 and 0.8 win all ten, 0.2 beats 0.1 and 0.05.
    assert found.auroc == pytest.approx(12 / 15)
    assert found.average_precision == pytest.approx((1 + 1 + 3 / 6) / 3)
    assert found.brier == pytest.approx(sum((s - y) ** 2 for y, s in zip(LABELS, SCORES, strict=True)) / 8)
    likelihood = [s if y else 1 - s for y, s in zip(LABELS, SCORES, strict=True)]
    assert found.log_loss == pytest.approx(-sum(map(math.log, likelihood)) / 8)
    hits, alarms = 0.1 * 2 / 3, 0.9 * 1 / 5
    assert found.precision_at_prior == pytest.approx(hits / (hits + alarms))


def test_the_always_positive_line_is_what_calling_everything_cracked_scores() -> None:
    line = compute_metrics(LABELS, SCORES, threshold=0.5, prior=0.1).always_positive

    assert line["accuracy"] == line["precision"] == line["average_precision"] == 3 / 8
    assert line["recall"] == 1
    assert line["specificity"] == 0
    assert line["balanced_accuracy"] == line["auroc"] == 0.5
    assert line["f1"] == pytest.approx(2 * 3 / (2 * 3 + 5))
    assert line["precision_at_prior"] == pytest.approx(0.1)
    assert line["mcc"] == 0
    assert set(line) < set(METRICS)


def test_the_threshold_is_inclusive() -> None:
    found = compute_metrics([1, 0], [0.5, 0.4999], threshold=0.5)

    assert found.recall == 1
    assert found.specificity == 1


def test_a_float32_score_is_decided_as_the_one_rule_decides_it() -> None:
    # 0.1 in float32 is a little above 0.1; NumPy alone would compare both in float32 and call them equal,
    # and 0.3 in float32 is a little above, 0.7 a little below.
    scores = np.array([0.1, 0.3, 0.7, 0.9], dtype=np.float32)
    for threshold in (0.1, 0.3, 0.7, 0.9):
        one_by_one = [decide(float(score), threshold) is Label.POSITIVE for score in scores]
        assert predicted_positive(scores, threshold).tolist() == one_by_one
        found = compute_metrics([1] * 4, scores, threshold=threshold)
        assert found.confusion.true_positive == sum(one_by_one)


@pytest.mark.parametrize(
    ("labels", "undefined"),
    [
        ([1, 1, 1], {"specificity", "balanced_accuracy", "mcc", "auroc"}),
        ([0, 0, 0], {"recall", "balanced_accuracy", "mcc", "auroc", "average_precision"}),
    ],
)
def test_with_one_class_only_what_needs_the_other_is_none(labels: list[int], undefined: set[str]) -> None:
    found = compute_metrics(labels, [0.9, 0.6, 0.2], threshold=0.5)

    assert {name for name in METRICS if getattr(found, name) is None} == undefined | {"precision_at_prior"}
    assert found.log_loss > 0


def test_precision_is_none_where_nothing_is_called_positive() -> None:
    found = compute_metrics([1, 0], [0.2, 0.1], threshold=0.5)

    assert found.precision is None
    assert found.recall == 0
    assert found.f1 == 0
    assert found.mcc == sk.matthews_corrcoef([1, 0], [0, 0]) == 0


def test_f1_is_none_where_there_is_nothing_to_find_and_nothing_found() -> None:
    assert compute_metrics([0, 0], [0.2, 0.1], threshold=0.5).f1 is None


def test_a_saturated_wrong_score_costs_much_but_not_everything() -> None:
    found = compute_metrics([1, 0], np.array([0.0, 1.0], dtype=np.float32), threshold=0.5)

    assert found.log_loss == pytest.approx(-math.log(np.finfo(np.float32).eps), rel=1e-6)


def test_a_single_photo_has_metrics() -> None:
    found = compute_metrics([1], [0.8], threshold=0.5)

    assert found.accuracy == found.recall == found.precision == found.f1 == 1
    assert found.ece == pytest.approx(0.2)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -0.1, 1.1])
def test_a_score_outside_0_to_1_is_refused_by_value(bad: float) -> None:
    with pytest.raises(DataError, match=r"1 of 2 scores are not in 0\.\.1"):
        compute_metrics([0, 1], [0.5, bad], threshold=0.5)


@pytest.mark.parametrize("labels", [[0, 2], [0, 0.5], [0, -1]])
def test_a_label_that_is_neither_0_nor_1_is_refused(labels: list[float]) -> None:
    with pytest.raises(DataError, match="labels should be 0"):
        compute_metrics(labels, [0.5, 0.5], threshold=0.5)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(DataError, match=r"labels have shape \(2,\) and scores \(3,\)"):
        compute_metrics([0, 1], [0.5, 0.5, 0.5], threshold=0.5)


def test_no_photo_is_refused() -> None:
    with pytest.raises(NoPhotosError, match="no scored photo"):
        compute_metrics([], [], threshold=0.5)


@pytest.mark.parametrize("prior", [0.0, 1.0, -0.1, 5.0, math.nan])
def test_a_prior_that_is_no_share_is_refused(prior: float) -> None:
    with pytest.raises(SettingsError, match="between 0 and 1"):
        compute_metrics([0, 1], [0.1, 0.9], threshold=0.5, prior=prior)


def test_precision_at_the_prior_of_the_photos_is_their_precision() -> None:
    found = compute_metrics(LABELS, SCORES, threshold=0.5, prior=3 / 8)

    assert found.precision_at_prior == pytest.approx(found.precision)
