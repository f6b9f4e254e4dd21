"""Bars: one kind for all commands."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

import crackscope.cli
from crackscope.cli.bars import counting, photo_bar


def test_a_bar_says_how_many_of_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(
        "rich.console.Console",
        lambda **_: Console(file=screen, force_terminal=True, color_system=None, width=80),
    )
    with photo_bar("scoring [walls]", "photos") as progress:
        progress(3, 10)
    assert re.search(r"scoring \[walls\].* 3 of 10 photos", screen.getvalue())


def test_a_bar_stays_away_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with photo_bar("scoring") as progress:
        progress(3, 10)
    assert capsys.readouterr().err == ""
    assert counting(quiet=True).disable


def test_no_command_draws_a_bar_of_its_own() -> None:
    """Downloads count bytes, which have columns of their own."""
    folder = Path(crackscope.cli.__file__).parent
    found = {path.name for path in folder.glob("*.py") if "BarColumn" in path.read_text(encoding="utf-8")}
    assert found == {"bars.py", "data_download.py"}
