"""Text that every form of a report can hold."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

from crackscope.bundle import ModelConfig

_Record = TypeVar("_Record")

#: Line ends, and what joins or parts letters in Persian, Indian scripts and emoji.
_KEPT = "\n\u200c\u200d"


def printable(record: _Record) -> _Record:
    """The record with every text in it made printable.

    A file name may hold control characters or bytes that are no UTF-8. A PDF, a spreadsheet or an HTML file
    with those in it can't be written or opened, so each becomes U+FFFD, as does what turns the direction of
    writing.
    """
    return _printable(record)  # type: ignore[no-any-return]


def _printable(value: Any) -> Any:
    if type(value) is str:
        return "".join(letter if letter.isprintable() or letter in _KEPT else "\ufffd" for letter in value)
    if isinstance(value, tuple):
        return tuple(_printable(item) for item in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, ModelConfig | type):
        changes = {field.name: _printable(getattr(value, field.name)) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **changes)
    return value
