"""95 % intervals by group: a percentile bootstrap, widened where errors are too few for one.

A bootstrap knows only the errors it has seen: with none it says [1, 1], with one it is half as wide as it
should be. Where fewer than ten groups hold an error, accuracy, recall, specificity and precision are widened
to the exact binomial interval (Clopper & Pearson, 1934) of *groups*, and what follows from them is widened
with them. Where every resample is the same and no exact limit is known, there is no interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from crackscope.errors import SettingsError
from crackscope.evaluation.calibration_error import squared_calibration_error
from crackscope.evaluation.metrics import (
    METRICS,
    check_groups,
    check_prior,
    check_scores,
    decision_rates,
    precision_at,
    predicted_positive,
)
from crackscope.evaluation.resampling import resample_metrics

DEFAULT_RESAMPLES = 2000
CONFIDENCE = 0.95

#: With fewer groups a bootstrap is known to be too narrow; tables say so.
FEW_GROUPS = 20

#: From ten groups with an error on, the bootstrap's limits were within a tenth of the exact ones.
_FEW_EXCEPTIONS = 10


class IntervalMethod(StrEnum):
    """How an interval was made."""

    BOOTSTRAP = "bootstrap"
    EXACT = "exact"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Limits of a metric; ``None`` where the photos carry no interval.

    Attributes:
        method: ``exact`` where the bootstrap was widened to a binomial limit.
    """

    low: float | None
    high: float | None
    method: IntervalMethod


NO_INTERVAL = Interval(low=None, high=None, method=IntervalMethod.NONE)

#: Low and high.
Limits = tuple[float, float]


def bootstrap_intervals(
    labels: ArrayLike,
    scores: ArrayLike,
    groups: Sequence[str],
    *,
    threshold: float,
    prior: float | None = None,
    n_resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> dict[str, Interval]:
    """An interval for every metric of `METRICS`.

    Args:
        labels: (N,) 0 for Negative, 1 for Positive.
        scores: (N,) in 0..1.
        groups: (N,) names; photos of one group are drawn together.
        threshold: Positive is ``score >= threshold``.
        prior: For ``precision_at_prior``.
        n_resamples: Bootstrap draws.
        seed: Of the draws.
        confidence: The share of samples whose interval should hold the truth.

    Raises:
        DataError: As `compute_metrics`.
        SettingsError: The prior, the number of resamples or the confidence is out of range.
    """
    truth, score = check_scores(labels, scores)
    check_prior(prior)
    if n_resamples < 1 or not 0 < confidence < 1:
        raise SettingsError(
            f"an interval needs at least 1 resample and a confidence between 0 and 1, "
            f"found {n_resamples} and {confidence}"
        )
    numbers = check_groups(groups, truth.size)
    resampled = resample_metrics(
        truth, score, numbers, threshold=threshold, prior=prior, n_resamples=n_resamples, seed=seed
    )
    resampled["ece"] = _calibration_errors(resampled["ece"], squared_calibration_error(truth, score))
    limits = {name: percentile_limits(resampled[name], confidence) for name in METRICS}
    exact = _exact_limits(
        truth == 1, predicted_positive(score, threshold), numbers, limits, prior, confidence
    )
    return {name: _join(limits[name], exact.get(name)) for name in METRICS}


def percentile_limits(values: NDArray[np.float64], confidence: float) -> Limits | None:
    """The middle share of the defined values; ``None`` where there is none or they are all the same."""
    defined = values[np.isfinite(values)]
    if defined.size == 0 or np.ptp(defined) <= 1e-12:
        return None
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _join(bootstrap: Limits | None, exact: Limits | None) -> Interval:
    if exact is not None:
        low, high = _widest(bootstrap, exact)
        return Interval(low=low, high=high, method=IntervalMethod.EXACT)
    if bootstrap is not None:
        low, high = bootstrap
        return Interval(low=low, high=high, method=IntervalMethod.BOOTSTRAP)
    return NO_INTERVAL


def _widest(bootstrap: Limits | None, exact: Limits) -> Limits:
    return exact if bootstrap is None else (min(bootstrap[0], exact[0]), max(bootstrap[1], exact[1]))


def _calibration_errors(squared: NDArray[np.float64], found: float) -> NDArray[np.float64]:
    # Copies of a photo in a resample look like miscalibration; simulations held 95 % only after this shift.
    centred = squared - squared.mean() + found
    return np.asarray(np.sqrt(np.maximum(centred, 0.0)))


def _exact_limits(
    positive: NDArray[np.bool_],
    chosen: NDArray[np.bool_],
    groups: NDArray[np.int64],
    bootstrap: dict[str, Limits | None],
    prior: float | None,
    confidence: float,
) -> dict[str, Limits]:
    """Limits for the metrics that a bootstrap is too narrow for here."""
    right = positive == chosen
    everything = np.ones_like(positive)
    shares = {"accuracy": everything, "recall": positive, "specificity": ~positive, "precision": chosen}
    limits = {}
    for name, among in shares.items():
        if among.any() and (found := share_limits(right[among], groups[among], confidence)):
            limits[name] = _widest(bootstrap[name], found)
    recall, specificity = (limits.get(name, bootstrap[name]) for name in ("recall", "specificity"))
    if recall and specificity and not limits.keys().isdisjoint(("recall", "specificity")):
        ends = np.array([recall, specificity])
        means = np.array([right[positive].mean(), right[~positive].mean()])
        limits["balanced_accuracy"] = mean_limits(means, ends)
        if prior is not None:
            low, high = precision_at(ends[0], ends[1], prior).tolist()
            limits["precision_at_prior"] = (low, high)
        if right.all():
            limits |= _faultless_limits(positive, ends[:, 0])
    return limits


def share_limits(holds: NDArray[np.bool_], groups: NDArray[np.int64], confidence: float) -> Limits | None:
    """Exact limits of a share of photos, from the groups that hold an exception.

    The limits of the share of groups with an exception are carried over to photos in proportion. Where there
    is no exception, nothing says how exceptions would cluster, so a whole group may be one.

    Returns:
        ``None`` where `_FEW_EXCEPTIONS` groups or more hold an exception, either way: a bootstrap will do.
    """
    n_groups = np.unique(groups).size
    failing, holding = (np.unique(groups[photos]).size for photos in (~holds, holds))
    n_exceptions = min(failing, holding)
    if n_exceptions >= _FEW_EXCEPTIONS:
        return None
    share = (~holds if failing <= holding else holds).mean()
    found = binomtest(n_exceptions, n_groups).proportion_ci(confidence, method="exact")
    per_group = share / (n_exceptions / n_groups) if n_exceptions else 1.0
    low, high = min(1.0, float(found.low * per_group)), min(1.0, float(found.high * per_group))
    return (1 - high, 1 - low) if failing <= holding else (low, high)


def mean_limits(means: NDArray[np.float64], ends: NDArray[np.float64]) -> Limits:
    """Limits of a mean of independent estimates, (K,), from theirs, (K, 2) (MOVER; Zou & Donner, 2008)."""
    reach_down = np.sqrt(((means - ends[:, 0]) ** 2).sum()) / means.size
    reach_up = np.sqrt(((ends[:, 1] - means) ** 2).sum()) / means.size
    return max(0.0, float(means.mean() - reach_down)), min(1.0, float(means.mean() + reach_up))


def _faultless_limits(positive: NDArray[np.bool_], worst: NDArray[np.float64]) -> dict[str, Limits]:
    """F1 and MCC at the worst recall and specificity, where no photo is wrong."""
    (recall, specificity), n_positive, n_negative = worst, positive.sum(), (~positive).sum()
    table = decision_rates(
        recall * n_positive,
        (1 - specificity) * n_negative,
        specificity * n_negative,
        (1 - recall) * n_positive,
    )
    return {"f1": (float(table["f1"]), 1.0), "mcc": (float(table["mcc"]), 1.0)}


def _separated_limits(
    positive: NDArray[np.bool_], scores: NDArray[np.float64], groups: NDArray[np.int64], confidence: float
) -> dict[str, Limits]:
    """AUROC where every Positive scores above every Negative.

    A Positive and a Negative group, each used once, make independent pairs, all of which were in order.
    """
    if positive.all() or not positive.any() or scores[positive].min() <= scores[~positive].max():
        return {}
    n_pairs = min(np.unique(groups[positive]).size, np.unique(groups[~positive]).size)
    found = binomtest(n_pairs, n_pairs).proportion_ci(confidence, method="exact")
    return {"auroc": (float(found.low), 1.0)}
