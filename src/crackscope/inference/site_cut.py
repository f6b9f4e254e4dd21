"""A site's own cut, without labels: where its photos' scores leave a gap between healthy and cracked ones.

The model's threshold stays unless the photos show both kinds: at least `FEWEST` on either side of it and,
above it, a valley in the density of their log odds that the cracked ones behind it rise over 2.5 times.
Then the cut moves up towards the bottom of the valley: never by more than `BAND`, and the less the fewer
photos there are. It never moves down: healthy photos can have a valley among themselves. Healthy photos
alone never move it either: their mode lies at the same place on sites that want another cut and on those
that don't. ``studies/site_cut.py`` measures what this is worth, and studies/RESULTS.md has its numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import ModelConfig, ReviewBand
from crackscope.records import Outcome

F64 = NDArray[np.float64]

#: Photos on either side of the model's threshold, below which nothing is fitted.
FEWEST = 20
#: How far the cut may move up, in log odds.
BAND = 1.0
#: Photos on the smaller side with which the cut moves half the way to the valley.
_HALF_WAY = 20
#: Standard deviation of the kernel that makes a density of log odds, and the grid it is computed on.
_KERNEL, _STEP, _REACH = 0.8, 0.1, 8.0
#: The rise behind the valley is at least this many times as high as the valley.
_RISE = 2.5
#: Places no more than this share above the bottom of the valley are its bottom.
_FLAT = 0.1
#: Scores have six decimals.
_LEAST_SCORE = 1e-6


class SiteCutReason(StrEnum):
    """Why a site has a cut of its own, or has not."""

    FITTED = "between the healthy and the cracked photos of the site"
    TOO_FEW = f"the model's own: fewer than {FEWEST} photos on one side of it"
    NO_VALLEY = "the model's own: no gap between healthy and cracked photos above it"


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCut:
    """Where Positive begins on one site.

    Attributes:
        threshold: What decides, 0..1.
        model_threshold: What would decide without the site.
        photos: Photos with a score.
        positive: Those of them at or above the model's threshold.
        reason: Why it is the one or the other.
    """

    threshold: float
    model_threshold: float
    photos: int
    positive: int
    reason: SiteCutReason

    @property
    def moved(self) -> bool:
        """Whether the site has a cut of its own."""
        return self.reason is SiteCutReason.FITTED

    @property
    def shift(self) -> float:
        """How far the cut has moved, in log odds."""
        return _log_odds(self.threshold) - _log_odds(self.model_threshold) if self.moved else 0.0

    def as_row(self) -> dict[str, object]:
        """What stands in results."""
        return {
            "threshold": self.threshold,
            "model_threshold": self.model_threshold,
            "photos": self.photos,
            "positive": self.positive,
            "reason": str(self.reason),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePredictions:
    """Outcomes of the photos of one site, in their order, and the cut that decided them."""

    outcomes: tuple[Outcome, ...]
    cut: SiteCut


def fit_site_cut(scores: Iterable[float], threshold: float) -> SiteCut:
    """The cut of a site from the scores of its photos, in any order.

    Args:
        scores: (N,) calibrated, 0..1; of the photos that have one.
        threshold: The model's.
    """
    score = np.sort(np.fromiter(scores, np.float64))
    positive = int((score >= threshold).sum())
    smaller = min(positive, len(score) - positive)
    reason, cut = SiteCutReason.TOO_FEW, threshold
    if smaller >= FEWEST and _LEAST_SCORE < threshold < 1 - _LEAST_SCORE:
        middle = _log_odds(threshold)
        kept = np.clip(score, _LEAST_SCORE, 1 - _LEAST_SCORE)
        valley = _valley(np.log(kept / (1 - kept)) - middle, len(score) - positive)
        reason = SiteCutReason.NO_VALLEY
        if valley is not None:
            shift = valley * smaller / (smaller + _HALF_WAY)
            reason, cut = SiteCutReason.FITTED, round(1 / (1 + math.exp(-middle - shift)), 6)
    return SiteCut(
        threshold=cut, model_threshold=threshold, photos=len(score), positive=positive, reason=reason
    )


def at_site(config: ModelConfig, cut: SiteCut) -> ModelConfig:
    """A model that decides by a site's cut; the band of uncertain scores moves along in log odds."""
    threshold = replace(config.threshold, value=cut.threshold)
    review = None if config.review is None else _moved(config.review, cut.shift)
    return replace(config, threshold=threshold, review=review)


def _valley(log_odds: F64, negative: int) -> float | None:
    """The bottom of the valley above 0 before the rise of all but the first ``negative`` photos, or ``None``.

    Both kinds count alike for where it is: balanced accuracy does not know how many there are of each.
    """
    places = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
    below, above = _density(log_odds[:negative], places), _density(log_odds[negative:], places)
    near = (places > -_STEP / 2) & (places < BAND + _STEP / 2)
    height = below / negative + above / (len(log_odds) - negative)
    bottom = float(places[near & (height <= height[near].min() * (1 + _FLAT))].mean())
    rise = above[places > bottom].max()
    # Healthy photos alone have a tail that only falls: it is no second kind.
    return bottom if rise >= _RISE * np.interp(bottom, places, below + above) else None


def _density(log_odds: F64, places: F64) -> F64:
    """Photos per unit of log odds at each place, up to a factor."""
    return np.asarray(np.exp(-0.5 * ((places[:, None] - log_odds) / _KERNEL) ** 2).sum(axis=1))


def _moved(band: ReviewBand, shift: float) -> ReviewBand:
    if shift == 0 or band.low > band.high:
        return band
    return replace(band, low=_shifted(band.low, shift), high=_shifted(band.high, shift))


def _shifted(score: float, shift: float) -> float:
    return score if score in (0, 1) else 1 / (1 + math.exp(-_log_odds(score) - shift))


def _log_odds(score: float) -> float:
    return math.log(score / (1 - score))
