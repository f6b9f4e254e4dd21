"""One panel per distortion: recall, specificity and AUROC over its strength."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crackscope.evaluation.distortions import Distortion
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

Curve = tuple[Distortion, Sequence[tuple[float, dict[str, float]]]]


def draw_robustness(target: Path, curves: Sequence[Curve], *, title: str) -> None:
    """Draw all curves; points are (strength, value by metric), the unchanged photos included."""
    rows = -(-len(curves) // _COLUMNS)
    figure = new_figure(3.0 * _COLUMNS, 2.6 * rows + 0.6, f"{title}: distorted photos")
    axes = figure.subplots(rows, _COLUMNS, squeeze=False, sharey=True).ravel()
    for place, (axis, (distortion, points)) in enumerate(zip(axes, curves, strict=False)):
        strengths = [strength for strength, _ in points]
        for name, (colour, marker, line) in _LINES.items():
            axis.plot(
                strengths,
                [values[name] for _, values in points],
                color=colour,
                marker=marker,
                markersize=4,
                linestyle=line,
                label=_NAMES[name],
            )
        axis.axvline(distortion.unchanged, color=FAINT, linewidth=0.8, linestyle=":")
        dress(axis, x=distortion.unit, y="" if place % _COLUMNS else "share of photos")
        axis.set_title(distortion.name, fontsize=10)
        axis.set_ylim(-0.02, 1.02)
    for axis in axes[len(curves) :]:
        axis.set_visible(False)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(_LINES), frameon=False
    )
    save(figure, target)
