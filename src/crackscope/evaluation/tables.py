"""Evaluations and comparisons as tables for people."""

from __future__ import annotations

from dataclasses import dataclass

from crackscope.evaluation.compare import Comparison
from crackscope.evaluation.evaluate import Evaluation, ReviewSummary
from crackscope.evaluation.intervals import FEW_GROUPS, Interval
from crackscope.evaluation.metrics import METRICS, TITLES
from crackscope.labels import Label
from crackscope.metric_text import limits_text as limits_text
from crackscope.metric_text import number_text as number_text

_ABSENT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A title, the names of the columns, and rows of as many texts."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def evaluation_table(evaluation: Evaluation, *, labels: str | None = None) -> Table:
    """Every metric with its interval and, for scale, what calling every photo Positive would get.

    ``labels`` says which ones, where they are not those of the data set.
    """
    metrics, intervals = evaluation.metrics, evaluation.intervals
    shown = [name for name in METRICS if name != "precision_at_prior" or metrics.prior is not None]
    return Table(
        title=f"{evaluation.scored.model} at threshold {metrics.threshold:.4g}"
        + (f", against {labels}" if labels else ""),
        columns=("metric", "value", "95 % interval", "always Positive"),
        rows=tuple(
            (
                _title(name, metrics.prior),
                number_text(getattr(metrics, name)),
                interval_text(intervals[name]),
                number_text(metrics.always_positive.get(name)),
            )
            for name in shown
        ),
        notes=tuple(_evaluation_notes(evaluation)),
    )


def comparison_table(comparison: Comparison) -> Table:
    """Every metric of both models, and their difference with its interval."""
    shown = [one for one in comparison.differences if one.metric != "precision_at_prior" or one.a is not None]
    differ = comparison.only_a_right + comparison.only_b_right
    notes = [
        f"{_count(comparison.photos, 'photo')} in {_count(comparison.groups, 'group')}"
        f"{_left_out(comparison.left_out)}",
        f"{_count(differ, 'photo')} labelled differently: A right on {comparison.only_a_right:,}, B on "
        f"{comparison.only_b_right:,}; McNemar's exact p = {comparison.mcnemar_p:.3g} "
        "(takes photos for independent)",
        *_few_groups(comparison.groups),
        comparison.verdict(),
    ]
    return Table(
        title=f"A: {comparison.model_a}, B: {comparison.model_b}",
        columns=("metric", "A", "B", "B - A", "95 % interval", "better"),
        rows=tuple(
            (
                TITLES[one.metric],
                number_text(one.a),
                number_text(one.b),
                number_text(one.difference, "+"),
                limits_text(one.low, one.high, "+"),
                one.better or _ABSENT,
            )
            for one in shown
        ),
        notes=tuple(notes),
    )


def _title(name: str, prior: float | None) -> str:
    return f"precision at prior {prior:.3g}" if name == "precision_at_prior" else TITLES[name]


def interval_text(interval: Interval) -> str:
    """``[low, high]`` of an interval, or a dash."""
    return limits_text(interval.low, interval.high)


def _evaluation_notes(evaluation: Evaluation) -> list[str]:
    metrics, review = evaluation.metrics, evaluation.review
    n_negative, failures = metrics.n - metrics.n_positive, len(evaluation.scored.failures())
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in review.reasons.items() if count)
    table = metrics.confusion
    return [
        f"{_count(metrics.n, 'photo')} ({metrics.n_positive:,} Positive, {n_negative:,} Negative) "
        f"in {_count(evaluation.n_groups, 'group')}{_left_out(failures)}",
        f"{_count(table.false_negative, 'missed crack')}, {_count(table.false_positive, 'false alarm')}",
        f"review: {_count(review.photos, 'photo')} ({review.share:.1%}){f': {reasons}' if reasons else ''}; "
        f"wrong labels in it {_share_text(review.error_rate_inside)}, "
        f"outside {_share_text(review.error_rate_outside)}",
        f"labelled rightly or reviewed: {_coverage_text(review, Label.POSITIVE)}, "
        f"{_coverage_text(review, Label.NEGATIVE)}",
        *_few_groups(evaluation.n_groups),
    ]


def _coverage_text(review: ReviewSummary, label: Label) -> str:
    share = review.coverage[label]
    limits = _ABSENT if share.interval is None else interval_text(share.interval)
    return f"{number_text(share.value)} {limits} of {label}"


def _left_out(count: int) -> str:
    return f"; {_count(count, 'photo')} without a score left out" if count else ""


def _few_groups(n_groups: int) -> list[str]:
    if n_groups >= FEW_GROUPS:
        return []
    return [
        f"only {_count(n_groups, 'group')}: intervals from fewer than {FEW_GROUPS} are too narrow, "
        "don't rely on them"
    ]


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _share_text(share: float | None) -> str:
    return _ABSENT if share is None else f"{share:.2%}"
