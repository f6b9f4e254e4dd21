"""One bad photo never ends a run: each step of a photo's way fails in turn, at every door."""

from __future__ import annotations

import csv
import errno
import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from typer.testing import CliRunner

from crackscope import CrackClassifier, CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.cli.app import app
from crackscope.errors import OutputError
from crackscope.records import Failure
from crackscope.serving.app import create_app
from crackscope.serving.settings import ServeSettings
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.waiting import wait_for_job
from tests.unit.scanning.conftest import save_wall

SCANNING, PHOTOS = "crackscope.scanning", "crackscope.photos"
BOOM = KeyError("boom")
MEMORY, SYSTEM = MemoryError(), OSError(errno.EIO, "Input/output error")

#: Every step of a scan that a library or our own code could break.
SCAN_STEPS = [
    f"{PHOTOS}.items.read_header",
    f"{PHOTOS}.items.read_photo",
    f"{PHOTOS}.items.DecodedPhoto",
    "crackscope.inference.looking.plan_looks",
    f"{SCANNING}.photo_scanner.analyse",
    f"{SCANNING}.photo_scanner.draw_overlay",
    f"{SCANNING}.photo_scanner.write_overlay",
    f"{SCANNING}.photo_scanner.PhotoReport",
    f"{SCANNING}.folder.report_to_json",
    f"{SCANNING}.folder.report_from_json",
    f"{SCANNING}.results.region_rows",
]
MAP_STEPS = [f"{PHOTOS}.items.{name}" for name in ("open_windowed", "sha256_file")]
MAP_STEPS += [f"{PHOTOS}.large.georeference_of"]
PREDICT_STEPS = [
    f"{PHOTOS}.items.read_photo",
    f"{PHOTOS}.pixels.resize_rgb",
    "crackscope.inference.classifier.ready_photo",
    "crackscope.inference.classifier.look_at",
    "crackscope.inference.classifier.review_reason",
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("bad-photo") / "dark"
    return write_tiny_bundle(folder, patch_px=64, calibration_scale=4.0)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in "abc":
        save_wall(tmp_path / "photos" / f"{name}.png", 200, 300, (96, 96, 192, 192))
    return tmp_path / "photos"


def break_second_call(monkeypatch: pytest.MonkeyPatch, step: str, error: Exception) -> None:
    """The step works for all photos but the second."""
    where, name = step.rsplit(".", 1)
    module = __import__(where, fromlist=[name])
    works: Callable[..., Any] = getattr(module, name)
    calls: list[None] = []

    def breaks(*args: Any, **options: Any) -> Any:
        calls.append(None)
        if len(calls) == 2:
            raise error
        return works(*args, **options)

    monkeypatch.setattr(module, name, breaks)


def scanner(bundle: Bundle) -> CrackScanner:
    return CrackScanner.load(bundle.folder, settings=ScanSettings(tile_px=64), jobs=1)


def understandable(reason: str) -> bool:
    return "please report" in reason or reason.startswith("not enough memory") or "Input/output" in reason


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.parametrize(
    ("step", "error"),
    [*((step, BOOM) for step in SCAN_STEPS), *((SCAN_STEPS[1], error) for error in (MEMORY, SYSTEM))],
)
def test_a_step_that_fails_in_a_scan_is_the_row_of_its_photo(
    bundle: Bundle,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    error: Exception,
) -> None:
    break_second_call(monkeypatch, step, error)
    summary = scanner(bundle).scan_paths([photos], output=tmp_path / "out")
    table = rows(tmp_path / "out" / "photos.csv")
    assert [row["label"] for row in table] == ["Positive", "", "Positive"]
    assert understandable(table[1]["error"])
    assert (summary.photos, summary.positive) == (3, 2)
    assert [Path(failure.path).name for failure in summary.failures] == ["b.png"]
    documents = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["photos"]
    assert documents[1]["error"] == table[1]["error"]
    assert {row["path"] for row in rows(tmp_path / "out" / "tiles.csv")} == {
        table[0]["path"],
        table[2]["path"],
    }
    monkeypatch.undo()
    assert not scanner(bundle).scan_paths([photos], output=tmp_path / "out").failures


@pytest.mark.parametrize("step", [*MAP_STEPS, f"{PHOTOS}.geo.GeoReference.place"])
def test_a_step_that_fails_with_a_map_is_the_row_of_that_map(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    rasterio = pytest.importorskip("rasterio")
    profile = {"count": 3, "height": 200, "width": 300, "dtype": "uint8", "driver": "GTiff"}
    profile |= {"crs": "EPSG:2056", "transform": rasterio.transform.from_origin(2_600_000, 1_200_000, 1, 1)}
    (tmp_path / "maps").mkdir()
    for name in "abc":
        with rasterio.open(tmp_path / "maps" / f"{name}.tif", "w", **profile) as out:
            out.write(np.full((3, 200, 300), 5, np.uint8))
    if step.endswith("place"):
        from crackscope.photos.geo import GeoReference

        monkeypatch.setattr(GeoReference, "place", lambda *_: 1 / 0)
    else:
        break_second_call(monkeypatch, step, BOOM)
    scanner(bundle).scan_paths([tmp_path / "maps"], output=tmp_path / "out")
    errors = [row["error"] for row in rows(tmp_path / "out" / "photos.csv")]
    assert len(errors) == 3
    assert "please report" in errors[1]
    assert step.endswith("place") or (errors[0], errors[2]) == ("", "")


def test_a_network_that_fails_at_one_photo_is_the_row_of_that_photo(
    bundle: Bundle, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = scanner(bundle)
    infer, calls = broken.classifier.infer, []

    def fails_once(images: Any) -> Any:
        calls.append(None)
        return 1 / 0 if len(calls) == 2 else infer(images)

    monkeypatch.setattr(broken.classifier, "infer", fails_once)
    summary = broken.scan_paths([photos], output=tmp_path / "out")
    assert ["ZeroDivisionError" in failure.error for failure in summary.failures] == [True]


def test_a_broken_video_is_a_row(
    bundle: Bundle, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (photos / "b.mp4").write_bytes(b"no video")
    monkeypatch.setattr(f"{SCANNING}.folder.video_frames", lambda *_: {}["gone"])
    summary = scanner(bundle).scan_paths([photos], output=tmp_path / "out")
    assert (summary.photos, len(summary.failures)) == (4, 1)
    assert "please report" in summary.failures[0].error


def test_a_full_disk_still_ends_the_scan(
    bundle: Bundle, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_second_call(
        monkeypatch, f"{SCANNING}.photo_scanner.write_overlay", OutputError("cannot write: disk full")
    )
    with pytest.raises(OutputError, match="disk full"):
        scanner(bundle).scan_paths([photos], output=tmp_path / "out")


def test_ctrl_c_still_ends_the_scan(
    bundle: Bundle, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"{SCANNING}.photo_scanner.analyse", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scanner(bundle).scan_paths([photos], output=tmp_path / "out")


def test_the_traceback_goes_to_the_log_only(
    bundle: Bundle,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    break_second_call(monkeypatch, f"{SCANNING}.photo_scanner.analyse", BOOM)
    arguments = [
        "scan",
        str(photos),
        "-o",
        str(tmp_path / "out"),
        "--model",
        str(bundle.folder),
        "--jobs",
        "1",
    ]
    log = logging.getLogger("crackscope.guard")
    # Libraries of other tests configure logging, and disable what exists.
    monkeypatch.setattr(log, "disabled", False)
    monkeypatch.setattr(log, "handlers", [caplog.handler])
    with caplog.at_level(logging.DEBUG, log.name):
        ran = CliRunner().invoke(app, arguments)
    assert ran.exit_code == 0
    assert "Traceback" not in ran.output
    assert "unexpected KeyError" in ran.output
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("step", "error"),
    [*((step, BOOM) for step in PREDICT_STEPS), *((PREDICT_STEPS[0], error) for error in (MEMORY, SYSTEM))],
)
def test_a_step_that_fails_in_predict_is_the_row_of_its_photo(
    bundle: Bundle, photos: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception
) -> None:
    classifier = CrackClassifier.load(bundle.folder, threads=1)
    break_second_call(monkeypatch, step, error)
    outcomes = list(classifier.predict_paths(sorted(photos.iterdir()), batch_size=1))
    assert [isinstance(outcome, Failure) for outcome in outcomes] == [False, True, False]
    assert understandable(outcomes[1].as_row()["error"])  # type: ignore[arg-type]


def test_a_network_that_fails_at_a_batch_scores_the_others_of_it(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, level in (("a", 10), ("b", 128), ("c", 10), ("d", 10)):
        Image.new("L", (64, 64), level).save(tmp_path / f"{name}.png")
    classifier = CrackClassifier.load(bundle.folder, threads=1)
    infer = classifier._session.infer
    monkeypatch.setattr(
        classifier._session, "infer", lambda images: 1 / 0 if 128 in images else infer(images)
    )
    outcomes = classifier.predict([str(path) for path in sorted(tmp_path.glob("*.png"))])
    assert [isinstance(outcome, Failure) for outcome in outcomes] == [False, True, False, False]


@pytest.mark.parametrize("form", ["table", "csv", "json", "jsonl"])
def test_a_row_that_can_not_be_written_is_the_row_of_a_failure(
    bundle: Bundle, photos: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    from crackscope.inference.writers import Format, text_lines
    from crackscope.records import Prediction

    outcomes = list(CrackClassifier.load(bundle.folder).predict_paths(sorted(photos.iterdir())))
    as_row = Prediction.as_row
    monkeypatch.setattr(
        Prediction, "as_row", lambda self: 1 / 0 if self.path.endswith("b.png") else as_row(self)
    )
    text = "".join(text_lines(outcomes, Format(form)))
    assert text.count("Positive") == 2
    assert text.count("unexpected ZeroDivisionError") == 1


@pytest.fixture
def client(bundle: Bundle, tmp_path: Path) -> Iterator[TestClient]:
    settings = ServeSettings(data_dir=tmp_path / "data", model=bundle.folder, threads=1)
    opened = TestClient(create_app(settings), base_url="http://127.0.0.1", raise_server_exceptions=False)
    with opened:
        yield opened


def uploads(photos: Path) -> list[tuple[str, tuple[str, io.BytesIO]]]:
    return [("files", (path.name, io.BytesIO(path.read_bytes()))) for path in sorted(photos.iterdir())]


@pytest.mark.parametrize(
    "step",
    [*SCAN_STEPS[:5], f"{SCANNING}.photo_scanner.PhotoReport", "crackscope.serving.jobs._result"],
)
def test_a_step_that_fails_in_a_job_is_a_failed_photo(
    client: TestClient, photos: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    break_second_call(monkeypatch, step, BOOM)
    job = client.post("/v1/scan", files=uploads(photos)).json()["job"]["id"]
    assert wait_for_job(client, job)["status"] == "done"
    found = client.get("/v1/photos").json()["photos"]
    assert sorted(photo["status"] for photo in found) == ["done", "done", "failed"]
    (failed,) = [photo for photo in found if photo["status"] == "failed"]
    assert "please report" in failed["error"]
    assert "/data/" not in failed["error"]


def test_a_patch_that_has_no_score_in_the_api_does_not_keep_the_others_waiting(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_second_call(monkeypatch, "crackscope.serving.batching.scored_photo", BOOM)
    for name in "abc":
        save_wall(tmp_path / "patches" / f"{name}.png", 64, 64)
    answer = client.post("/v1/predict", files=uploads(tmp_path / "patches"))
    assert answer.status_code == 200
    errors = [row["error"] for row in answer.json()]
    assert sum(error is not None and "please report" in error for error in errors) == 1
    assert errors.count(None) == 2


@pytest.mark.parametrize("step", PREDICT_STEPS[:4])
def test_a_step_that_fails_in_the_api_is_the_row_of_its_photo(
    client: TestClient, photos: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    break_second_call(monkeypatch, step, BOOM)
    answer = client.post("/v1/predict", files=uploads(photos))
    assert answer.status_code == 200
    errors = [row["error"] for row in answer.json()]
    assert sum(error is not None and "please report" in error for error in errors) == 1
