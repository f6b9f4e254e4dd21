"""The go / no-go sheet: what the fitted head would do on new photos of the site, against the old one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crackscope.adaptation.advice import CurvePoint, advise
from crackscope.adaptation.fit import held_out_margins
from crackscope.adaptation.head import Evidence, Head
from crackscope.errors import DataError
from crackscope.evaluation.compare import Difference, compare
from crackscope.evaluation.evaluate import ScoredPhotos
from crackscope.evaluation.intervals import bootstrap_intervals
from crackscope.evaluation.metrics import compute_metrics
from crackscope.evaluation.photos import GroupedPhoto
from crackscope.labels import Label, decide
from crackscope.records import Prediction

#: What the sheet shows of both heads.
SHOWN = ("recall", "specificity", "precision", "precision_at_prior", "balanced_accuracy", "auroc")

#: Shares of the labels in the learning curve, and how many draws of each are averaged.
_CURVE = ((0.25, 2), (0.5, 1), (1.0, 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A metric on new photos of the site, with its 95 % interval by group; ``None`` where undefined."""

    metric: str
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What to expect before and after, and what to do about it.

    Attributes:
        judged_on: Which photos the numbers are from, for people.
        photos: How many.
        groups: In how many groups.
        before: The old head at the old threshold, in the order of `SHOWN`.
        after: The new one, each photo by a fit that has not seen its group.
        gain: After minus before, in balanced accuracy.
        go: Whether after is better and the interval of the gain leaves a loss out.
        curve: Fewest labels first; empty without labels.
        advice: Sentences: what the numbers carry, and how many more labels would be worth it.
    """

    judged_on: str
    photos: int
    groups: int
    before: tuple[Expected, ...]
    after: tuple[Expected, ...]
    gain: Difference
    go: bool
    curve: tuple[CurvePoint, ...]
    advice: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of one head on N judged rows, and its threshold."""

    name: str
    values: NDArray[np.float64]
    threshold: float


def make_sheet(
    evidence: Evidence,
    start: Head,
    before: Scores,
    *,
    judged_on: str,
    seed: int,
    prior: float | None = None,
) -> Sheet:
    """Judge old and new head on the rows that count: labelled photos or, without any, painted cracks.

    Args:
        evidence: All of it; the rows of `judged_rows` are judged.
        start: The old head.
        before: Its scores of the judged rows.
        judged_on: What they are, for people.
        seed: Of folds and resamples.
        prior: The share of cracked tiles on the site, for the precision.
    """
    judged = evidence.judged
    margins = held_out_margins(evidence, start, seed=seed)[judged]
    after = Scores(name="after", values=expit(margins), threshold=0.5)
    rows = evidence[judged]
    comparison = compare(_as_photos(rows, before), _as_photos(rows, after), prior=prior, seed=seed)
    gain = next(one for one in comparison.differences if one.metric == "balanced_accuracy")
    # Where one head errs alike in every resample and the other never, there is a gain but no interval of it.
    same_everywhere = gain.low is None and (gain.difference or 0) > 0 and comparison.enough_differ
    go = gain.better == "B" or same_everywhere
    curve = learning_curve(evidence, start, margins, seed=seed)
    expected = _expected(rows, before, prior, seed), _expected(rows, after, prior, seed)
    trade = [] if go or rows.labelled.any() else _trade(*expected)
    verdict, labels = advise(gain, go, curve)
    return Sheet(
        judged_on=judged_on,
        photos=comparison.photos,
        groups=comparison.groups,
        before=expected[0],
        after=expected[1],
        gain=gain,
        go=go,
        curve=curve,
        advice=(verdict, *trade, *([labels] if labels else [])),
    )


def learning_curve(
    evidence: Evidence, start: Head, margins: NDArray[np.float64], *, seed: int
) -> tuple[CurvePoint, ...]:
    """Balanced accuracy on held-out groups from a quarter, a half and all of the labels.

    Args:
        evidence: All of it.
        start: The old head.
        margins: Of the judged rows, by fits on all labels.
        seed: Of the draws.

    Returns:
        Without points that have too few labels to fit; empty without labels.
    """
    n = int(evidence.labelled.sum())
    if n == 0:
        return ()
    points = []
    for share, draws in _CURVE:
        found = (
            [_accuracy(evidence[evidence.judged].labels, margins)]
            if share == 1
            else [_accuracy_from(evidence, start, share, seed=seed + draw) for draw in range(draws)]
        )
        defined = [value for value in found if value is not None]
        if defined:
            points.append(CurvePoint(labels=round(share * n), balanced_accuracy=float(np.mean(defined))))
    return tuple(points)


def _accuracy_from(evidence: Evidence, start: Head, share: float, *, seed: int) -> float | None:
    try:
        margins = held_out_margins(evidence, start, seed=seed, share=share)
    except DataError:
        return None
    return _accuracy(evidence.labels[evidence.judged], margins[evidence.judged])


def _accuracy(labels: NDArray[np.int64], margins: NDArray[np.float64]) -> float | None:
    return compute_metrics(labels, expit(margins), threshold=0.5).balanced_accuracy


def _expected(rows: Evidence, scores: Scores, prior: float | None, seed: int) -> tuple[Expected, ...]:
    metrics = compute_metrics(rows.labels, scores.values, threshold=scores.threshold, prior=prior)
    intervals = bootstrap_intervals(
        rows.labels, scores.values, rows.groups.tolist(), threshold=scores.threshold, prior=prior, seed=seed
    )
    return tuple(
        Expected(
            metric=name, value=getattr(metrics, name), low=intervals[name].low, high=intervals[name].high
        )
        for name in SHOWN
        if name != "precision_at_prior" or prior is not None
    )


def _as_photos(rows: Evidence, scores: Scores) -> ScoredPhotos:
    """Rows as `compare` takes them; they have no files of their own."""
    photos, outcomes = [], []
    for index, (label, group, score) in enumerate(zip(rows.labels, rows.groups, scores.values, strict=True)):
        truth = Label.POSITIVE if label else Label.NEGATIVE
        photos.append(GroupedPhoto(path=str(index), file=Path(str(index)), truth=truth, group=str(group)))
        decided = decide(float(score), scores.threshold)
        outcomes.append(
            Prediction(
                path=str(index), label=decided, score=float(score), threshold=scores.threshold, reason=None
            )
        )
    return ScoredPhotos(
        model=scores.name,
        identity=scores.name,
        threshold=scores.threshold,
        band=None,
        photos=tuple(photos),
        outcomes=tuple(outcomes),
    )


def _trade(before: Sequence[Expected], after: Sequence[Expected]) -> list[str]:
    """What painted cracks can't weigh: more cracks found for more false alarms."""
    old, new = ({one.metric: one.value or 0.0 for one in side} for side in (before, after))
    if new["recall"] <= old["recall"] or new["specificity"] >= old["specificity"]:
        return []
    return [
        f"It finds more of the painted cracks (recall {old['recall']:.2f} to {new['recall']:.2f}) and calls "
        f"more of the intact concrete cracked (specificity {old['specificity']:.2f} to "
        f"{new['specificity']:.2f}). Real cracks finer than painted ones may gain far more: where a missed "
        "crack costs more than a false alarm, take it with --force, and label a few tiles to be sure."
    ]
