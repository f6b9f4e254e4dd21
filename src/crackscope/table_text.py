"""Text of other people in our tables: a file name or a camera's name ends no line and runs no formula."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: What would end a line or move a terminal's cursor, and halves of characters that UTF-8 can't hold.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

#: What spreadsheets take for the beginning of a formula; apostrophes before it may be ours.
_FORMULA = re.compile("'*[=+@-]")
#: Columns that hold paths.
_PATHS = frozenset({"path", "file", "copy_of"})


def spreadsheet_cell(column: str, text: str) -> str:
    """Text for a CSV cell that no spreadsheet runs as a formula.

    A path gets ``./`` in front, and still names the same file; other text, such as a camera's name, an
    apostrophe. JSON and Parquet have the text as it is. `text_of_cell` takes it back.

    >>> spreadsheet_cell("path", "=wall.jpg"), spreadsheet_cell("camera", "=1+1")
    ('./=wall.jpg', "'=1+1")
    """
    if not _FORMULA.match(text):
        return text
    return f"./{text}" if column in _PATHS else f"'{text}"


def spreadsheet_row(row: Mapping[str, object]) -> list[object]:
    """The cells of a row by column; numbers stay numbers."""
    return [spreadsheet_cell(name, cell) if isinstance(cell, str) else cell for name, cell in row.items()]


def text_of_cell(column: str, cell: str) -> str:
    """The text that `spreadsheet_cell` was given."""
    mark = "./" if column in _PATHS else "'"
    text = cell.removeprefix(mark)
    return text if _FORMULA.match(text) else cell


def one_line(text: str) -> str:
    r"""Text as one printable line: a line end becomes ``\n``, a byte that is no UTF-8 ``\udcff``."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
