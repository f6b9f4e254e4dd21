"""A site's own cut: only where its photos show a gap above the model's threshold, and never far."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscope.bundle import ReviewBand
from crackscope.inference.site_cut import BAND, FEWEST, SiteCutReason, at_site, fit_site_cut
from tests.helpers.bundles import write_tiny_bundle


def _scores(*modes: tuple[float, float, int]) -> np.ndarray:
    """Scores whose log odds are normal around each mode: mean, deviation, number."""
    rng = np.random.default_rng(5)
    odds = np.concatenate([rng.normal(mean, deviation, number) for mean, deviation, number in modes])
    return np.round(1 / (1 + np.exp(-odds)), 6)


HEALTHY, CRACKED = (-2.5, 1.2, 150), (4.5, 0.8, 100)


def test_a_gap_above_the_threshold_takes_the_cut_with_it() -> None:
    scores = _scores(HEALTHY, CRACKED)
    cut = fit_site_cut(scores, 0.5)
    assert cut.reason is SiteCutReason.FITTED
    assert 0.6 < cut.threshold < 0.74
    alarms = [(scores[:150] >= threshold).sum() for threshold in (0.5, cut.threshold)]
    assert alarms[1] < alarms[0]
    assert (scores[150:] >= cut.threshold).all()


def test_healthy_photos_alone_leave_the_cut_where_it_is() -> None:
    cut = fit_site_cut(_scores((-1.0, 1.2, 500)), 0.5)
    assert cut.positive > FEWEST
    assert (cut.threshold, cut.reason) == (0.5, SiteCutReason.NO_VALLEY)


def test_few_photos_of_one_kind_leave_the_cut_where_it_is() -> None:
    few = fit_site_cut(_scores((-4.0, 0.8, 500), (4.5, 0.8, FEWEST - 1)), 0.5)
    enough = fit_site_cut(_scores((-4.0, 0.8, 500), (4.5, 0.8, FEWEST)), 0.5)
    assert (few.threshold, few.reason) == (0.5, SiteCutReason.TOO_FEW)
    assert enough.moved


def test_it_moves_less_with_fewer_photos() -> None:
    shifts = [fit_site_cut(_scores((-2.5, 1.0, n), (5.0, 0.8, n)), 0.5).shift for n in (25, 400)]
    assert 0 < shifts[0] < shifts[1] <= BAND


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_threshold_that_decides_nothing_stays(threshold: float) -> None:
    assert fit_site_cut(_scores(HEALTHY, CRACKED), threshold).threshold == threshold


def test_no_photo_is_too_few() -> None:
    cut = fit_site_cut([], 0.5)
    assert (cut.photos, cut.threshold, cut.reason) == (0, 0.5, SiteCutReason.TOO_FEW)


@given(
    st.lists(st.floats(0, 1), max_size=120),
    st.floats(0.001, 0.999),
    st.randoms(use_true_random=False),
)
def test_it_never_falls_nor_leaves_its_band_and_no_order_counts(scores, threshold, random) -> None:  # type: ignore[no-untyped-def]
    cut = fit_site_cut(scores, threshold)
    assert cut.threshold >= threshold - 1e-6
    assert cut.shift <= BAND + 1e-3
    shuffled = random.sample(scores, len(scores))
    assert fit_site_cut(shuffled, threshold) == cut


def test_the_band_of_uncertain_scores_moves_along(tmp_path: Path) -> None:
    band = ReviewBand(low=0.2, high=0.6, alpha=0.05, fitted_on="a test")
    config = write_tiny_bundle(tmp_path, review=band).config
    cut = fit_site_cut(_scores(HEALTHY, CRACKED), 0.5)
    moved = at_site(config, cut)
    assert moved.threshold.value == cut.threshold
    assert moved.review is not None
    for before, after in ((band.low, moved.review.low), (band.high, moved.review.high)):
        odds = [np.log(score / (1 - score)) for score in (before, after)]
        assert odds[1] - odds[0] == pytest.approx(cut.shift)


def test_a_band_that_holds_nothing_stays_so(tmp_path: Path) -> None:
    nothing = ReviewBand(low=1.0, high=0.0, alpha=0.05, fitted_on="a test")
    config = write_tiny_bundle(tmp_path, review=nothing).config
    assert at_site(config, fit_site_cut(_scores(HEALTHY, CRACKED), 0.5)).review == nothing
