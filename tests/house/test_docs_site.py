"""The documentation site builds without a warning and needs no other host; generated pages are fresh."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


@pytest.mark.slow
def test_the_site_builds_strictly_and_asks_no_other_host(tmp_path: Path) -> None:
    if find_spec("material") is None:
        pytest.skip("mkdocs-material is not installed")
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--quiet",
        "--site-dir",
        str(tmp_path / "site"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    pages = list((tmp_path / "site").glob("**/*.html"))
    assert len(pages) > 15
    fetched = re.compile(r"<(?:script|link|img)[^>]+(?:src|href)=\"https?://")
    assert [page.name for page in pages if fetched.search(page.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(
    ("writer", "page"), [("write_reference.py", "reference.md"), ("write_rest.py", "rest.md")]
)
def test_generated_pages_are_fresh(writer: str, page: str) -> None:
    pytest.importorskip("fastapi", reason="needs the extra [serve]")
    namespace = runpy.run_path(str(DOCS / writer))
    written = namespace["reference"]() if "reference" in namespace else namespace["page"]()
    assert (DOCS / page).read_text(encoding="utf-8") == written, f"run: python docs/{writer}"


@pytest.mark.slow
def test_the_notebook_is_what_its_writer_makes_and_runs() -> None:
    pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    import nbformat

    namespace = runpy.run_path(str(DOCS / "write_notebook.py"))
    made = namespace["notebook"]()
    kept = nbformat.read(DOCS / "crackscope.ipynb", as_version=4)
    assert [cell.source for cell in kept.cells] == [cell.source for cell in made.cells]

    done = namespace["run"](made)
    assert all(output.output_type != "error" for cell in done.cells for output in cell.get("outputs", []))


def test_no_page_for_users_names_the_developers_photos() -> None:
    pages = [*DOCS.glob("*.md"), ROOT / "README.md"]
    assert [page.name for page in pages if "shared/data" in page.read_text(encoding="utf-8")] == []
