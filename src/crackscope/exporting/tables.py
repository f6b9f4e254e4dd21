"""Places as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from crackscope.exporting.facts import PLACE_COLUMNS, Cell, place_row
from crackscope.exporting.records import Exported, ExportedPhoto, all_places
from crackscope.table_text import one_line, spreadsheet_cell


def write_csv(target: Path, photos: Sequence[ExportedPhoto]) -> Exported:
    """A row per place: UTF-8, LF, one physical line each, and no cell that a spreadsheet runs."""
    rows = [place_row(photo, place) for photo, place in all_places(photos)]
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, PLACE_COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(name, value) for name, value in row.items()} for row in rows)
    return Exported(photos=len(photos), places=len(rows))


def _cell(column: str, value: Cell) -> Cell:
    return spreadsheet_cell(column, one_line(value)) if isinstance(value, str) else value
