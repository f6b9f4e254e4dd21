"""The pages for users do what they say: their commands run, one after the other, as a reader would type them.

A page's ```sh blocks are run in a folder that holds what the pages speak of: ``photos/`` (of a structure),
``labelled/`` (Positive/ and Negative/ patches) and ``intact/`` (sound concrete), all synthetic. A block below
the comment ``<!-- not run: reason -->`` is left out. ```python blocks are run likewise.
"""

from __future__ import annotations

import contextlib
import re
import runpy
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

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
#: Written by programs, or about photos that are not here.
_NOT_RUN = {"reference.md", "rest.md", "model-card.md", "data-card.md", "label-audit.md"}
PAGES = sorted(page for page in DOCS.glob("*.md") if page.name not in _NOT_RUN)

_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]+) -->\s*)?```(?P<kind>sh|python)\n(?P<text>.*?)```", re.DOTALL
)

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Block:
    """A block of code on a page."""

    kind: str
    text: str
    not_run: str | None

    def lines(self) -> Iterator[list[str]]:
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


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder."""
    made = tmp_path_factory.mktemp("made")
    plan = SyntheticPlan(patches=60, photos=3, photo_hw=(600, 800), seed=5)
    write_synthetic_dataset(made / "set", plan, jobs=1)
    folder = made / "site"
    for name in ("Positive", "Negative"):
        shutil.copytree(made / "set" / name, folder / "labelled" / name)
    shutil.copytree(made / "set" / "Negative", folder / "intact")
    (folder / "photos").mkdir()
    for number, photo in enumerate(sorted((made / "set" / "photos").glob("*.jpg")), start=1):
        shutil.copy(photo, folder / "photos" / f"wall-{number}.jpg")
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_the_page_run(
    page: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shutil.copytree(site, tmp_path / "site"))
    for block in blocks(page):
        if block.not_run is None and block.kind == "sh":
            for words in block.lines():
                _run(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_of_the_page_runs(
    page: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shutil.copytree(site, tmp_path / "site"))
    for number, block in enumerate(blocks(page)):
        if block.not_run is None and block.kind == "python":
            script = tmp_path / f"block-{number}.py"
            script.write_text(block.text, encoding="utf-8")
            with contextlib.redirect_stdout(None):
                names = runpy.run_path(str(script), run_name="__main__")
            assert names["__name__"] == "__main__", script


def test_a_reason_stands_where_a_block_is_not_run() -> None:
    reasons = [block.not_run for page in PAGES for block in blocks(page) if block.not_run is not None]
    assert all(len(reason.split()) >= 3 for reason in reasons)


def _run(words: list[str]) -> None:
    try:
        result = CliRunner().invoke(app, words, catch_exceptions=False)
    except CrackscopeError as error:
        pytest.fail(f"crackscope {shlex.join(words)}: {error}")
    assert result.exit_code == 0, f"crackscope {shlex.join(words)}:\n{result.output}"
