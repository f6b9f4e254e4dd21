"""One panel per distortion: recall, specificity and AUROC over its strength, with 95 % intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from crackscope.evaluation.distortions import Distortion
from crackscope.evaluation.robustness import Condition
from crackscope.evaluation.style import CLASS_COLOURS, FAINT, dress, new_figure, save
from crackscope.labels import Label

_COLUMNS = 4

#: Recall is about Positive photos and specificity about Negative ones, so they have the classes' colours.
_LINES = {
    "recall": (CLASS_COLOURS[Label.POSITIVE], "o", "-"),
    "specificity": (CLASS_COLOURS[Label.NEGATIVE], "s", "-"),
    "auroc": (FAINT, "", "--"),
}
_NAMES = {"recall": "recall", "specificity": "specificity", "auroc": "AUROC"}

Curve = tuple[Distortion, Sequence[tuple[float, Condition]]]


def draw_robustness(target: Path, curves: Sequence[Curve], *, title: str) -> None:
    """Draw all curves; points are (strength, condition), the unchanged photos included."""
    rows = -(-len(curves) // _COLUMNS)
    figure = new_figure(3.0 * _COLUMNS, 2.6 * rows + 0.6, f"{title}: distorted photos")
    axes = figure.subplots(rows, _COLUMNS, squeeze=False, sharey=True).ravel()
    for place, (axis, (distortion, points)) in enumerate(zip(axes, curves, strict=False)):
        for name in _LINES:
            _draw_metric(axis, name, points)
        axis.axvline(distortion.unchanged, color=FAINT, linewidth=0.8, linestyle=":")
        dress(axis, x=distortion.unit, y="" if place % _COLUMNS else "value, 95 % interval")
        axis.set_title(distortion.name, fontsize=10)
        axis.set_ylim(-0.02, 1.02)
    for axis in axes[len(curves) :]:
        axis.set_visible(False)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(_LINES), frameon=False
    )
    save(figure, target)


def _draw_metric(axis: Axes, name: str, points: Sequence[tuple[float, Condition]]) -> None:
    colour, marker, line = _LINES[name]
    strengths = [strength for strength, _ in points]
    values = [_number(one.values[name]) for _, one in points]
    limits = [one.intervals[name] for _, one in points]
    axis.plot(
        strengths, values, color=colour, marker=marker, markersize=4, linestyle=line, label=_NAMES[name]
    )
    # Three bands on one another would hide the lines; AUROC's is in the table.
    if marker:
        low = [_number(interval.low) for interval in limits]
        high = [_number(interval.high) for interval in limits]
        axis.fill_between(strengths, low, high, color=colour, alpha=0.15, linewidth=0)


def _number(value: float | None) -> float:
    return math.nan if value is None else value
