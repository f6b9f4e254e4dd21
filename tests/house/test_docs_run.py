"""The pages for users do what they say: their commands run, one after the other, as a reader would type them.

A page's ```sh blocks are run in a folder that holds what the pages speak of: ``photos/`` (of a structure),
``photos-2025/`` (the same before), ``labelled/`` (Positive/ and Negative/ patches) and ``intact/`` (sound
concrete), all synthetic. A block below the comment ``<!-- not run: reason -->`` is left out. ```python blocks
are run likewise.
"""

from __future__ import annotations

import contextlib
import re
import runpy
import shutil
from pathlib import Path

import pytest

from tests.helpers.pages import DOCS, blocks, run_commands, write_site

#: Written by programs, or about photos that are not here: their commands say METU, SDNET2018 and BRIDGE.
_ELSEWHERE = {"reference.md", "rest.md", "model-card.md", "data-card.md"}
#: Starts a cluster: run by tests/integration/batch.
_ON_RAY = {"batch.md"}
PAGES = sorted(page for page in DOCS.glob("*.md") if page.name not in _ELSEWHERE | _ON_RAY)
WRITTEN = [*PAGES, *(DOCS / name for name in sorted(_ON_RAY))]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder."""
    return write_site(tmp_path_factory.mktemp("made"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_the_page_run(
    page: Path, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shutil.copytree(site, tmp_path / "site"))
    run_commands(page)


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
    reasons = [block.not_run for page in WRITTEN for block in blocks(page) if block.not_run is not None]
    assert all(len(reason.split()) >= 3 for reason in reasons)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_no_command_hides_in_an_indented_block(page: Path) -> None:
    """Only what stands in a block with a name is run, or says why not."""
    hidden = re.findall(
        r"^ {4}(?:crackscope|python -m|pip) .*$", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert hidden == []
