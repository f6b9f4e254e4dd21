"""What a card says of results on named photos, which `crackscope model card` puts into ``model.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crackscope.metric_text import TITLES, estimate_text

_COLUMNS = ("balanced_accuracy", "auroc", "recall", "specificity", "ece")


def measured_section(measured: Mapping[str, Any]) -> str:
    """The section of the card, as Markdown; empty where nothing was measured."""
    if not any(measured.values()):
        return ""
    lines = ["## Measured at its threshold", ""]
    if evaluations := measured.get("evaluations"):
        titles = [TITLES[name] for name in _COLUMNS]
        titles += ["review", "Positive: right or reviewed", "Negative: right or reviewed"]
        lines += [f"| photos | {' | '.join(titles)} |", "|---" * (len(titles) + 1) + "|"]
        lines += [_row(name, one) for name, one in evaluations.items()]
        lines += ["", "In brackets 95 % intervals by group."]
    if robustness := measured.get("robustness"):
        lines += ["", *(f"- {name}: {one['worst']}." for name, one in robustness.items())]
    return "\n".join(lines)


def _row(name: str, one: Mapping[str, Any]) -> str:
    cells = [*(estimate_text(*one[column]) for column in _COLUMNS), _percent(one["review"])]
    cells += [_percent(one["coverage"][label]) for label in ("Positive", "Negative")]
    return f"| {name}: {one['photos']:,} ({one['groups']:,} groups) | {' | '.join(cells)} |"


def _percent(estimate: list[float | None]) -> str:
    value, low, high = estimate
    if value is None:
        return "-"
    return f"{value:.1%}" + ("" if low is None else f" [{low:.1%}, {high:.1%}]")
