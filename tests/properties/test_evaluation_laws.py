"""Laws of the evaluation room, for any labels and scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from crackscope.evaluation.calibration import fit_calibration
from crackscope.evaluation.intervals import bootstrap_intervals
from crackscope.evaluation.metrics import LOWER_IS_BETTER, METRICS, SMALLEST_SCORE, compute_metrics
from crackscope.evaluation.review import fit_review_band, in_review
from crackscope.evaluation.thresholds import RULES, choose_threshold

# Few different values, so that ties, also with the threshold, are the rule and not the exception.
_SCORES = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), st.floats(0, 1, width=32))
_PHOTOS = st.lists(st.tuples(st.integers(0, 1), _SCORES), min_size=1, max_size=40)
_laws = settings(max_examples=40, deadline=None)
_THRESHOLDS = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1))


def _arrays(photos: list[tuple[int, float]]) -> tuple[np.ndarray, np.ndarray]:
    labels, scores = zip(*photos, strict=True)
    return np.array(labels), np.array(scores)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


@_laws
@given(_PHOTOS, _THRESHOLDS)
def test_rates_agree_with_counting_one_photo_at_a_time(
    photos: list[tuple[int, float]], threshold: float
) -> None:
    found = compute_metrics(*_arrays(photos), threshold=threshold)
    tp = sum(label == 1 and score >= threshold for label, score in photos)
    fp = sum(label == 0 and score >= threshold for label, score in photos)
    fn = sum(label == 1 and score < threshold for label, score in photos)
    tn = sum(label == 0 and score < threshold for label, score in photos)

    table = found.confusion
    assert (table.true_positive, table.false_positive, table.false_negative, table.true_negative) == (
        tp,
        fp,
        fn,
        tn,
    )
    assert found.accuracy == pytest.approx((tp + tn) / len(photos))
    assert found.recall == pytest.approx(_ratio(tp, tp + fn))
    assert found.specificity == pytest.approx(_ratio(tn, tn + fp))
    assert found.precision == pytest.approx(_ratio(tp, tp + fp))
    assert found.f1 == pytest.approx(_ratio(2 * tp, 2 * tp + fp + fn))


@_laws
@given(_PHOTOS, _THRESHOLDS)
def test_metrics_agree_with_scikit_learn_where_both_are_defined(
    photos: list[tuple[int, float]], threshold: float
) -> None:
    labels, scores = _arrays(photos)
    chosen = (scores >= threshold).astype(int)
    found = compute_metrics(labels, scores, threshold=threshold)
    kept = np.clip(scores, SMALLEST_SCORE, 1 - SMALLEST_SCORE)

    assert found.accuracy == pytest.approx(sk.accuracy_score(labels, chosen))
    assert found.log_loss == pytest.approx(sk.log_loss(labels, kept, labels=[0, 1]))
    assert found.brier == pytest.approx(np.mean((labels - scores) ** 2))
    if found.balanced_accuracy is not None:
        assert found.balanced_accuracy == pytest.approx(sk.balanced_accuracy_score(labels, chosen))
        assert found.mcc == pytest.approx(sk.matthews_corrcoef(labels, chosen))
        assert found.auroc == pytest.approx(sk.roc_auc_score(labels, scores))
    if found.precision is not None:
        assert found.precision == pytest.approx(sk.precision_score(labels, chosen))
    if found.recall is not None:
        assert found.average_precision == pytest.approx(sk.average_precision_score(labels, scores))


@_laws
@given(_PHOTOS, _THRESHOLDS, st.floats(0.001, 0.999))
def test_every_metric_is_none_or_a_number_in_its_range(
    photos: list[tuple[int, float]], threshold: float, prior: float
) -> None:
    found = compute_metrics(*_arrays(photos), threshold=threshold, prior=prior)
    for name in METRICS:
        value = getattr(found, name)
        low, high = (-1 if name == "mcc" else 0), (math.inf if name == "log_loss" else 1)
        assert value is None or low - 1e-12 <= value <= high + 1e-12, name


@_laws
@given(_PHOTOS, _THRESHOLDS, st.randoms(use_true_random=False))
def test_the_order_of_photos_does_not_matter(
    photos: list[tuple[int, float]], threshold: float, random: object
) -> None:
    shuffled = list(photos)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (compute_metrics(*_arrays(order), threshold=threshold) for order in (photos, shuffled))

    for name in METRICS:
        assert getattr(first, name) == pytest.approx(getattr(second, name), abs=1e-7), name


@_laws
@given(_PHOTOS)
def test_swapping_the_classes_swaps_recall_and_specificity(photos: list[tuple[int, float]]) -> None:
    labels, scores = _arrays(photos)
    assume(not (scores == 0.5).any())  # the threshold itself belongs to one side
    found, mirrored = (
        compute_metrics(*pair, threshold=0.5) for pair in ((labels, scores), (1 - labels, 1 - scores))
    )

    assert found.recall == pytest.approx(mirrored.specificity)
    assert found.mcc == pytest.approx(mirrored.mcc)
    assert found.log_loss == pytest.approx(mirrored.log_loss, rel=1e-6)
    assert found.brier == pytest.approx(mirrored.brier)


@_laws
@given(_PHOTOS, _THRESHOLDS, st.integers(1, 8))
def test_intervals_lie_in_range_and_are_missing_where_the_metric_is(
    photos: list[tuple[int, float]], threshold: float, n_groups: int
) -> None:
    labels, scores = _arrays(photos)
    groups = [str(index % n_groups) for index in range(len(photos))]
    found = bootstrap_intervals(labels, scores, groups, threshold=threshold, prior=0.1, n_resamples=60)
    values = compute_metrics(labels, scores, threshold=threshold, prior=0.1)

    for name, interval in found.items():
        value = getattr(values, name)
        assert (interval.low is None) == (interval.high is None)
        if value is None:
            assert interval.low is None, name
        elif interval.low is not None and interval.high is not None:
            low, high = (-1 if name == "mcc" else 0), (math.inf if name == "log_loss" else 1)
            assert low - 1e-9 <= interval.low <= interval.high <= high + 1e-9, name
            assert math.isfinite(interval.high)
            if name not in LOWER_IS_BETTER and value == 1:
                assert interval.low < 1, name


@_laws
@given(_PHOTOS, st.sampled_from([rule for rule in RULES if not rule.startswith("fixed")]))
def test_no_threshold_is_better_by_its_own_rule(photos: list[tuple[int, float]], rule: str) -> None:
    labels, scores = _arrays(photos)
    assume(0 < labels.sum() < labels.size)
    chosen = choose_threshold(labels, scores, rule=rule, fitted_on="test").value

    def badness(threshold: float) -> float:
        misses, alarms = (labels > (scores >= threshold)).sum(), (labels < (scores >= threshold)).sum()
        if rule.startswith("recall"):
            return math.inf if misses > 0.05 * labels.sum() else alarms
        if rule.startswith("cost"):
            return 10 * misses + alarms
        return misses / labels.sum() + alarms / (1 - labels).sum()

    assert 0 <= chosen <= 1
    for other in [0.0, 1.0, *scores]:
        assert badness(chosen) <= badness(other) + 1e-12


@_laws
@given(_PHOTOS, st.floats(0, 1), st.floats(0, 1))
def test_a_review_band_keeps_its_share_and_its_threshold(
    photos: list[tuple[int, float]], threshold: float, share: float
) -> None:
    labels, scores = (np.repeat(values, 10) for values in _arrays(photos))
    found = fit_review_band(
        labels, scores, threshold=threshold, alpha=0.1, max_review_share=share, fitted_on="test"
    )

    assert found.review_share <= share + 1e-9 or found.band is None
    assert found.review_share == in_review(scores, found.band).mean()
    if found.band is not None and found.band.low <= found.band.high:
        assert found.band.low <= threshold <= found.band.high
    if found.promised:
        assert max(found.missed_share or 0, found.alarm_share or 0) <= 0.1


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(19, 90),
    st.sampled_from([0.05, 0.1, 0.2]),
    st.sampled_from([(1.0, 1.0), (0.3, 2.5), (3.0, 0.4)]),
    st.floats(0.05, 0.95),
)
def test_outright_errors_per_class_stay_under_alpha_on_exchangeable_draws(
    seed: int, n: int, alpha: float, shape: tuple[float, float], threshold: float
) -> None:
    """Means over 400 draws of calibration photos, each with 50 new photos of each class."""
    generator = np.random.default_rng(seed)
    labels, new_labels = np.repeat([0, 1], n), np.repeat([0, 1], 50)
    outright = np.zeros((400, 2))
    for draw in outright:
        scores, new_scores = (
            np.where(truth, generator.beta(*shape, truth.size), 1 - generator.beta(*shape, truth.size))
            for truth in (labels, new_labels)
        )
        found = fit_review_band(
            labels, scores, threshold=threshold, alpha=alpha, max_review_share=1, fitted_on="test"
        )
        assert found.promised
        wrong = ((new_scores >= threshold) != new_labels) & ~in_review(new_scores, found.band)
        draw[:] = wrong.reshape(2, 50).mean(axis=1)

    noise = 4 * outright.std(axis=0) / math.sqrt(400)
    assert (outright.mean(axis=0) <= alpha + noise).all()


@_laws
@given(
    st.lists(st.tuples(st.integers(0, 1), st.floats(-30, 30, width=32)), min_size=1, max_size=60),
    st.integers(1, 10),
)
def test_a_calibration_keeps_the_order_and_never_makes_things_worse_out_of_fold(
    photos: list[tuple[int, float]], n_groups: int
) -> None:
    labels, logits = _arrays(photos)
    groups = [str(index % n_groups) for index in range(len(photos))]
    found = fit_calibration(logits, labels, groups, seed=0, fitted_on="test")

    assert 0 < found.scale < 1e3
    assert math.isfinite(found.bias)
    if found.method == "none":
        assert (found.scale, found.bias) == (1, 0)
    else:
        assert found.nll_after < found.nll_before
