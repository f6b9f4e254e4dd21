"""The review band: what conformal prediction needs, cut where it would send too much to review."""

from __future__ import annotations

import numpy as np
import pytest

from crackscope.bundle import ReviewBand
from crackscope.errors import DataError, SettingsError
from crackscope.evaluation.metrics import compute_metrics
from crackscope.evaluation.review import ReviewFit, fit_review_band, in_review, photos_needed


def _fit(
    negative: np.ndarray,
    positive: np.ndarray,
    *,
    threshold: float = 0.5,
    max_review_share: float = 1.0,
    alpha: float = 0.05,
) -> ReviewFit:
    labels = np.repeat([0, 1], [negative.size, positive.size])
    return fit_review_band(
        labels,
        np.concatenate([negative, positive]),
        threshold=threshold,
        alpha=alpha,
        max_review_share=max_review_share,
        fitted_on="test",
    )


def test_overlapping_classes_are_reviewed_where_both_are_ordinary() -> None:
    # 19 of each: one photo in 20 is the lowest or the highest.
    found = _fit(np.linspace(0.05, 0.7, 19), np.linspace(0.3, 0.95, 19))

    assert found.band is not None
    assert (found.band.low, found.band.high) == pytest.approx((0.3, 0.7))
    assert found.band.alpha == 0.05
    assert found.promised
    assert found.missed_share == found.alarm_share == 0


def test_the_band_lies_between_the_limits_where_they_cross() -> None:
    found = _fit(np.linspace(0.0, 0.2, 19), np.linspace(0.8, 1.0, 19))

    assert found.band is not None
    assert (found.band.low, found.band.high) == pytest.approx((0.2, 0.8))
    assert found.promised


def test_the_limits_take_the_finite_sample_rank() -> None:
    # floor(0.05 * 60) = 3: the third lowest and the third highest.
    positive, negative = np.linspace(0.4, 1, 59), np.linspace(0, 0.6, 59)
    found = _fit(negative, positive)

    assert found.band is not None
    assert found.band.low == pytest.approx(positive[2])
    assert found.band.high == pytest.approx(negative[-3])
    assert found.missed_share == found.alarm_share == pytest.approx(2 / 59)


@pytest.mark.parametrize(("alpha", "needed"), [(0.05, 19), (0.1, 9), (0.01, 99), (0.2, 4), (0.5, 1)])
def test_an_error_rate_needs_so_many_photos_of_each_class(alpha: float, needed: int) -> None:
    assert photos_needed(alpha) == needed
    enough = _fit(np.linspace(0, 0.4, needed), np.linspace(0.6, 1, needed), alpha=alpha)
    assert enough.band is not None

    for fewer in ((needed - 1, 100), (100, needed - 1)):
        too_few = _fit(np.linspace(0, 0.4, fewer[0]), np.linspace(0.6, 1, fewer[1]), alpha=alpha)
        assert too_few.band is None
        assert not too_few.promised
        assert f"needs at least {needed} photos of each class" in too_few.summary
        assert f"found {fewer[1]} Positive and {fewer[0]} Negative" in too_few.summary


def test_too_much_review_is_cut_and_the_promise_withdrawn_in_the_record() -> None:
    generator = np.random.default_rng(0)
    negative, positive = generator.beta(2, 3, 500), generator.beta(3, 2, 500)
    wide, cut = (_fit(negative, positive, max_review_share=share) for share in (1.0, 0.02))

    assert wide.promised
    assert wide.review_share > 0.5
    assert not cut.promised
    assert cut.review_share <= 0.02
    assert cut.band is not None
    assert "not promised" in cut.band.fitted_on
    assert cut.band.low <= 0.5 <= cut.band.high
    assert wide.missed_share is not None
    assert cut.missed_share is not None
    assert cut.missed_share > 0.05 >= wide.missed_share


def test_a_cut_band_keeps_the_promise_that_needs_no_review() -> None:
    found = _fit(np.linspace(0, 0.4, 100), np.linspace(0.45, 1, 100), threshold=0.42, max_review_share=0.02)

    assert found.promised
    assert found.review_share <= 0.02
    assert found.missed_share == found.alarm_share == 0


def test_no_review_at_all_is_a_band_the_wrong_way_round() -> None:
    found = _fit(np.linspace(0, 0.6, 30), np.linspace(0.4, 1, 30), max_review_share=0)

    assert found.band is not None
    assert found.band.low > found.band.high
    assert found.review_share == 0
    assert not found.promised


def test_no_review_at_all_promises_nothing_where_every_score_lies_on_the_threshold() -> None:
    found = _fit(np.zeros(30), np.zeros(30), threshold=0.0, max_review_share=0)

    assert found.review_share == 0
    assert found.alarm_share == 1
    assert not found.promised


def test_ties_are_cut_whole() -> None:
    found = _fit(np.repeat([0.1, 0.45], [60, 40]), np.repeat([0.55, 0.9], [40, 60]), max_review_share=0.1)

    assert found.review_share == 0
    assert not in_review([0.45, 0.55], found.band).any()


def _two_sources(seed: int = 0) -> tuple[np.ndarray, np.ndarray, list[str]]:
    generator = np.random.default_rng(seed)
    easy = generator.beta(1, 20, 500), generator.beta(20, 1, 500)
    hard = generator.beta(2, 3, 100), generator.beta(3, 2, 100)
    labels = np.repeat([0, 1, 0, 1], [500, 500, 100, 100])
    return labels, np.concatenate([*easy, *hard]), ["easy"] * 1000 + ["hard"] * 200


def test_every_source_has_a_promise_of_its_own() -> None:
    labels, scores, sources = _two_sources()
    hard = np.array(sources) == "hard"
    apart, together = (
        fit_review_band(
            labels, scores, threshold=0.5, max_review_share=1, sources=known, fitted_on="test"
        ).band
        for known in (sources, None)
    )
    outright = {
        name: (~in_review(scores, band) & (scores < 0.5))[hard & (labels == 1)].mean()
        for name, band in (("apart", apart), ("together", together))
    }

    assert outright["apart"] <= 0.05 < outright["together"]
    assert apart is not None
    assert "5.0% outright errors per class and source" in apart.fitted_on


def test_the_share_is_limited_on_the_source_that_needs_review_least() -> None:
    labels, scores, sources = _two_sources()
    hard = np.array(sources) == "hard"
    found = fit_review_band(
        labels, scores, threshold=0.5, max_review_share=0.005, sources=sources, fitted_on="test"
    )

    assert found.review_share == in_review(scores[~hard], found.band).mean() <= 0.005
    assert in_review(scores[hard], found.band).mean() > 0.1
    assert not found.promised
    assert found.summary.endswith("at most 0.5% of the photos of easy: not promised for hard")


def test_a_source_with_few_photos_shares_the_promise_over_all() -> None:
    labels, scores, sources = _two_sources()
    few = np.flatnonzero(np.array(sources) == "hard")[::10]
    kept = np.concatenate([np.flatnonzero(np.array(sources) == "easy"), few])
    apart, together = (
        fit_review_band(
            labels[kept],
            scores[kept],
            threshold=0.5,
            max_review_share=1,
            sources=known,
            fitted_on="test",
        ).band
        for known in ([sources[row] for row in kept], None)
    )

    assert apart is not None
    assert together is not None
    assert apart.low <= together.low
    assert apart.high >= together.high


@pytest.mark.parametrize("threshold", [0.02, 0.98])
def test_a_threshold_beyond_both_limits_is_inside_the_band(threshold: float) -> None:
    negative, positive = np.linspace(0.05, 0.4, 40), np.linspace(0.6, 0.95, 40)
    found = _fit(negative, positive, threshold=threshold)

    assert found.band is not None
    assert found.band.low <= threshold <= found.band.high
    assert found.promised
    assert found.missed_share is not None
    assert found.alarm_share is not None
    assert max(found.missed_share, found.alarm_share) <= 0.05


def test_the_shares_are_those_of_the_photos() -> None:
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 400)
    scores = np.clip(generator.normal(0.3 + 0.4 * labels, 0.3), 0, 1)
    found = fit_review_band(labels, scores, threshold=0.4, max_review_share=0.1, fitted_on="test")
    outside = ~in_review(scores, found.band)
    table = compute_metrics(labels[outside], scores[outside], threshold=0.4).confusion

    assert found.missed_share == pytest.approx(table.false_negative / labels.sum())
    assert found.alarm_share == pytest.approx(table.false_positive / (labels == 0).sum())
    assert found.review_share == pytest.approx(1 - outside.mean())


def test_the_limits_of_the_band_are_inside_it() -> None:
    band = ReviewBand(low=0.2, high=0.4, alpha=0.05, fitted_on="test")

    assert in_review([0.1999, 0.2, 0.3, 0.4, 0.4001], band).tolist() == [False, True, True, True, False]
    assert not in_review([0.3], None).any()
    assert not in_review([0.3], ReviewBand(low=1, high=0, alpha=0.05, fitted_on="test")).any()


def test_rates_out_of_range_and_bad_scores_are_refused() -> None:
    scores = np.linspace(0, 1, 40)
    with pytest.raises(SettingsError, match="alpha"):
        _fit(scores, scores, alpha=0)
    with pytest.raises(SettingsError, match="share of photos in review"):
        _fit(scores, scores, max_review_share=1.5)
    with pytest.raises(DataError, match=r"not in 0\.\.1"):
        _fit(scores, scores * np.nan)
