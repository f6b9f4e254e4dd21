"""What crackscope 0.1.0 wrote is read by this version: a server's database, a scan's journal and results."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from crackscope.inspection.codec import RESULTS_JSON, report_from_json
from crackscope.reporting.results_file import ScanResults
from crackscope.scanning.journal import Journal
from crackscope.scanning.results import write_results
from crackscope.serving.app import create_app
from crackscope.serving.settings import ServeSettings

WRITTEN = Path(__file__).parents[2] / "written" / "0.1.0"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The data folder of a server of 0.1.0."""
    folder = tmp_path / "data"
    folder.mkdir()
    with sqlite3.connect(folder / "crackscope.sqlite3") as database:
        database.executescript((WRITTEN / "server.sql").read_text(encoding="utf-8"))
        for name, sha256 in database.execute("SELECT name, sha256 FROM photos").fetchall():
            target = folder / "photos" / sha256[:2] / sha256
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(next((WRITTEN / "photos").rglob(name)), target)
    database.close()
    return folder


def test_the_database_is_brought_up_to_date_and_every_decision_counts(model: Path, data_dir: Path) -> None:
    settings = ServeSettings(data_dir=data_dir, model=model, threads=1)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        cracked, sound, broken = client.get("/v1/photos?project_id=1").json()["photos"]
        assert [photo["label"] for photo in (cracked, sound, broken)] == ["Positive", "Positive", None]
        assert [(place["name"], place["label"], place["who"]) for place in cracked["places"]] == [
            ("1", "Positive", "anna")
        ]
        assert [(place["name"], place["box_ltrb"]) for place in sound["places"]] == [("A", [10, 10, 60, 60])]
        counts = client.get("/v1/photos/counts?project_id=1").json()
        assert (counts["positive"], counts["negative"], counts["reviewed"]) == (2, 0, 2)
        tables = client.get("/v1/projects/1/report.xlsx").content
        (data_dir / "report.xlsx").write_bytes(tables)
        rows = list(load_workbook(data_dir / "report.xlsx")["Photos"].iter_rows(values_only=True))
        assert [row[1:4] for row in rows[1:]] == [
            ("a.jpg", "Positive", "Positive"),
            ("b.jpg", "Positive", "Negative"),
            ("broken.jpg", None, None),
        ]


def test_a_scan_s_journal_gives_the_same_results_again(tmp_path: Path) -> None:
    shutil.copytree(WRITTEN / "scan", tmp_path / "scan")
    with Journal(tmp_path / "scan") as journal:
        keys = list(journal._places)
        reports = [report_from_json(journal.read(key), journal.read(key)["path"]) for key in keys]
    write_results(tmp_path, sorted(reports, key=lambda report: report.path), {"settings": {}})
    before, now = (
        {
            photo["path"]: photo
            for photo in json.loads(file.read_text(encoding="utf-8"))["photos"]
            if "score" in photo
        }
        for file in (WRITTEN / "scan" / RESULTS_JSON, tmp_path / RESULTS_JSON)
    )
    assert len(before) == 2
    for path, photo in before.items():
        assert {name: now[path][name] for name in photo if name != "metadata"} == {
            name: photo[name] for name in photo if name != "metadata"
        }
        # A later version may know more of a photo, and nothing else.
        assert photo["metadata"].items() <= now[path]["metadata"].items()


def test_a_report_is_made_of_results_written_earlier() -> None:
    results = ScanResults(WRITTEN / "scan", WRITTEN / "photos")
    assert [(photo.name, photo.final_label, len(photo.places)) for photo in results.photos] == [
        ("b.jpg", "Negative", 0),
        ("broken.jpg", None, 0),
        ("pier/a.jpg", "Positive", 1),
    ]
    assert all(photo.file and photo.file.is_file() for photo in results.photos)
