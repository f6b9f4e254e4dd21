"""Every code that the server can send is in the page's German and in the manual, and no other is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVING = ROOT / "src" / "crackscope" / "serving"
#: What the framework answers by itself, before any of our code: see `errors._http_error`.
_OF_THE_FRAMEWORK = {"bad_request", "method_not_allowed"}
#: Which argument of a call is the code.
_CALLS = {"ApiError": 1, "busy": 0, "error_response": 1}
_CODE = re.compile(r"[a-z]+(_[a-z]+)*")


def sent_by(module: Path) -> Iterator[str]:
    """The codes that a module names."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            place = _CALLS.get(getattr(node.func, "id", ""))
            yield from () if place is None else strings_of(node.args[place])
        if isinstance(node, ast.FunctionDef) and node.name == "photo_refusal":
            for each in ast.walk(node):
                yield from strings_of(each.value) if isinstance(each, ast.Return) and each.value else ()


def strings_of(node: ast.AST) -> Iterator[str]:
    """Strings in an expression that look like codes."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and _CODE.fullmatch(each.value):
            yield each.value


def sent() -> set[str]:
    return {code for module in SERVING.rglob("*.py") for code in sent_by(module)} | _OF_THE_FRAMEWORK


def test_every_code_has_german_words() -> None:
    script = (SERVING / "page" / "errors.js").read_text(encoding="utf-8")
    german = dict(re.findall(r'^  ([a-z_]+): "(.+)",$', script, re.MULTILINE))
    assert set(german) == sent()
    assert len(set(german.values())) == len(german) > 25


def test_every_code_is_in_the_manual() -> None:
    table = (ROOT / "docs" / "serving.md").read_text(encoding="utf-8").split("| status | code |")[1]
    assert set(re.findall(r"`([a-z_]+)`", table.split("\n\n")[0])) == sent()


def test_the_framework_names_its_errors_by_their_phrase() -> None:
    phrases = {HTTPStatus(status).phrase.lower().replace(" ", "_") for status in (400, 405)}
    assert phrases == _OF_THE_FRAMEWORK
