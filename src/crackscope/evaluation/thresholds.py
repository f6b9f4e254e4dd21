"""Where Positive begins: a rule, and the photos it was followed on."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crackscope.bundle import Threshold
from crackscope.errors import MissingClassError, RecipeError
from crackscope.evaluation.metrics import check_scores

DEFAULT_RULE = "balanced_accuracy"

#: What a rule may look like, for people.
RULES = ("balanced_accuracy", "recall>=0.95", "cost:fn=10,fp=1", "fixed:0.5")

_NUMBER = r"(\d+(?:\.\d+)?)"
_RECALL = re.compile(rf"recall>={_NUMBER}")
_COST = re.compile(rf"cost:fn={_NUMBER},fp={_NUMBER}")
_FIXED = re.compile(rf"fixed:{_NUMBER}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cuts:
    """Every decision that a threshold can make: threshold in ``(low, high]``, and what it gets wrong."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    false_positive: NDArray[np.int64]
    false_negative: NDArray[np.int64]


def choose_threshold(labels: ArrayLike, scores: ArrayLike, *, rule: str, fitted_on: str) -> Threshold:
    """Follow a rule of `RULES`; numbers in it may differ.

    - ``balanced_accuracy``: the best mean of recall and specificity
    - ``recall>=R``: the best specificity that leaves a recall of R or more
    - ``cost:fn=A,fp=B``: the least cost, where a missed crack costs A and a false alarm B
    - ``fixed:T``: T

    Where a whole range of thresholds is equally good, the middle of the widest one is taken, because it
    stands farthest from any photo.

    Args:
        labels: (N,) 0 or 1.
        scores: (N,) in 0..1.
        rule: What to look for.
        fitted_on: What the photos are, for the record.

    Raises:
        RecipeError: The rule is none of `RULES`.
        MissingClassError: A rule other than ``fixed`` on photos of one class.
        DataError: As `compute_metrics`.
    """
    rule = check_rule(rule)
    if fixed := _FIXED.fullmatch(rule):
        return Threshold(value=float(fixed[1]), rule=rule, fitted_on=fitted_on)
    truth, score = check_scores(labels, scores)
    n_positive = int(truth.sum())
    if not 0 < n_positive < truth.size:
        raise MissingClassError(
            f"the threshold rule {rule!r} needs Positive and Negative photos, "
            f"found {n_positive} Positive of {truth.size}; only fixed:T does without"
        )
    cuts = _cuts(truth, score)
    return Threshold(
        value=_middle_of_widest(cuts, _losses(cuts, rule, truth)), rule=rule, fitted_on=fitted_on
    )


def check_rule(rule: str) -> str:
    """The rule without spaces, or an error that lists the valid ones."""
    compact = re.sub(r"\s", "", rule)
    recall, cost, fixed = (pattern.fullmatch(compact) for pattern in (_RECALL, _COST, _FIXED))
    valid = (
        compact == DEFAULT_RULE
        or (recall is not None and 0 < float(recall[1]) <= 1)
        or (cost is not None and float(cost[1]) > 0 and float(cost[2]) > 0)
        or (fixed is not None and 0 <= float(fixed[1]) <= 1)
    )
    if not valid:
        raise RecipeError(
            f"unknown threshold rule {rule!r}; valid rules: {', '.join(RULES)} "
            "(recall and fixed between 0 and 1, costs above 0)"
        )
    return compact


def _cuts(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> _Cuts:
    values, where = np.unique(scores, return_inverse=True)
    positive = np.bincount(where, labels).astype(np.int64)
    negative = np.bincount(where).astype(np.int64) - positive
    # No threshold lies above a score of 1.
    kept = slice(None) if values[-1] < 1 else slice(-1)
    return _Cuts(
        low=np.concatenate([[0.0], values])[kept],
        high=np.concatenate([values, [1.0]])[kept],
        # A threshold above the k lowest values misses their Positive photos and spares their Negative ones.
        false_positive=(negative.sum() - np.concatenate([[0], np.cumsum(negative)]))[kept],
        false_negative=np.concatenate([[0], np.cumsum(positive)])[kept],
    )


def _losses(cuts: _Cuts, rule: str, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    n_positive = int(labels.sum())
    n_negative = labels.size - n_positive
    if recall := _RECALL.fullmatch(rule):
        kept = (n_positive - cuts.false_negative) / n_positive
        return np.where(kept >= float(recall[1]), cuts.false_positive.astype(np.float64), np.inf)
    # Balanced accuracy is a cost rule: each error weighs as much as the other class has photos.
    cost = _COST.fullmatch(rule)
    per_miss, per_alarm = (float(cost[1]), float(cost[2])) if cost else (float(n_negative), float(n_positive))
    return np.asarray(cuts.false_negative * per_miss + cuts.false_positive * per_alarm)


def _middle_of_widest(cuts: _Cuts, losses: NDArray[np.float64]) -> float:
    best = np.isclose(losses, losses.min(), rtol=1e-12, atol=0)
    # Neighbouring cuts that are equally good make one range.
    edges = np.diff(np.concatenate([[0], best.astype(np.int64), [0]]))
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    widest = np.argmax(cuts.high[last] - cuts.low[first])
    low, high = float(cuts.low[first[widest]]), float(cuts.high[last[widest]])
    middle = (low + high) / 2
    # Between two neighbouring floats the middle rounds to the lower one, which is the other decision.
    return middle if middle > low else high
