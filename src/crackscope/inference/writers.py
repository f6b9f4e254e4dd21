"""Outcomes as a table, CSV, JSON, JSON Lines or Parquet: the same fields in each, written as they come.

Scores are rounded before anything is decided (see `SCORE_DECIMALS`), so every format carries the same number.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from crackscope.errors import MissingExtraError, PhotoError, SettingsError
from crackscope.guard import one_photo
from crackscope.records import COLUMNS, SCORE_DECIMALS, Failure, Outcome
from crackscope.storage import atomic_path
from crackscope.table_text import one_line, spreadsheet_cell

Row = TypeVar("Row")


class Format(StrEnum):
    """How predictions are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"


#: Of label, score, threshold, review and reason, in characters.
_TABLE_WIDTHS = (8, 8, 9, 6, 19)

#: Rows that are collected before Parquet writes them together.
_ROW_GROUP = 10_000


def table_lines(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Aligned columns for people; the path comes last because its length is not known beforehand."""
    yield _table_line(COLUMNS[1:-1], COLUMNS[0])
    for outcome in outcomes:
        yield _rendered(outcome, _table_row)


def csv_lines(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """A header and one line for each outcome, LF at its end; absent values are empty."""
    yield _csv_line(COLUMNS)
    for outcome in outcomes:
        yield _rendered(outcome, _csv_row)


def json_lines(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """One JSON object a line; absent values are ``null``."""
    for outcome in outcomes:
        yield _rendered(outcome, _json) + "\n"


def json_array(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """One JSON array with an object a line."""
    before = "[\n"
    for outcome in outcomes:
        yield before + _rendered(outcome, _json)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


_TEXT_FORMATS: dict[Format, Callable[[Iterable[Outcome]], Iterator[str]]] = {
    Format.TABLE: table_lines,
    Format.CSV: csv_lines,
    Format.JSON: json_array,
    Format.JSONL: json_lines,
}


def text_lines(outcomes: Iterable[Outcome], form: Format) -> Iterator[str]:
    """Outcomes in a text format, a piece at a time.

    Raises:
        SettingsError: The format is not text.
    """
    if form not in _TEXT_FORMATS:
        raise SettingsError(f"{form} is no text; give it a file with --output")
    return _TEXT_FORMATS[form](outcomes)


def write_outcomes(target: Path, outcomes: Iterable[Outcome], form: Format) -> None:
    """Write a file in any format: UTF-8, LF, and either whole or not there.

    Raises:
        OutputError: The place can't be written to.
        MissingExtraError: The format needs a package that is not installed.
    """
    with atomic_path(target) as temporary:
        if form is Format.PARQUET:
            _write_parquet(temporary, outcomes)
        else:
            with temporary.open("w", encoding="utf-8", newline="\n") as stream:
                stream.writelines(text_lines(outcomes, form))


def _write_parquet(target: Path, outcomes: Iterable[Outcome]) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet") from error
    schema = parquet_schema()
    stream = iter(outcomes)
    with parquet.ParquetWriter(target, schema) as writer:
        while rows := [_rendered(outcome, parquet_row) for outcome in islice(stream, _ROW_GROUP)]:
            writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))


def _rendered(outcome: Outcome, render: Callable[[Outcome], Row]) -> Row:
    """A row in any form; that of a failure where it can't be made."""
    try:
        with one_photo(outcome.path):
            return render(outcome)
    except PhotoError as error:
        return render(Failure(path=outcome.path, error=str(error)))


def _table_row(outcome: Outcome) -> str:
    row = outcome.as_row()
    cells = [_table_cell(row[column]) for column in COLUMNS[1:-1]]
    error = f"  error: {one_line(outcome.error)}" if isinstance(outcome, Failure) else ""
    return _table_line(cells, one_line(outcome.path) + error)


def _csv_row(outcome: Outcome) -> str:
    return _csv_line(_csv_cell(column, value) for column, value in outcome.as_row().items())


def _csv_line(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _table_line(cells: Iterable[str], path: str) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, _TABLE_WIDTHS, strict=True)]
    return "  ".join([*padded, path]) + "\n"


def _table_cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.{SCORE_DECIMALS}f}" if isinstance(value, float) else _csv_cell("", value)


def _csv_cell(column: str, value: object) -> str:
    if value is None:
        return ""
    if column == "score":
        return f"{value:.{SCORE_DECIMALS}f}"
    return str(value).lower() if isinstance(value, bool) else spreadsheet_cell(column, one_line(str(value)))


def _json(outcome: Outcome) -> str:
    # Halves of characters can't be UTF-8; written as \ud800 they are valid JSON and read back as they were.
    text = json.dumps(outcome.as_row(), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


def parquet_schema() -> Any:
    """`COLUMNS` as a pyarrow schema."""
    import pyarrow

    kinds = {"score": pyarrow.float64(), "threshold": pyarrow.float64(), "review": pyarrow.bool_()}
    return pyarrow.schema([(column, kinds.get(column, pyarrow.string())) for column in COLUMNS])


def parquet_row(outcome: Outcome) -> dict[str, object]:
    """A row of `parquet_schema`: every text is one line of valid UTF-8."""
    row = outcome.as_row()
    return {key: one_line(value) if isinstance(value, str) else value for key, value in row.items()}
