"""The public surface is what the package says it is: every name can be had, has a type, and stays."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import crackscope
from tests.helpers.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
NAMES = [name for name in crackscope.__all__ if name != "__version__"]


def test_public_names_are_those_written_down_for_users() -> None:
    """A name that goes from the list breaks programs; a new one is written there with it."""
    written = (Path(__file__).parent / "public_names.txt").read_text(encoding="utf-8").split()
    assert written == NAMES


def test_public_names_are_sorted_and_unique() -> None:
    assert sorted(set(NAMES)) == NAMES


def test_every_public_name_resolves_and_is_explained() -> None:
    assert [name for name in NAMES if not (getattr(crackscope, name).__doc__ or "").strip()] == []


def test_type_checkers_find_each_name_where_the_interpreter_finds_it() -> None:
    tree = ast.parse(Path(crackscope.__file__).read_text(encoding="utf-8"))
    seen = {
        alias.asname: node.module.removeprefix("crackscope.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.asname is not None
    }
    assert seen == crackscope._HOME_OF


@pytest.mark.slow
def test_type_checkers_know_what_every_public_name_is(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import crackscope\n" + "".join(f"reveal_type(crackscope.{name})\n" for name in NAMES))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(program)],
        cwd=ROOT,
        env={**os.environ, "MYPYPATH": str(ROOT / "src")},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.findall(r'program\.py:(\d+): note: Revealed type is "(.*)"', done.stdout)
    types = {NAMES[int(line) - 2]: text for line, text in found}
    assert sorted(types) == NAMES
    assert [name for name, text in types.items() if not text.startswith("def ")] == []


def test_what_public_functions_take_and_return_is_public() -> None:
    public = {getattr(crackscope, name) for name in NAMES}
    missing = {
        f"{kind.__name__} ({where})"
        for where, function in _functions()
        for hint in typing.get_type_hints(function).values()
        for kind in _own_classes(hint)
        if kind not in public
    }
    assert missing == set()


def _functions() -> Iterator[tuple[str, Any]]:
    for name in NAMES:
        found = getattr(crackscope, name)
        if inspect.isfunction(found):
            yield name, found
        for method, value in inspect.getmembers(found, _is_method):
            if inspect.isclass(found) and not method.startswith("_"):
                yield f"{name}.{method}", value


def _is_method(value: Any) -> bool:
    return inspect.isfunction(value) or inspect.ismethod(value)


def _own_classes(hint: Any) -> Iterator[type]:
    for part in typing.get_args(hint):
        yield from _own_classes(part)
    if inspect.isclass(hint) and hint.__module__.partition(".")[0] == "crackscope":
        yield hint
