"""The report of the same photos is the same through the command line and through the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from PIL import Image
from typer.testing import CliRunner, Result

from crackscope.cli.app import app
from crackscope.errors import CrackscopeError, DataError, SettingsError
from crackscope.serving.app import create_app
from crackscope.serving.settings import ServeSettings
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.uploads import form_files
from tests.helpers.waiting import wait_for_job


def _run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, the results of a scan of them, and the data folder of a server that scanned them too."""
    folder = tmp_path_factory.mktemp("reports")
    model = write_tiny_bundle(folder / "model").folder
    _make_photos(folder / "photos")
    assert _run("scan", folder / "photos", "-o", folder / "results", "--model", model, "--jobs", 1,
                "--mm-per-px", 0.5).exit_code == 0  # fmt: skip
    settings = ServeSettings(data_dir=folder / "data", model=model, threads=1)
    files = [(path.name, path.read_bytes()) for path in sorted((folder / "photos").iterdir())]
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        project = {"name": "Aare", "structure": "Bridge", "inspector": "Anna"}
        client.post("/v1/projects", json=project)
        form = {"project_id": "1", "mm_per_px": "0.5"}
        answer = client.post("/v1/scan", files=form_files(*files), data=form)
        wait_for_job(client, answer.json()["job"]["id"])
        for form_name in ("html", "xlsx"):
            answer = client.get(f"/v1/projects/1/report.{form_name}")
            (folder / f"api.{form_name}").write_bytes(answer.content)
    return folder


def _make_photos(folder: Path) -> None:
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(90, 250, (480, 640, 3), dtype=np.uint8)
    pixels[80:400, 100:600] //= 50
    exif = Image.Exif()
    exif[0x0110] = "Camera 7"
    exif.get_ifd(0x8825).update({1: "N", 2: (47.0, 30.0, 0.0), 3: "E", 4: (8.0, 15.0, 0.0)})
    for name, turn in (("a", 1), ("b", 6)):
        exif[0x0112] = turn
        Image.fromarray(pixels).save(folder / f"{name}.jpg", quality=92, exif=exif)


def _sheets(file: Any) -> dict[str, list[tuple[object, ...]]]:
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in load_workbook(file)}


def _facts(sheets: dict[str, list[tuple[object, ...]]]) -> list[tuple[object, ...]]:
    """Without the last line, which says when, and the project, which a folder has not."""
    return [row for row in sheets["About"][:-1] if row[0] != "Project"]


def _pictures(html: str) -> list[str]:
    return [part.partition('"')[0] for part in html.split('src="data:')[1:]]


def test_command_line_and_server_say_the_same_of_the_same_photos(folder: Path) -> None:
    flags = ("--model", folder / "model", "--structure", "Bridge", "--inspector", "Anna")
    for name in ("html", "xlsx"):
        assert _run("report", folder / "results", "-o", folder / f"cli.{name}", *flags).exit_code == 0
        assert _run("report", folder / "data", "-o", folder / f"project.{name}", "--model", folder / "model",
                    "--project", "Aare").exit_code == 0  # fmt: skip
    api = _sheets(folder / "api.xlsx")
    assert len(api["Photos"]) == 3
    assert len(api["Regions"]) > 1
    for door in ("cli", "project"):
        same = _sheets(folder / f"{door}.xlsx")
        assert {name: same[name] for name in ("Photos", "Regions")} == {
            name: api[name] for name in ("Photos", "Regions")
        }
        assert _facts(same) == _facts(api)
    pages = [(folder / f"{door}.html").read_text(encoding="utf-8") for door in ("api", "cli", "project")]
    assert len(_pictures(pages[0])) == 2
    assert _pictures(pages[0]) == _pictures(pages[1]) == _pictures(pages[2])


def test_the_only_project_of_a_data_folder_needs_no_name(folder: Path, tmp_path: Path) -> None:
    done = _run("report", folder / "data", "-o", tmp_path / "r.html")
    assert done.exit_code == 0
    assert "2 photos" in done.output


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("data", "--project", "Rhine"), DataError, "there is no project 'Rhine'.*1: Aare"),
        (("results", "--project", "Aare"), SettingsError, "no data folder of `crackscope serve`"),
        (("photos",), DataError, "expected the results of `crackscope scan`"),
        (("results", "--date", "yesterday"), SettingsError, "expected a day such as 2026-11-22"),
        (("results", "--language", "fr"), SettingsError, "expected one of en, de"),
        (("results", "--photos", "gone"), DataError, "no folder at gone"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_was_expected(
    folder: Path, tmp_path: Path, words: tuple[str, ...], error: type[CrackscopeError], message: str
) -> None:
    target = tmp_path / "report.html"
    done = _run("report", folder / words[0], "-o", target, *words[1:])
    assert done.exit_code == 1
    with pytest.raises(error, match=message):
        raise done.exception or AssertionError
    assert not target.exists()


def test_an_ending_that_names_no_report_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    done = _run("report", tmp_path / "nowhere", "-o", tmp_path / "report.odt")
    assert isinstance(done.exception, SettingsError)
    assert "expected .html, .pdf, .docx or .xlsx" in str(done.exception)


def test_photos_that_moved_are_missing_until_their_folder_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "photos").rename(folder / "moved")
    try:
        target = tmp_path / "r.html"
        assert _run("report", folder / "results", "-o", target).exit_code == 0
        assert "Files not found" in target.read_text(encoding="utf-8")
        assert "Shown is the picture drawn by the scan." in target.read_text(encoding="utf-8")
        assert _run("report", folder / "results", "-o", target, "--photos", folder / "moved").exit_code == 0
        assert "Files not found" not in target.read_text(encoding="utf-8")
    finally:
        (folder / "moved").rename(folder / "photos")
