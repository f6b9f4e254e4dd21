"""Packages stay in the rooms they were let into: import contracts know every one of them."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[2]
#: What every room may use.
EVERYWHERE = {"numpy", "PIL"}


@pytest.fixture(scope="module")
def contracts() -> list[dict[str, Any]]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = document["tool"]["importlinter"]["contracts"]
    return found


def test_every_contract_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0


def test_every_package_that_is_imported_has_a_contract(contracts: list[dict[str, Any]]) -> None:
    graph = grimp.build_graph("crackscope", include_external_packages=True)
    used = {
        name
        for name in graph.modules
        if name.partition(".")[0] not in {"crackscope", *sys.stdlib_module_names}
    }
    kept = {name for one in contracts for name in one.get("protected_modules", [])}
    assert used - EVERYWHERE == kept


def test_no_import_is_let_through_a_contract(contracts: list[dict[str, Any]]) -> None:
    let_through = {entry for one in contracts for entry in one.get("ignore_imports", [])}
    assert let_through == {"crackscope -> crackscope.**"}
