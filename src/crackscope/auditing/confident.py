"""Confident learning: how many labels are wrong, and which.

Northcutt, Jiang & Chuang, Confident Learning, JAIR 2021; by cleanlab, Apache-2.0 since its version 2.9.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from cleanlab.count import compute_confident_joint, estimate_joint
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray

from crackscope.evaluation.intervals import CONFIDENCE, percentile_limits
from crackscope.evaluation.resampling import draw_groups
from crackscope.labels import Label

#: Bootstrap draws behind the interval of the share of wrong labels.
RESAMPLES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongShare:
    """The expected share of wrong labels among the photos labelled so, with the limits of its 95 % interval.

    The interval is that of drawing other photos (by group), not of the heads being wrong together: what no
    head can see is not in it. ``None`` where every resample is the same.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidentLearning:
    """What confident learning makes of labels and out-of-fold scores.

    Attributes:
        issues: (N,) whether the label is taken for wrong.
        wrong: The expected share of wrong labels, by given label.
    """

    issues: NDArray[np.bool_]
    wrong: dict[Label, WrongShare]


def learn_confidently(
    labels: NDArray[np.int64], scores: NDArray[np.float64], groups: NDArray[np.int64], *, seed: int = 0
) -> ConfidentLearning:
    """Compare given labels with out-of-fold scores.

    Args:
        labels: (N,) 0 or 1, as given; both there.
        scores: (N,) of Positive, by heads that have not seen the photo.
        groups: (N,) numbers, 0..G-1.
        seed: Of the resamples.
    """
    chances = _both_classes(scores)
    draws = [
        _wrong_shares(labels[rows], chances[rows])
        for rows in _resamples(labels, groups, seed=seed)
        if np.unique(labels[rows]).size == len(Label)
    ]
    found = _wrong_shares(labels, chances)
    return ConfidentLearning(
        issues=np.asarray(
            find_label_issues(labels, chances, filter_by="prune_by_noise_rate", n_jobs=1), dtype=np.bool_
        ),
        wrong={
            label: _wrong_share(found[label.number], np.array([draw[label.number] for draw in draws]))
            for label in Label
        },
    )


def _both_classes(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([1 - scores, scores])


def _wrong_shares(labels: NDArray[np.int64], chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2,) by given label: of the estimated joint of given and true labels, what lies off the diagonal."""
    joint = estimate_joint(labels, chances, confident_joint=compute_confident_joint(labels, chances))
    return np.asarray(1 - np.diag(joint) / joint.sum(axis=1))


def _resamples(
    labels: NDArray[np.int64], groups: NDArray[np.int64], *, seed: int
) -> Iterator[NDArray[np.intp]]:
    """The rows of each resample: whole groups, as often as they were drawn."""
    for weights in draw_groups(labels, groups, n_resamples=RESAMPLES, seed=seed):
        for counts in weights.astype(np.intp):
            yield np.repeat(np.arange(len(labels)), counts[groups])


def _wrong_share(value: float, draws: NDArray[np.float64]) -> WrongShare:
    low, high = percentile_limits(draws, CONFIDENCE) or (None, None)
    return WrongShare(value=float(value), low=low, high=high)
