"""Names of other people in our tables run nothing, and come back as they were."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.dataset.manifest import read_manifest
from crackscope.table_text import spreadsheet_cell, spreadsheet_row, text_of_cell
from tests.unit.dataset.photos import make_classes, noise, save

SOURCES = Path(__file__).resolve().parents[2] / "src" / "crackscope"
RUNS = ("=", "+", "-", "@")
#: Their tables hold numbers and words of our own only.
_OWN_WORDS = {"training/history.py", "training/tune.py", "dataset/synthetic/write.py"}


@given(text=st.text("=+-@'./a1", max_size=6) | st.text(max_size=6), column=st.sampled_from(["path", "group"]))
@example(text="'=1", column="group")
@example(text="'=1", column="path")
def test_no_cell_is_a_formula_and_its_text_comes_back(text: str, column: str) -> None:
    cell = spreadsheet_cell(column, text)
    assert not cell.startswith(RUNS)
    if not text.startswith("./"):  # paths of data sets have no such beginning
        assert text_of_cell(column, cell) == text


def test_numbers_stay_numbers() -> None:
    assert spreadsheet_row({"path": "-a", "score": -1.5, "note": "-1.5"}) == ["./-a", -1.5, "'-1.5"]


def test_every_table_that_holds_names_is_written_so() -> None:
    found = set()
    for module in SOURCES.rglob("*.py"):
        text = module.read_text(encoding="utf-8")
        if re.search(r"csv\.(writer|DictWriter)\(", text) and "spreadsheet_" not in text:
            found.add(module.relative_to(SOURCES).as_posix())
    assert found == _OWN_WORDS


def cells_of(table: Path) -> list[str]:
    with table.open(encoding="utf-8", newline="") as stream:
        return [cell for row in csv.reader(stream) for cell in row]


def test_folders_named_like_formulas_go_through_audit_and_split(tmp_path: Path) -> None:
    sites = [tmp_path / "=1+1", tmp_path / "@SUM(A1)"]
    for number, site in enumerate(sites):
        make_classes(site, 10, first_seed=100 * number)
    manifest, audited = tmp_path / "manifest.csv", tmp_path / "audited"
    for command in (["split", "-o", str(manifest)], ["audit", "-o", str(audited)]):
        ran = CliRunner().invoke(app, ["data", *command, *map(str, sites)])
        assert ran.exit_code == 0, ran.output
    for table in (manifest, audited / "audit.csv"):
        cells = cells_of(table)
        assert any("=1+1/Positive" in cell for cell in cells)
        assert [cell for cell in cells if cell.startswith(RUNS)] == []
    rows = read_manifest(manifest, root=tmp_path).rows
    assert {row.path.split("/")[0] for row in rows} == {site.name for site in sites}
    assert all((tmp_path / row.path).is_file() for row in rows)


@pytest.mark.parametrize("name", ["=1+1.png", "-rf.png"])
def test_photos_without_labels_are_audited_under_names_that_run_nothing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "photos"
    save(noise(1), folder / name)
    save(noise(1), folder / "other.png")
    ran = CliRunner().invoke(app, ["data", "audit", "-o", str(tmp_path / "out"), str(folder)])
    assert ran.exit_code == 0, ran.output
    cells = cells_of(tmp_path / "out" / "audit.csv")
    assert cells.count(f"./{name}") == 2  # the path, and what the other is a copy of
    assert [cell for cell in cells if cell.startswith(RUNS)] == []
