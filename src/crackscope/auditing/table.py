"""``labels.csv``: every photo with its label and what is said of it, most doubtful first."""

from __future__ import annotations

import csv
from pathlib import Path

from crackscope.auditing.doubt import LabelAudit, LabelDoubt
from crackscope.storage import atomic_path
from crackscope.table_text import spreadsheet_row

_COLUMNS = (
    "path",
    "source",
    "label",
    "doubt",
    "reasons",
    "held_out_score",
    "model_score",
    "neighbours_positive",
    "sha256",
)


def write_labels_csv(path: Path, audit: LabelAudit) -> None:
    """Write UTF-8 CSV with LF; reasons separated by ``; ``, none where the label is not doubted."""
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="", errors="backslashreplace") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows(spreadsheet_row(_row(one)) for one in audit.doubts)


def _row(one: LabelDoubt) -> dict[str, str]:
    numbers = (one.held_out, one.model, one.neighbours)
    cells = [
        one.photo.path,
        one.photo.source,
        one.photo.label,
        f"{one.doubt:.4f}",
        "; ".join(one.reasons),
        *(f"{number:.4f}" for number in numbers),
        one.sha256,
    ]
    return dict(zip(_COLUMNS, cells, strict=True))
