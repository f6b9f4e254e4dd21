"""``index.html`` of a scan: its photos as a table with pictures, which opens from a disk without a server."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crackscope.inspection.names import short_names
from crackscope.scanning.results import PHOTOS_CSV
from crackscope.storage import atomic_path

INDEX_HTML = "index.html"

_TEMPLATE = Path(__file__).with_name(INDEX_HTML)


def write_index(folder: Path) -> None:
    """Write the page from the folder's ``photos.csv``, which is read row by row.

    Photos are named without the folders that all of them share, and pictures by their place beside the page.

    Raises:
        OutputError: The folder can't be written to.
    """
    names = short_names([row["path"] for row in _rows(folder)])
    before, after = _TEMPLATE.read_text(encoding="utf-8").split("/*PHOTOS*/")
    with (
        atomic_path(folder / INDEX_HTML) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as out,
    ):
        out.write(before + "[")
        for index, (name, row) in enumerate(zip(names, _rows(folder), strict=True)):
            out.write((",\n" if index else "\n") + _json([name, *_facts(row)]))
        out.write("\n]" + after)


def _rows(folder: Path) -> Iterator[dict[str, str]]:
    with (folder / PHOTOS_CSV).open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _facts(row: dict[str, str]) -> list[Any]:
    """In the order of ``FIELDS`` in the page."""
    return [
        row["label"],
        _number(row["score"]),
        row["reason"],
        row["error"],
        _number(row["cracked_share"]),
        _number(row["regions"]),
        row["overlay"],
    ]


def _number(text: str) -> float | None:
    return float(text) if text else None


def _json(value: Any) -> str:
    # A file's name can't end the script that it stands in.
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
