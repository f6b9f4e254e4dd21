"""The page about archives does what it says, with a Ray of its own as a reader's machine starts it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("ray", reason="needs Ray")

from tests.helpers.pages import DOCS, run_commands, write_site

pytestmark = pytest.mark.slow


def test_commands_of_the_page_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(write_site(tmp_path))
    run_commands(DOCS / "batch.md")
    assert (Path("results.csv").read_text(encoding="utf-8")).count("wall-") == 3
