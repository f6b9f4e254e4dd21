"""Boxes as CSV: a row per box, and a row without one for a photo on which there is nothing."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from crackscope.dataset.annotations.records import AnnotatedPhoto, Mark
from crackscope.errors import DataError
from crackscope.table_text import one_line, spreadsheet_cell

COLUMNS = ("path", "width_px", "height_px", "type", "left", "top", "right", "bottom", "score")
#: What other tools call the columns.
_ALIASES = {
    "path": ("path", "photo", "filename", "file_name", "image"),
    "type": ("type", "class", "label", "category"),
    "left": ("left", "xmin", "x1"),
    "top": ("top", "ymin", "y1"),
    "right": ("right", "xmax", "x2"),
    "bottom": ("bottom", "ymax", "y2"),
}
_SIDES = ("left", "top", "right", "bottom")


def read_table(lines: Iterable[str]) -> tuple[AnnotatedPhoto, ...]:
    """Photos and boxes, in the order in which photos are first named.

    Raises:
        DataError: A column is missing, or a row has half a box.
    """
    reader = csv.DictReader(lines)
    columns = _columns(reader.fieldnames or ())
    marks: dict[str, list[Mark]] = {}
    for number, row in enumerate(reader, start=2):
        found = marks.setdefault(row[columns["path"]], [])
        sides = [(row[columns[side]] or "").strip() for side in _SIDES]
        if not any(sides):
            continue
        try:
            left, top, right, bottom = map(float, sides)
        except ValueError:
            raise DataError(f"row {number} has {sides} as its box; expected four numbers or none") from None
        found.append(Mark(kind=row[columns["type"]] or "", box_ltrb=(left, top, right, bottom)))
    return tuple(AnnotatedPhoto(name=name, marks=tuple(found)) for name, found in marks.items())


def write_table(out: TextIO, photos: Iterable[AnnotatedPhoto]) -> None:
    """Write the table with a header."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for photo in photos:
        height, width = photo.photo_hw or ("", "")
        name = spreadsheet_cell("path", one_line(photo.name))
        for mark in photo.marks:
            writer.writerow([name, width, height, mark.kind, *mark.box_ltrb, mark.score])
        if not photo.marks:
            writer.writerow([name, width, height, *[""] * 6])


def _columns(header: Iterable[str]) -> dict[str, str]:
    known = {name.strip().lower(): name for name in header}
    found = {}
    for column, names in _ALIASES.items():
        named = next((known[name] for name in names if name in known), None)
        if named is None:
            raise DataError(
                f"the table has no column {' or '.join(names)}; it has {', '.join(known) or 'none'}"
            )
        found[column] = named
    return found
