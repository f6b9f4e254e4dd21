"""The documentation is true to the code: commands and flags it shows exist, and what exists is documented."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from crackscope.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("studies/**/*.md")])
REFERENCE = ROOT / "docs" / "reference.md"


def _shown_commands(page: Path) -> Iterator[list[str]]:
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^(?: {4,}|\$ )?(crackscope .+)$", text, flags=re.MULTILINE):
        yield shlex.split(line.split(" | ")[0], comments=True)


def _resolve(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and what is left of them."""
    command: Any = get_command(app)
    rest = words[1:]
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        if rest[0] not in command.commands:
            raise AssertionError(f"no command {rest[0]!r} in {' '.join(words)!r}")
        command, rest = command.commands[rest[0]], rest[1:]
    return command, rest


def _flags(command: Any) -> set[str]:
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    flags = {flag for option in options for flag in [*option.opts, *option.secondary_opts]}
    return flags | {"--help", "-h"}


def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    children = {} if command.hidden else getattr(command, "commands", {})
    if not children or command.invoke_without_command:
        yield path, command
    for name, child in children.items():
        yield from _leaves(child, f"{path} {name}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_flags_in_the_documentation_exist(page: Path) -> None:
    for words in _shown_commands(page):
        command, rest = _resolve(words)
        shown = {word.partition("=")[0] for word in rest if re.match(r"--?[a-z]", word)}
        assert shown <= _flags(command), f"{page.name}: {' '.join(words)}"


def test_every_command_and_flag_is_in_the_reference() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    for path, command in _leaves(get_command(app), "crackscope"):
        if command.hidden:
            continue
        assert f"## {path}\n" in text, f"docs/reference.md lacks a section: ## {path}"
        section = text.split(f"## {path}\n", 1)[1].split("\n## ", 1)[0]
        missing = [flag for flag in _flags(command) - {"--help", "-h"} if f"`{flag}`" not in section]
        assert missing == [], f"docs/reference.md, {path}: lacks {missing}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
