"""What was measured on distorted photos, as a table, JSON and a figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crackscope import __version__
from crackscope.evaluation.distortions import DISTORTIONS, Distortion
from crackscope.evaluation.robustness import METRICS_SHOWN, Condition, Robustness
from crackscope.evaluation.robustness_figure import Curve, draw_robustness
from crackscope.evaluation.tables import Table, interval_text, number_text
from crackscope.storage import write_json


def robustness_table(found: Robustness) -> Table:
    """One row per condition."""
    clean = found.conditions[0]
    return Table(
        title=f"{found.model} at threshold {found.threshold:.4g}",
        columns=(
            "distortion",
            "strength",
            "recall",
            "95 %",
            "specificity",
            "95 %",
            "AUROC",
            "95 %",
            "review",
        ),
        rows=tuple(
            (
                one.distortion,
                "" if one.strength is None else f"{one.strength:g} ({one.unit})",
                *(
                    cell
                    for name in METRICS_SHOWN
                    for cell in (number_text(one.values[name]), interval_text(one.intervals[name]))
                ),
                f"{one.review_share:.1%}",
            )
            for one in found.conditions
        ),
        notes=(
            f"{found.photos:,} photos ({found.positive:,} Positive) in {found.groups:,} groups; lengths in "
            "pixels of a photo of 256 pixels' side",
            _worst(clean, found.conditions[1:]),
        ),
    )


def write_robustness(folder: Path, found: Robustness) -> list[Path]:
    """Write ``robustness.json`` and ``robustness.png`` and say where they are."""
    document, figure = folder / "robustness.json", folder / "robustness.png"
    write_json(document, robustness_document(found))
    draw_robustness(figure, [_curve(found, distortion) for distortion in DISTORTIONS], title=found.model)
    return [document, figure]


def robustness_document(found: Robustness) -> dict[str, Any]:
    """The content of ``robustness.json``."""
    return {"crackscope": __version__, **asdict(found)}


def _worst(clean: Condition, others: Sequence[Condition]) -> str:
    def drop(one: Condition, name: str) -> float:
        before, after = clean.values[name], one.values[name]
        return 0.0 if before is None or after is None else before - after

    def told(name: str) -> str:
        worst = max(others, key=lambda one: drop(one, name))
        if drop(worst, name) <= 0:
            return f"{name} falls nowhere"
        return f"{name} falls most, by {drop(worst, name):.3f}, under {worst.distortion} {worst.strength:g}"

    return "; ".join(told(name) for name in METRICS_SHOWN[:2])


def _curve(found: Robustness, distortion: Distortion) -> Curve:
    """The points of one panel, the unchanged photos among them, by strength."""
    points = [(distortion.unchanged, found.conditions[0])]
    points += [
        (one.strength, one)
        for one in found.conditions
        if one.distortion == distortion.name and one.strength is not None
    ]
    return distortion, sorted(points, key=lambda point: point[0])
