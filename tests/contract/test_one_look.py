"""One photo, one answer, whatever its size: patches and photos get the same through every door."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from typer.testing import CliRunner

from crackscope import CrackClassifier, CrackScanner, Prediction, ReviewReason
from crackscope.bundle import ImageQuality, ReviewBand
from crackscope.cli.app import app
from crackscope.scanning.records import PhotoReport
from crackscope.serving.app import create_app
from crackscope.serving.settings import ServeSettings
from tests.helpers.bundles import change_config, write_tiny_bundle
from tests.helpers.uploads import form_files
from tests.helpers.waiting import wait_for_job

#: Height and width of photos; with patches of 227 pixels, one look goes up to 261, and twice as long as high.
ONE_LOOK = [(64, 64), (64, 128), (227, 227), (261, 200)]
TILES = [(64, 129), (262, 200), (16, 227), (448, 448), (453, 300), (512, 512), (640, 480), (64, 4000)]
TILES += [(1100, 1500), (4000, 3000)]
Answer = tuple[str, float, float, str | None]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With every reason for review within reach of one of the photos."""
    bundle = write_tiny_bundle(
        tmp_path_factory.mktemp("model"),
        familiarity_limit=0.45,
        review=ReviewBand(low=0.2, high=0.6, alpha=0.05, fitted_on="nothing"),
    )
    quality = ImageQuality(measure="m", limit=0.8, quantile=0.01, fitted_on="nothing")
    return change_config(bundle, quality=quality).folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Blotches that are large in large photos and brighter from photo to photo; half of them JPEGs."""
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(3)
    found = []
    for number, (height, width) in enumerate(ONE_LOOK + TILES):
        coarse = random.integers(10 * number, 10 * number + 120, (7, 9, 3), dtype=np.uint8)
        path = folder / f"{number:02}-{height}x{width}.{('png', 'jpg')[number % 2]}"
        Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC).save(path)
        found.append(path)
    return found


@pytest.fixture(scope="module")
def client(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = ServeSettings(data_dir=tmp_path_factory.mktemp("data"), model=model, threads=2)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


@pytest.fixture(scope="module")
def reports(model: Path, photos: list[Path]) -> list[PhotoReport]:
    scanner = CrackScanner.load(model)
    return [scanner.scan(path) for path in photos]


def _answer(found: Prediction | PhotoReport) -> Answer:
    return str(found.label), found.score, found.threshold, found.reason and str(found.reason)


def _answer_of_row(row: dict[str, Any]) -> Answer:
    return row["label"], float(row["score"]), float(row["threshold"]), row["reason"] or None


def test_patches_are_one_look_and_larger_photos_are_not(reports: list[PhotoReport]) -> None:
    assert [report.photo_hw for report in reports] == ONE_LOOK + TILES
    assert [report.photo_hw for report in reports if len(report.tiles) == 1] == ONE_LOOK
    assert {report.reason for report in reports} >= {
        None,
        ReviewReason.POOR_IMAGE_QUALITY,
        ReviewReason.UNFAMILIAR,
        ReviewReason.UNCERTAIN,
    }
    assert len({report.label for report in reports}) == 2


def test_every_python_door_gives_the_scan_s_answer(
    model: Path, reports: list[PhotoReport], photos: list[Path]
) -> None:
    classifier, scanner = CrackClassifier.load(model), CrackScanner.load(model)
    for path, report in zip(photos, reports, strict=True):
        with Image.open(path) as opened:
            pixels = np.asarray(opened.convert("RGB"))
        found = [
            classifier.predict(path),
            classifier.predict(str(path)),
            classifier.predict(path.read_bytes()),
            classifier.predict(Image.open(path)),
            classifier.predict(pixels),
            scanner.scan(pixels),
        ]
        assert [_answer(one) for one in found] == [_answer(report)] * len(found), path


@pytest.mark.parametrize(("batch_size", "threads"), [(32, 2), (1, 1), (3, 4)])
def test_a_stream_keeps_order_and_answers_with_large_photos_among_small_ones(
    model: Path,
    reports: list[PhotoReport],
    photos: list[Path],
    batch_size: int,
    threads: int,
) -> None:
    classifier = CrackClassifier.load(model, threads=threads)
    found = list(classifier.predict_paths([*photos, *photos], batch_size=batch_size))
    assert [one.path for one in found] == [str(path) for path in [*photos, *photos]]
    assert [_answer(one) for one in found if isinstance(one, Prediction)] == [
        _answer(report) for report in reports
    ] * 2


def test_the_command_line_gives_the_scan_s_answer(
    model: Path, reports: list[PhotoReport], photos: list[Path], tmp_path: Path
) -> None:
    names = [str(path) for path in photos]
    options = ["--model", str(model)]
    predicted = CliRunner().invoke(app, ["predict", *names, *options, "--format", "json", "--quiet"])
    scanned = CliRunner().invoke(app, ["scan", *names, *options, "--output", str(tmp_path / "scan")])
    assert (predicted.exit_code, scanned.exit_code) == (0, 0), predicted.output + scanned.output
    with (tmp_path / "scan" / "photos.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    expected = [_answer(report) for report in reports]
    assert [_answer_of_row(row) for row in json.loads(predicted.stdout)] == expected
    assert [_answer_of_row(row) for row in rows] == expected


def test_the_server_gives_the_scan_s_answer(
    client: TestClient, reports: list[PhotoReport], photos: list[Path]
) -> None:
    files = [(path.name, path.read_bytes()) for path in photos]
    answer = client.post("/v1/predict", files=form_files(*files))
    assert answer.status_code == 200, answer.text
    assert [_answer_of_row(row) for row in answer.json()] == [_answer(report) for report in reports]


def test_the_page_s_scan_gives_the_scan_s_answer(
    client: TestClient, reports: list[PhotoReport], photos: list[Path]
) -> None:
    files = [(path.name, path.read_bytes()) for path in photos]
    job = client.post("/v1/scan", files=form_files(*files)).json()["job"]
    wait_for_job(client, job["id"])
    results = {photo["name"]: photo["result"] for photo in client.get("/v1/photos").json()["photos"]}
    expected = {path.name: _answer(report) for path, report in zip(photos, reports, strict=True)}
    assert {name: _answer_of_row(result) for name, result in results.items()} == expected
