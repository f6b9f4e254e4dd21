"""Limits that hold without a resample, for photos with too few errors for a bootstrap."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from crackscope.evaluation.metrics import decision_rates, predicted_positive

#: Low and high.
Limits = tuple[float, float]

#: From ten groups with an error on, the bootstrap's limits were within a tenth of the exact ones.
_FEW_EXCEPTIONS = 10


def exact_limits(
    positive: NDArray[np.bool_],
    scores: NDArray[np.float64],
    groups: NDArray[np.int64],
    bootstrap: dict[str, Limits | None],
    threshold: float,
    prior: float | None,
    confidence: float,
) -> dict[str, Limits]:
    """Limits by name for the metrics that ``bootstrap`` is too narrow for here.

    Args:
        positive: (N,) the truth.
        scores: (N,) in 0..1.
        groups: (N,) group numbers.
        bootstrap: The limits to widen, by name.
        threshold: Positive is ``score >= threshold``.
        prior: For ``precision_at_prior``.
        confidence: As in `bootstrap_intervals`.
    """
    chosen = predicted_positive(scores, threshold)
    right = positive == chosen
    everything = np.ones_like(positive)
    shares = {"accuracy": everything, "recall": positive, "specificity": ~positive, "precision": chosen}
    limits = {}
    for name, among in shares.items():
        if among.any() and (found := share_limits(right[among], groups[among], confidence)):
            limits[name] = widest(bootstrap[name], found)
    recall, specificity = (limits.get(name, bootstrap[name]) for name in ("recall", "specificity"))
    if recall and specificity and not limits.keys().isdisjoint(("recall", "specificity")):
        limits |= _limits_that_follow(right, positive, np.array([recall, specificity]), prior)
    return limits | _separated_limits(positive, scores, groups, confidence)


def widest(first: Limits | None, second: Limits) -> Limits:
    """The limits around both."""
    return second if first is None else (min(first[0], second[0]), max(first[1], second[1]))


def share_limits(holds: NDArray[np.bool_], groups: NDArray[np.int64], confidence: float) -> Limits | None:
    """Exact limits of a share of photos, from the groups that hold an exception.

    The limits of the share of groups with an exception are carried over to photos in proportion. Where there
    is no exception, nothing says how exceptions would cluster, so a whole group may be one.

    Returns:
        ``None`` where `_FEW_EXCEPTIONS` groups hold an exception, either way, for a bootstrap will do; or
        where every group does, which says nothing of groups.
    """
    n_groups = np.unique(groups).size
    failing, holding = (np.unique(groups[photos]).size for photos in (~holds, holds))
    n_exceptions = min(failing, holding)
    if n_exceptions >= min(_FEW_EXCEPTIONS, n_groups):
        return None
    share = (~holds if failing <= holding else holds).mean()
    found = binomtest(n_exceptions, n_groups).proportion_ci(confidence, method="exact")
    per_group = share / (n_exceptions / n_groups) if n_exceptions else 1.0
    low, high = min(1.0, float(found.low * per_group)), min(1.0, float(found.high * per_group))
    return (1 - high, 1 - low) if failing <= holding else (low, high)


def _limits_that_follow(
    right: NDArray[np.bool_], positive: NDArray[np.bool_], ends: NDArray[np.float64], prior: float | None
) -> dict[str, Limits]:
    """What follows from recall and specificity, which are independent, and their limits, (2, 2).

    Each is moved to its limit alone, and the two effects on a metric add like independent errors (the MOVER
    of Zou & Donner, 2008; for balanced accuracy it is just that).
    """
    n_positive, n_negative = positive.sum(), (~positive).sum()
    means = right[positive].mean(), right[~positive].mean()

    def rates(recall: ArrayLike, specificity: ArrayLike) -> dict[str, NDArray[np.float64]]:
        found, spared = np.asarray(recall) * n_positive, np.asarray(specificity) * n_negative
        return decision_rates(found, n_negative - spared, spared, n_positive - found, prior=prior)

    here, by_recall, by_specificity = rates(*means), rates(ends[0], means[1]), rates(means[0], ends[1])
    limits = {}
    for name in ("balanced_accuracy", "f1", "mcc", "precision_at_prior"):
        if not np.isfinite(here[name]):
            continue
        reach = np.hypot(by_recall[name] - here[name], by_specificity[name] - here[name])
        lowest = -1.0 if name == "mcc" else 0.0
        limits[name] = max(lowest, float(here[name] - reach[0])), min(1.0, float(here[name] + reach[1]))
    return limits


def _separated_limits(
    positive: NDArray[np.bool_], scores: NDArray[np.float64], groups: NDArray[np.int64], confidence: float
) -> dict[str, Limits]:
    """AUROC where every Positive scores above every Negative.

    A Positive and a Negative photo of groups used once make independent pairs, all of which were in order.
    """
    if positive.all() or not positive.any() or scores[positive].min() <= scores[~positive].max():
        return {}
    counts = [np.unique(groups[photos]).size for photos in (positive, ~positive)]
    n_pairs = max(1, min(*counts, np.unique(groups).size // 2))
    found = binomtest(n_pairs, n_pairs).proportion_ci(confidence, method="exact")
    return {"auroc": (float(found.low), 1.0)}
