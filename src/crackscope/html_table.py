"""A record as a small table of HTML, as notebooks show it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from crackscope.table_text import one_line


def html_table(title: str, facts: Mapping[str, str]) -> str:
    """A title and a row for each fact; whatever the texts hold is text, no markup."""
    rows = "".join(f"<tr><th>{_text(name)}</th><td>{_text(fact)}</td></tr>" for name, fact in facts.items())
    return f"<table><caption>{_text(title)}</caption>{rows}</table>"


def _text(text: str) -> str:
    return escape(one_line(text))
