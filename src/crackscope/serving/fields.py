"""Kinds of values in requests and answers, with their bounds."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header
from pydantic import AfterValidator, Field, StringConstraints


def _writable(text: str) -> str:
    """Refuse what a database or a terminal can't hold: control characters, halves of characters."""
    if any(not (letter.isprintable() or letter in "\n\t") for letter in text):
        raise ValueError("text with control characters or halves of characters")
    return text


#: A row's number. Larger numbers than the databases' own are refused before they are looked up.
RowId = Annotated[int, Field(ge=1, le=2**31 - 1)]
Line = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), AfterValidator(_writable)]
Paragraphs = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_writable)]
#: Made by the client for a write; asked again with the same key, the write is not done again.
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=8, max_length=64, pattern="^[A-Za-z0-9_-]+$"),
]
