"""Where Positive begins: rules that do what they say, and thresholds that stand clear of the photos."""

from __future__ import annotations

import numpy as np
import pytest

from crackscope.errors import DataError, MissingClassError, RecipeError
from crackscope.evaluation.metrics import compute_metrics
from crackscope.evaluation.thresholds import RULES, check_rule, choose_threshold


def _value(labels: list[int], scores: list[float], rule: str) -> float:
    return choose_threshold(labels, scores, rule=rule, fitted_on="test").value


def test_the_middle_of_the_gap_parts_separable_photos() -> None:
    assert _value([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], "balanced_accuracy") == pytest.approx(0.5)


def test_the_widest_of_several_best_ranges_is_taken() -> None:
    # Cutting below 0.3 or above 0.5 each leaves one error of the same weight; the second range is wider.
    labels, scores = [0, 1, 0, 1], [0.25, 0.3, 0.5, 0.9]

    assert _value(labels, scores, "balanced_accuracy") == pytest.approx(0.7)


def test_neighbouring_ranges_that_are_equally_good_count_as_one() -> None:
    # A tie of one Negative and one Positive changes nothing: from 0.2 to 0.8 every threshold is as good.
    labels, scores = [0, 0, 1, 1], [0.2, 0.5, 0.5, 0.8]

    assert _value(labels, scores, "balanced_accuracy") == pytest.approx(0.5)


def test_balanced_accuracy_weighs_classes_not_photos() -> None:
    labels = [0] * 98 + [1] * 2
    scores = [0.1] * 88 + [0.4] * 10 + [0.3, 0.9]

    # Best for accuracy is to miss one crack; best for the mean of both rates is to accept ten false alarms.
    assert 0.1 < _value(labels, scores, "balanced_accuracy") <= 0.3


def test_recall_is_kept_at_the_best_specificity() -> None:
    labels = [1] * 20 + [0] * 3
    scores = [i / 20 for i in range(1, 21)] + [0.02, 0.07, 0.5]
    chosen = _value(labels, scores, "recall>=0.95")

    found = compute_metrics(labels, scores, threshold=chosen)
    assert found.recall == 0.95
    assert found.specificity == pytest.approx(2 / 3)


def test_full_recall_is_possible() -> None:
    chosen = _value([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.9], "recall>=1")

    assert 0.1 < chosen <= 0.2


def test_a_dear_miss_lowers_the_threshold_and_a_dear_alarm_raises_it() -> None:
    labels, scores = [0, 1, 0, 1], [0.1, 0.4, 0.6, 0.9]

    assert _value(labels, scores, "cost:fn=10,fp=1") == pytest.approx(0.25)
    assert _value(labels, scores, "cost:fn=1,fp=10") == pytest.approx(0.75)


def test_a_fixed_threshold_needs_no_photos() -> None:
    assert _value([], [], "fixed:0.25") == 0.25
    assert _value([1, 1], [0.1, 0.2], "fixed:1") == 1.0


def test_saturated_scores_are_parted() -> None:
    chosen = _value([0, 0, 1, 1], [0.0, 0.0, 1.0, 1.0], "balanced_accuracy")

    assert chosen == 0.5


def test_scores_that_are_all_the_same_give_the_middle() -> None:
    assert _value([0, 1], [0.3, 0.3], "balanced_accuracy") == 0.5


def test_between_two_neighbouring_floats_the_positive_one_is_still_positive() -> None:
    low = np.float32(0.5)
    high = np.nextafter(low, np.float32(1))
    for below, above in ((float(low), float(high)), (0.5, float(np.nextafter(0.5, 1)))):
        chosen = _value([0, 1], [below, above], "balanced_accuracy")
        found = compute_metrics([0, 1], [below, above], threshold=chosen)
        assert found.accuracy == 1


def test_an_inverted_model_gets_a_threshold_in_range() -> None:
    assert 0 <= _value([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9], "balanced_accuracy") <= 1


def test_rule_and_photos_are_recorded() -> None:
    chosen = choose_threshold([0, 1], [0.2, 0.8], rule=" recall >= 0.9 ", fitted_on="12 walls")

    assert (chosen.rule, chosen.fitted_on) == ("recall>=0.9", "12 walls")


@pytest.mark.parametrize("rule", RULES)
def test_every_advertised_rule_is_valid(rule: str) -> None:
    assert check_rule(rule) == rule


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "accuracy",
        "recall>=1.5",
        "recall>=0",
        "recall>0.9",
        "cost:fn=0,fp=1",
        "cost:fp=1",
        "fixed:2",
        "fixed:",
    ],
)
def test_an_unknown_rule_is_refused_with_the_valid_ones(rule: str) -> None:
    with pytest.raises(RecipeError, match=r"balanced_accuracy, recall>=0\.95, cost:fn=10,fp=1, fixed:0\.5"):
        choose_threshold([0, 1], [0.1, 0.9], rule=rule, fitted_on="test")


@pytest.mark.parametrize("labels", [[0, 0], [1, 1]])
def test_one_class_only_is_refused(labels: list[int]) -> None:
    with pytest.raises(MissingClassError, match="Positive of 2"):
        choose_threshold(labels, [0.1, 0.9], rule="balanced_accuracy", fitted_on="test")


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(DataError, match=r"scores are not in 0..1"):
        choose_threshold([0, 1], [0.1, float("nan")], rule="balanced_accuracy", fitted_on="test")
