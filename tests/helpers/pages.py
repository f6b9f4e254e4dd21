"""Blocks of code on the pages for users, and the folder in which a reader runs them."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.dataset.synthetic import SyntheticPlan, write_synthetic_dataset
from crackscope.errors import CrackscopeError

DOCS = Path(__file__).resolve().parents[2] / "docs"

_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]+) -->\s*)?```(?P<kind>sh|python)\n(?P<text>.*?)```", re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """A block of code on a page."""

    kind: str
    text: str
    not_run: str | None

    def commands(self) -> Iterator[list[str]]:
        """The commands of crackscope in it, as words; everything else is not this test's to run."""
        for line in self.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["crackscope"]:
                yield words[1:]


def blocks(page: Path) -> list[Block]:
    """The blocks of a page that a reader would run."""
    return [
        Block(found["kind"], found["text"], found["why"])
        for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))
    ]


def write_site(made: Path) -> Path:
    """A reader's folder, made of synthetic photos: what `test_docs_run` says at its top."""
    plan = SyntheticPlan(patches=60, photos=3, photo_hw=(600, 800), seed=5)
    write_synthetic_dataset(made / "set", plan, jobs=1)
    folder = made / "site"
    for name in ("Positive", "Negative"):
        shutil.copytree(made / "set" / name, folder / "labelled" / name)
    shutil.copytree(made / "set" / "Negative", folder / "intact")
    (folder / "photos").mkdir()
    for number, photo in enumerate(sorted((made / "set" / "photos").glob("*.jpg")), start=1):
        shutil.copy(photo, folder / "photos" / f"wall-{number}.jpg")
    shutil.copytree(folder / "photos", folder / "photos-2025")
    return folder


def run_commands(page: Path) -> None:
    """Run a page's commands of crackscope in the working folder; the first that fails fails the test."""
    for block in blocks(page):
        if block.not_run is None and block.kind == "sh":
            for words in block.commands():
                _run(words)


def _run(words: list[str]) -> None:
    try:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
    except CrackscopeError as error:
        pytest.fail(f"crackscope {shlex.join(words)}: {error}")
    assert result.exit_code == 0, f"crackscope {shlex.join(words)}:\n{result.output}"
