"""Every benchmark and study starts in a development install and says what it takes."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))
STUDIES = sorted(
    path.stem for path in (ROOT / "studies").glob("*.py") if "__main__" in path.read_text(encoding="utf-8")
)


def _help(run: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    assert callable(run)
    monkeypatch.setattr(sys, "argv", ["name", "--help"])
    with pytest.raises(SystemExit, match=r"^0$"):
        run()
    return capsys.readouterr().out


@pytest.mark.parametrize("script", BENCHMARKS, ids=lambda path: path.stem)
def test_every_benchmark_explains_itself(
    script: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _help(lambda: runpy.run_path(str(script), run_name="__main__"), monkeypatch, capsys)
    assert shown.startswith("usage:")


@pytest.mark.parametrize("name", [*STUDIES, "pretraining"])
def test_every_study_explains_itself(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _help(lambda: runpy.run_module(f"studies.{name}", run_name="__main__"), monkeypatch, capsys)
    assert "usage:" in shown.lower()


def test_every_study_is_in_the_list_of_studies() -> None:
    text = (ROOT / "studies" / "README.md").read_text(encoding="utf-8")
    assert [name for name in [*STUDIES, "pretraining"] if f"`{name}`" not in text] == []
