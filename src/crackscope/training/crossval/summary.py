"""From the predictions of folds to numbers per source: means over seeds, with intervals by group."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean, pstdev

import numpy as np
from numpy.typing import NDArray

from crackscope.evaluation.intervals import Interval, bootstrap_intervals, share_interval
from crackscope.evaluation.metrics import METRICS, TITLES, compute_metrics
from crackscope.evaluation.tables import Table
from crackscope.labels import Label, ReviewReason
from crackscope.training.crossval.folds import Setting
from crackscope.training.crossval.store import CrossvalRow

#: Metrics of the order and size of scores; all others are of decisions, each at its fold's own threshold.
_BY_SCORE = ("auroc", "average_precision", "log_loss", "brier", "ece")
_BY_DECISION = tuple(name for name in METRICS if name not in (*_BY_SCORE, "precision_at_prior"))

SHARE_TITLES = {
    "review": "review share",
    "unfamiliar": "unfamiliar share",
    "coverage_positive": "coverage of Positive",
    "coverage_negative": "coverage of Negative",
}

#: The columns of the table for people; everything is in the JSON.
_SHOWN = (
    "balanced_accuracy", "auroc", "recall", "specificity", "ece", "review", "coverage_positive",
    "coverage_negative",
)  # fmt: skip

ALWAYS_POSITIVE = "always Positive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One number of one seed or, as a mean, of all; ``None`` where undefined.

    Attributes:
        low: Of the 95 % interval by group; of a mean, the mean of the seeds' limits.
        high: Likewise.
        spread: Standard deviation over the seeds; 0 for one.
    """

    value: float | None
    low: float | None
    high: float | None
    spread: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceResult:
    """What one arm does on one source in one setting.

    Attributes:
        seeds: Those it is a mean over.
        photos: Tested photos, each once per seed.
        values: By metric: those of `METRICS` without a prior, and of `SHARE_TITLES`.
        folds: Balanced accuracy and AUROC of each fold alone, by its name.
    """

    arm: str
    setting: Setting
    source: str
    seeds: tuple[int, ...]
    photos: int
    positive: int
    groups: int
    values: dict[str, Estimate]
    folds: dict[str, dict[str, float | None]]


def summarise(rows: Sequence[CrossvalRow], *, n_resamples: int) -> list[SourceResult]:
    """One result per setting, source and arm, in that order, and the always-positive line of each source."""
    order = {setting: place for place, setting in enumerate(Setting)}

    def key(row: CrossvalRow) -> tuple[int, str, str]:
        return order[row.setting], row.source, row.arm

    results: list[SourceResult] = []
    for _, members in groupby(sorted(rows, key=key), key):
        found = list(members)
        results.append(_mean_over_seeds(found, n_resamples))
        last_arm = max(row.arm for row in rows if key(row)[:2] == key(found[0])[:2])
        if found[0].arm == last_arm:
            results.append(_always_positive(found, results[-1]))
    return results


def crossval_table(results: Sequence[SourceResult]) -> Table:
    """The numbers for people."""
    titles = TITLES | SHARE_TITLES
    return Table(
        title="Cross-validation",
        columns=("setting", "source", "photos (groups)", "arm", *(titles[name] for name in _SHOWN)),
        rows=tuple(
            (
                str(one.setting),
                one.source,
                f"{one.photos:,} ({one.groups:,})",
                one.arm,
                *(_cell(one.values.get(name)) for name in _SHOWN),
            )
            for one in results
        ),
        notes=tuple(_notes(results)),
    )


def markdown(table: Table) -> str:
    """The table and its notes for a page."""
    lines = [
        f"| {' | '.join(table.columns)} |",
        "|" + "---|" * len(table.columns),
        *(f"| {' | '.join(row)} |" for row in table.rows),
        "",
        *(f"- {note}" for note in table.notes),
    ]
    return "\n".join(lines) + "\n"


def _mean_over_seeds(rows: list[CrossvalRow], n_resamples: int) -> SourceResult:
    seeds = sorted({row.seed for row in rows})
    per_seed = [
        _estimates(sorted((row for row in rows if row.seed == seed), key=lambda row: row.path), n_resamples)
        for seed in seeds
    ]
    one_seed = [row for row in rows if row.seed == seeds[0]]
    return SourceResult(
        arm=rows[0].arm,
        setting=rows[0].setting,
        source=rows[0].source,
        seeds=tuple(seeds),
        photos=len(one_seed),
        positive=sum(row.truth is Label.POSITIVE for row in one_seed),
        groups=len({row.group for row in one_seed}),
        values={name: _mean([one[name] for one in per_seed]) for name in per_seed[0]},
        folds=_per_fold(rows),
    )


def _estimates(rows: list[CrossvalRow], n_resamples: int) -> dict[str, Estimate]:
    labels, scores, decided = _arrays(rows)
    groups = [row.group for row in rows]
    by_decision = compute_metrics(labels, decided, threshold=0.5)
    by_score = compute_metrics(labels, scores, threshold=0.5)
    limits = bootstrap_intervals(labels, decided, groups, threshold=0.5, n_resamples=n_resamples)
    score_limits = bootstrap_intervals(labels, scores, groups, threshold=0.5, n_resamples=n_resamples)
    found = {name: _estimate(getattr(by_decision, name), limits[name]) for name in _BY_DECISION}
    found |= {name: _estimate(getattr(by_score, name), score_limits[name]) for name in _BY_SCORE}
    for name, (flags, among) in _shares(rows).items():
        counted = [group for group, one in zip(groups, among, strict=True) if one]
        limits_of_share = share_interval(flags[among], counted, n_resamples=n_resamples)
        found[name] = _estimate(float(flags[among].mean()), limits_of_share)
    return found


def _arrays(
    rows: Sequence[CrossvalRow],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    labels = np.array([row.truth.number for row in rows], dtype=np.int64)
    scores = np.array([row.score for row in rows])
    decided = np.array([float(row.label.number) for row in rows])
    return labels, scores, decided


def _shares(rows: Sequence[CrossvalRow]) -> dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """By name: which photos count, and among which."""
    labels, _, decided = _arrays(rows)
    review = np.array([row.reason != "" for row in rows])
    unfamiliar = np.array([row.reason == ReviewReason.UNFAMILIAR for row in rows])
    # What conformal prediction promises: no outright error, be the label right or a person asked.
    covered = (decided == labels) | review
    everywhere = np.ones(len(rows), dtype=bool)
    return {
        "review": (review, everywhere),
        "unfamiliar": (unfamiliar, everywhere),
        "coverage_positive": (covered, labels == 1),
        "coverage_negative": (covered, labels == 0),
    }


def _estimate(value: float | None, interval: Interval) -> Estimate:
    return Estimate(value=value, low=interval.low, high=interval.high)


def _mean(estimates: Sequence[Estimate]) -> Estimate:
    values = [one.value for one in estimates if one.value is not None]
    lows = [one.low for one in estimates if one.low is not None]
    highs = [one.high for one in estimates if one.high is not None]
    return Estimate(
        value=fmean(values) if values else None,
        low=fmean(lows) if len(lows) == len(estimates) else None,
        high=fmean(highs) if len(highs) == len(estimates) else None,
        spread=pstdev(values) if values else 0.0,
    )


def _per_fold(rows: Sequence[CrossvalRow]) -> dict[str, dict[str, float | None]]:
    found = {}
    for fold in sorted({row.fold for row in rows}):
        labels, scores, decided = _arrays([row for row in rows if row.fold == fold])
        found[fold] = {
            "balanced_accuracy": compute_metrics(labels, decided, threshold=0.5).balanced_accuracy,
            "auroc": compute_metrics(labels, scores, threshold=0.5).auroc,
        }
    return found


def _always_positive(rows: Sequence[CrossvalRow], beside: SourceResult) -> SourceResult:
    labels, scores, _ = _arrays(rows)
    values: Mapping[str, float | None] = compute_metrics(labels, scores, threshold=0).always_positive
    return dataclasses.replace(
        beside,
        arm=ALWAYS_POSITIVE,
        values={name: Estimate(value=value, low=None, high=None) for name, value in values.items()},
        folds={},
    )


def _cell(estimate: Estimate | None) -> str:
    if estimate is None or estimate.value is None:
        return "-"
    if estimate.low is None or estimate.high is None:
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


def _notes(results: Sequence[SourceResult]) -> list[str]:
    seeds = sorted({seed for one in results for seed in one.seeds})
    return [
        f"Means over the seeds {', '.join(map(str, seeds))}; in brackets the mean 95 % interval by group."
        if len(seeds) > 1
        else f"With the seed {seeds[0]}; in brackets the 95 % interval by group.",
        "within: folds of the source alone. pooled: folds of all sources together, one model and one "
        "threshold. loso: the source left out.",
        "Decisions are at each fold's own threshold, fitted on groups used for nothing else. Coverage: share "
        "of a class that is labelled rightly or sent to review.",
    ]
