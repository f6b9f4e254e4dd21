"""Examples in docstrings give what they say they give."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

import crackscope

_ROOT = Path(crackscope.__file__).parent
EXAMPLES = sorted(
    ".".join(path.relative_to(_ROOT.parent).with_suffix("").parts)
    for path in _ROOT.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert (failed, tried > 0) == (0, True)


@pytest.mark.parametrize("name", ["CrackClassifier", "CrackScanner", "Prediction", "load_bundle"])
def test_what_users_begin_with_has_an_example(name: str) -> None:
    assert ">>> " in (getattr(crackscope, name).__doc__ or "")
