"""The photos of one site: the same cut and the same answers through every door."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope import CrackClassifier, CrackScanner, Prediction
from crackscope.bundle import ReviewBand
from crackscope.cli.app import app
from tests.helpers.bundles import write_tiny_bundle

BAND = ReviewBand(low=0.3, high=0.6, alpha=0.05, fitted_on="a test")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("model"), calibration_scale=2.0, review=BAND).folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Light photos and dark ones, some a little darker than the light ones, and one that is none."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(8)
    greys = np.concatenate([rng.uniform(150, 230, 40), [122, 124, 118], rng.uniform(20, 60, 30)])
    for number, grey in enumerate(greys.round().astype(int).tolist()):
        Image.fromarray(np.full((64, 64, 3), grey, np.uint8)).save(folder / f"{number:03}.png")
    (folder / "zzz.png").write_text("no photo", encoding="utf-8")
    return folder


def _rows(table: Path) -> list[tuple[str, ...]]:
    with table.open(encoding="utf-8") as lines:
        return [
            tuple(row[name] for name in ("path", "label", "score", "threshold", "review", "reason"))
            for row in csv.DictReader(lines)
        ]


def _run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_predict_scan_and_python_give_one_answer(model: Path, photos: Path, tmp_path: Path) -> None:
    said = _run("predict", photos, "--model", model, "--site", "--output", tmp_path / "p.csv")
    scanned = _run("scan", photos, "--model", model, "--site", "--output", tmp_path / "scan")
    classifier = CrackClassifier.load(model)
    paths = sorted(photos.iterdir())
    found = classifier.predict_site(paths)

    assert found.cut.moved
    assert 0.5 < found.cut.threshold < 0.74
    assert classifier.predict(paths, site=True) == list(found.outcomes)
    assert [line for line in said.splitlines() if line.startswith("site:")] == [
        line for line in scanned.splitlines() if line.startswith("site:")
    ]
    document = json.loads((tmp_path / "scan" / "results.json").read_text(encoding="utf-8"))
    assert document["site"] == found.cut.as_row()
    assert document["settings"]["threshold"] == found.cut.threshold

    predicted = _rows(tmp_path / "p.csv")
    by_scan = [(path, *rest) for path, *rest in _rows(tmp_path / "scan" / "photos.csv")]
    assert [tuple(row[:2]) for row in predicted] == [tuple(row[:2]) for row in by_scan]
    for row, scan_row in zip(predicted, by_scan, strict=True):
        assert row[4:] == tuple(scan_row[4:])
        if row[1]:
            assert (float(row[2]), float(row[3])) == (float(scan_row[2]), float(scan_row[3]))
    assert [row[1] for row in predicted if row[1]] == [
        str(one.label) for one in found.outcomes if isinstance(one, Prediction)
    ]


def test_a_site_that_does_not_show_a_gap_is_answered_as_without(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    few = sorted(photos.iterdir())[:10]
    found = CrackClassifier.load(model).predict_site(few)
    assert not found.cut.moved
    assert list(found.outcomes) == CrackClassifier.load(model).predict(few)
    summary = CrackScanner.load(model).scan_paths(few, output=tmp_path / "site", site=True)
    CrackScanner.load(model).scan_paths(few, output=tmp_path / "plain")
    assert summary.site == found.cut
    for name in ("photos.csv", "regions.csv", "tiles.csv"):
        assert (tmp_path / "site" / name).read_bytes() == (tmp_path / "plain" / name).read_bytes()


def test_a_scan_of_a_site_goes_on_where_it_stopped(model: Path, photos: Path, tmp_path: Path) -> None:
    scanner = CrackScanner.load(model)
    first = scanner.scan_paths([photos], output=tmp_path / "out", site=True, overlays=False)
    again = scanner.scan_paths([photos], output=tmp_path / "out", site=True, overlays=False)
    assert (first.reused, again.reused) == (0, again.photos - len(again.failures))
    assert again.site == first.site
