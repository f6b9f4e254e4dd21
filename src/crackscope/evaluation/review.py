"""Which scores a person should look at: class-conditional conformal prediction, and what it costs.

For each class, split conformal prediction gives a limit that a new photo of that class crosses with a
probability of at most ``alpha`` (Vovk, Gammerman & Shafer, 2005, Mondrian by class): Positive photos rarely
score below one, Negative photos rarely above the other. Between the two, in whichever order they lie, a score
is ordinary for both classes or for neither, and the photo goes to review. Outside, a photo of either class
gets the wrong label with a probability of at most ``alpha``.

The promise holds on average over calibration photos that are exchangeable with the new ones: the same
concrete and camera, and independent of each other. On another site it is a guess, and patches of one source
photo count for less than their number. Over photos of several sources an average would be kept by the easiest
of them alone, so every source with enough photos has limits of its own, and the band reaches the farthest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crackscope.bundle import ReviewBand
from crackscope.errors import SettingsError
from crackscope.evaluation.metrics import check_scores, predicted_positive

DEFAULT_ALPHA = 0.05
DEFAULT_MAX_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFit:
    """A review band and what it does to the photos it was fitted on.

    Attributes:
        band: ``None`` where a class has too few photos for the promise.
        promised: Whether the band is wide enough for the error rate per class that it was made for, on
            every source.
        summary: Why there is no band, or what was promised and whether it was cut.
        review_share: Share of the photos that the limit on review counts.
        missed_share: Share of Positive photos labelled Negative and not reviewed.
        alarm_share: Share of Negative photos labelled Positive and not reviewed.
    """

    band: ReviewBand | None
    promised: bool
    summary: str
    review_share: float
    missed_share: float | None
    alarm_share: float | None


def photos_needed(alpha: float) -> int:
    """The fewest photos of a class that carry an error rate of ``alpha``: 19 for 5 %."""
    # Rounded first: 1 / 0.05 must not become 20.000000000000004.
    return math.ceil(round(1 / alpha, 9)) - 1


def in_review(scores: ArrayLike, band: ReviewBand | None) -> NDArray[np.bool_]:
    """Which scores lie in the band, limits included."""
    values = np.asarray(scores, dtype=np.float64)
    if band is None:
        return np.zeros(values.shape, dtype=bool)
    return np.asarray((values >= band.low) & (values <= band.high))


def fit_review_band(
    labels: ArrayLike,
    scores: ArrayLike,
    *,
    threshold: float,
    alpha: float = DEFAULT_ALPHA,
    max_review_share: float = DEFAULT_MAX_SHARE,
    sources: Sequence[str] | None = None,
    fitted_on: str,
) -> ReviewFit:
    """The band that the promise needs, drawn together where it would send too many photos to review.

    Args:
        labels: (N,) 0 or 1, of photos used for nothing else.
        scores: (N,) in 0..1, calibrated.
        threshold: Decides the label; always inside the band, so that labels outside agree with the limits.
        alpha: The error rate per class, outright errors over all photos of the class.
        max_review_share: The share of photos that may be reviewed; 1 keeps the promise at any price. Of
            several sources the one that needs review least is counted: photos that are all but solved
            should not bother anyone, hard ones may.
        sources: (N,) where each photo comes from; by default from one place. Sources with too few photos for
            a promise of their own share the one over all photos.
        fitted_on: What the photos are, for the record.

    Raises:
        SettingsError: ``alpha`` or the share is out of range.
        DataError: As `compute_metrics`.
    """
    truth, score = check_scores(labels, scores)
    _check_rates(alpha, max_review_share)
    needed = photos_needed(alpha)
    n_positive = int((truth == 1).sum())
    if min(n_positive, truth.size - n_positive) < needed:
        summary = (
            f"no review band: an error rate of {alpha:.1%} per class needs at least {needed} photos of each "
            f"class, found {n_positive} Positive and {truth.size - n_positive} Negative"
        )
        return _fit_record(None, False, summary, truth, score, score, threshold)
    promises = _promises(truth, score, sources, alpha)
    limits = [threshold, *_farthest(promises)]
    low, high = min(limits), max(limits)
    easiest = min(promises, key=lambda one: one.share_between(low, high))
    low, high = _draw_together(low, high, threshold, easiest.scores, max_review_share)
    broken = [one.source for one in promises if not one.kept(low, high, threshold)]
    counted = easiest.source if len(promises) > 1 else ""
    summary = f"{fitted_on}; {_say(alpha, max_review_share, counted, broken)}"
    band = ReviewBand(low=low, high=high, alpha=alpha, fitted_on=summary)
    return _fit_record(band, not broken, summary, truth, score, easiest.scores, threshold)


@dataclass(frozen=True, slots=True)
class _Promise:
    """The photos of one source, and the limits that new ones of each class rarely cross."""

    source: str
    scores: NDArray[np.float64]
    positive_from: float
    negative_to: float

    def share_between(self, low: float, high: float) -> float:
        return float(((self.scores >= low) & (self.scores <= high)).mean())

    def kept(self, low: float, high: float, threshold: float) -> bool:
        # With its limit beyond the threshold a class needs no review; else the band has to reach the limit.
        # One the wrong way round reaches nothing.
        return (self.positive_from >= threshold or low <= self.positive_from <= high) and (
            self.negative_to < threshold or low <= self.negative_to <= high
        )


def _promises(
    labels: NDArray[np.int64], scores: NDArray[np.float64], sources: Sequence[str] | None, alpha: float
) -> list[_Promise]:
    """One for each source with enough photos, and one over all photos where not every source has."""
    names = np.array(["all photos"] * labels.size if sources is None else list(sources))
    rows = {str(name): names == name for name in np.unique(names)}
    needed = photos_needed(alpha)
    enough = {
        name: mine
        for name, mine in rows.items()
        if min((labels[mine] == 1).sum(), (labels[mine] == 0).sum()) >= needed
    }
    if len(enough) < len(rows):
        enough["all photos"] = np.ones(labels.size, dtype=bool)
    return [
        _Promise(
            source=name,
            scores=scores[mine],
            positive_from=_positive_from(scores[mine & (labels == 1)], alpha),
            negative_to=_negative_to(scores[mine & (labels == 0)], alpha),
        )
        for name, mine in enough.items()
    ]


def _farthest(promises: list[_Promise]) -> tuple[float, float]:
    """The limits that hold for a photo of whichever source."""
    return min(one.positive_from for one in promises), max(one.negative_to for one in promises)


def _say(alpha: float, max_review_share: float, counted: str, broken: list[str]) -> str:
    """What is promised; ``counted`` names the source whose share is limited, where there are several."""
    rate = f"{alpha:.1%} outright errors per class{' and source' if counted else ''}"
    if not broken:
        return f"at most {rate} on photos exchangeable with these"
    return (
        f"made for {rate}, then cut to review at most {max_review_share:.1%} of the photos"
        f"{f' of {counted}' if counted else ''}: not promised{' for ' + ', '.join(broken) if counted else ''}"
    )


def _check_rates(alpha: float, max_review_share: float) -> None:
    if not 0 < alpha < 1:
        raise SettingsError(f"alpha is an error rate between 0 and 1, found {alpha}")
    if not 0 <= max_review_share <= 1:
        raise SettingsError(f"the share of photos in review is between 0 and 1, found {max_review_share}")


def _rank(n: int, alpha: float) -> int:
    # The new photo is among the k lowest of n + 1 exchangeable scores with a probability of k / (n + 1).
    return math.floor(round(alpha * (n + 1), 9))


def _positive_from(scores: NDArray[np.float64], alpha: float) -> float:
    return float(np.sort(scores)[_rank(scores.size, alpha) - 1])


def _negative_to(scores: NDArray[np.float64], alpha: float) -> float:
    return float(np.sort(scores)[::-1][_rank(scores.size, alpha) - 1])


def _draw_together(
    low: float, high: float, threshold: float, scores: NDArray[np.float64], max_share: float
) -> tuple[float, float]:
    """Pull both limits towards the threshold in the same proportion until few enough scores lie between."""
    inside = scores[(scores >= low) & (scores <= high)]
    n_allowed = math.floor(round(max_share * scores.size, 9))
    if inside.size <= n_allowed:
        return low, high
    reach = np.where(inside < threshold, threshold - low, high - threshold)
    # How far out each score lies, 0 at the threshold and 1 at its limit.
    distance = np.divide(np.abs(inside - threshold), reach, out=np.zeros_like(inside), where=reach > 0)
    kept = inside[distance < np.sort(distance)[n_allowed]]
    if kept.size == 0:
        return 1.0, 0.0  # the wrong way round: no score is reviewed
    return min(threshold, float(kept.min())), max(threshold, float(kept.max()))


def _fit_record(
    band: ReviewBand | None,
    promised: bool,
    summary: str,
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    counted: NDArray[np.float64],
    threshold: float,
) -> ReviewFit:
    wrong = predicted_positive(scores, threshold) != (labels == 1)
    outright = wrong & ~in_review(scores, band)
    return ReviewFit(
        band=band,
        promised=promised,
        summary=summary,
        review_share=float(in_review(counted, band).mean()),
        missed_share=_mean(outright[labels == 1]),
        alarm_share=_mean(outright[labels == 0]),
    )


def _mean(values: NDArray[np.bool_]) -> float | None:
    return float(values.mean()) if values.size else None
