"""Which scores a person should look at: class-conditional conformal prediction, and what it costs.

For each class, split conformal prediction gives a limit that a new photo of that class crosses with a
probability of at most ``alpha`` (Vovk, Gammerman & Shafer, 2005, Mondrian by class): Positive photos rarely
score below one, Negative photos rarely above the other. Between the two, in whichever order they lie, a score
is ordinary for both classes or for neither, and the photo goes to review. Outside, a photo of either class
gets the wrong label with a probability of at most ``alpha``.

The promise holds on average over calibration photos that are exchangeable with the new ones: the same
concrete and camera, and independent of each other. On another site it is a guess, and patches of one source
photo count for less than their number.
"""

from __future__ import annotations

import math
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
        promised: Whether the band is wide enough for the error rate per class that it was made for.
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
    share_scores: ArrayLike | None = None,
    fitted_on: str,
) -> ReviewFit:
    """The band that the promise needs, drawn together where it would send too many photos to review.

    Args:
        labels: (N,) 0 or 1, of photos used for nothing else.
        scores: (N,) in 0..1, calibrated.
        threshold: Decides the label; always inside the band, so that labels outside agree with the limits.
        alpha: The error rate per class, outright errors over all photos of the class.
        max_review_share: The share of photos that may be reviewed; 1 keeps the promise at any price.
        share_scores: (M,) scores of the photos whose share is limited; by default ``scores``.
        fitted_on: What the photos are, for the record.

    Raises:
        SettingsError: ``alpha`` or the share is out of range.
        DataError: As `compute_metrics`.
    """
    truth, score = check_scores(labels, scores)
    _check_rates(alpha, max_review_share)
    counted = score if share_scores is None else np.asarray(share_scores, dtype=np.float64)
    positive, negative = score[truth == 1], score[truth == 0]
    needed = photos_needed(alpha)
    if min(positive.size, negative.size) < needed:
        summary = (
            f"no review band: an error rate of {alpha:.1%} per class needs at least {needed} photos of each "
            f"class, found {positive.size} Positive and {negative.size} Negative"
        )
        return _fit_record(None, False, summary, truth, score, counted, threshold)
    positive_from, negative_to = _positive_from(positive, alpha), _negative_to(negative, alpha)
    limits = threshold, positive_from, negative_to
    low, high = _draw_together(min(limits), max(limits), threshold, counted, max_review_share)
    # With its limit beyond the threshold a class needs no review; else the band has to reach the limit.
    promised = (positive_from >= threshold or low <= positive_from) and (
        negative_to < threshold or high >= negative_to
    )
    summary = f"{fitted_on}; {_promise(alpha, promised, max_review_share)}"
    band = ReviewBand(low=low, high=high, alpha=alpha, fitted_on=summary)
    return _fit_record(band, promised, summary, truth, score, counted, threshold)


def _promise(alpha: float, promised: bool, max_review_share: float) -> str:
    if promised:
        return f"at most {alpha:.1%} outright errors per class on photos exchangeable with these"
    return (
        f"made for {alpha:.1%} outright errors per class, then cut to review at most "
        f"{max_review_share:.1%} of the photos: not promised"
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
