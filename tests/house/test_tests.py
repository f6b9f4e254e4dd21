"""A promise about the tests themselves: each can fail."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def _called(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            called = each.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            yield name, each


def _can_fail(function: ast.AST, helpers: set[str]) -> bool:
    names = {name for name, _ in _called(function)}
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(function))
    return asserts or bool(names & helpers) or any("assert" in name or name in _FAILING for name in names)


_FAILING = {"raises", "warns", "fail", "expect", "wait_for", "wait_for_function"}


def _asserting_helpers(trees: list[ast.Module]) -> set[str]:
    """Functions of the tests that assert, by themselves or through others."""
    helpers: set[str] = set()
    while True:
        found = {
            function.name
            for tree in trees
            for function in _functions(tree)
            if not function.name.startswith("test_") and _can_fail(function, helpers)
        }
        if found <= helpers:
            return helpers
        helpers |= found


def test_every_test_can_fail() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(TESTS.rglob("*.py"))}
    helpers = _asserting_helpers(list(trees.values()))
    idle = [
        f"{path.relative_to(TESTS)}: {function.name}"
        for path, tree in trees.items()
        for function in _functions(tree)
        if function.name.startswith("test_") and not _can_fail(function, helpers)
    ]
    assert idle == []
