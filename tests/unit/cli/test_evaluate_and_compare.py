"""``crackscope evaluate`` and ``crackscope compare`` as a person types them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.errors import BundleError, MissingExtraError, NoPhotosError, SettingsError
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.waiting import PATIENCE_S

LEVELS = {"Positive": (30, 60, 90, 140, 20, 50), "Negative": (230, 200, 170, 120, 240, 220)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for label, levels in LEVELS.items():
        folder = tmp_path / "photos" / label
        folder.mkdir(parents=True)
        for index, level in enumerate(levels):
            pixels = np.clip(level + rng.integers(-15, 16, (64, 64, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{index} ü.png")
    return tmp_path / "photos"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_bundle(tmp_path / "model").folder


def _run(*arguments: object) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_evaluate_prints_every_metric_with_its_interval(data: Path, model: Path) -> None:
    text = _run("evaluate", data, "--model", model, "--prior", "0.1", "--resamples", "100")

    assert "mean darkness at threshold 0.5" in text
    for row in ("accuracy", "balanced accuracy", "precision at prior 0.1", "calibration error (ECE)"):
        assert f"\n  {row} " in text
    assert "0.8333" in text
    assert "12 photos (6 Positive, 6 Negative) in 12 groups" in text


def test_evaluate_prints_only_json_on_standard_output(data: Path, model: Path) -> None:
    document = json.loads(_run("evaluate", data, "-m", model, "--json", "--resamples", "50"))

    assert document["metrics"]["recall"]["value"] == pytest.approx(5 / 6)
    assert document["resamples"] == 50


def test_evaluate_writes_what_it_says(data: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "results" / "today"
    _run("evaluate", data, "--model", model, "-o", output, "--resamples", "20")

    assert len(list(output.rglob("*.png"))) == 7
    rows = (output / "predictions.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 13
    assert rows[1].startswith("Negative/0 ü.png,Negative,")


def test_a_threshold_overrides_the_models_own(data: Path, model: Path) -> None:
    arguments = ("evaluate", data, "-m", model, "--json", "--resamples", "20", "--threshold")

    assert json.loads(_run(*arguments, "0"))["metrics"]["recall"]["value"] == 1
    assert json.loads(_run(*arguments, "1"))["metrics"]["specificity"]["value"] == 1


def test_test_time_augmentation_is_said_with_the_model(data: Path, model: Path) -> None:
    arguments = ("evaluate", data, "-m", model, "--json", "--resamples", "20")
    plain, augmented = (json.loads(_run(*arguments, *more)) for more in ((), ("--tta",)))
    assert augmented["model"]["name"] == plain["model"]["name"] + ", test-time augmentation"


def test_datasets_is_the_default_place(data: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data.rename(data.parent / "datasets")
    monkeypatch.chdir(data.parent)

    assert "12 photos" in _run("evaluate", "--model", model, "--resamples", "20")


def test_a_photo_that_cannot_be_read_is_named_and_the_rest_evaluated(data: Path, model: Path) -> None:
    (data / "Positive" / "broken.jpg").write_bytes(b"no image")
    result = CliRunner().invoke(app, ["evaluate", str(data), "-m", str(model), "--resamples", "20"])

    assert result.exit_code == 0
    assert "not scored: Positive/broken.jpg" in result.stderr
    assert "1 photo without a score left out" in result.stdout


def test_compare_says_which_is_better_or_that_nobody_knows(data: Path, model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "copy")
    text = _run("compare", model, tmp_path / "copy", data, "--resamples", "50")

    assert "A: mean darkness, B: mean darkness" in text
    assert "A and B label all 12 photos alike. Their AUROC is the same." in text
    other = write_tiny_bundle(tmp_path / "other", threshold=0.05).folder
    document = json.loads(_run("compare", model, other, data, "--json", "--resamples", "50"))
    assert document["photos"] == 12
    assert "can't tell" in document["verdict"]


def test_bad_input_is_an_error_of_ours(data: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no model folder at .*nowhere"):
        _run("evaluate", data, "--model", tmp_path / "nowhere")
    with pytest.raises(NoPhotosError, match=r"there is no folder .*nowhere"):
        _run("evaluate", tmp_path / "nowhere", "--model", model)
    refused = CliRunner().invoke(app, ["evaluate", str(data), "--model", str(model), "--prior", "5"])
    assert refused.exit_code == 2
    assert "--prior" in refused.output
    with pytest.raises(SettingsError, match="unknown part"):
        _run("evaluate", data, "--model", model, "--part", "tests")
    with pytest.raises(BundleError, match=r"no model folder at .*nowhere"):
        _run("compare", model, tmp_path / "nowhere", data)


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_a_missing_package_names_the_extra(
    command: str, data: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("crackscope.evaluation")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)

    models = [model, model] if command == "compare" else ["--model", model]
    with pytest.raises(MissingExtraError, match=r'pip install "crackscope\[evaluate\]"'):
        _run(command, *models, data)


@pytest.mark.slow
def test_the_table_is_readable_in_a_narrow_console_of_any_encoding(data: Path, model: Path) -> None:
    environment = {**os.environ, "COLUMNS": "60", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "crackscope", "evaluate", str(data), "-m", str(model), "--resamples", "20"],
        capture_output=True,
        env=environment,
        timeout=PATIENCE_S,
        check=True,
    )

    assert "balanced accuracy" in done.stdout.decode("utf-8")
    assert "always Positive" in done.stdout.decode("utf-8")


def test_real_photographs_are_evaluated_by_source_photo(real_data: Path, model: Path, tmp_path: Path) -> None:
    for label in ("Positive", "Negative"):
        (tmp_path / "bridge" / label).mkdir(parents=True)
        for file in sorted((real_data / "bridge" / label).iterdir())[:40]:
            shutil.copy(file, tmp_path / "bridge" / label)
    document = json.loads(_run("evaluate", tmp_path / "bridge", "-m", model, "--json", "--resamples", "50"))

    assert document["photos"] == 80
    assert 5 < document["groups"] < 80


def test_labels_of_another_tool_are_evaluated_as_tiles(model: Path, tmp_path: Path) -> None:
    rng, rows = np.random.default_rng(0), ["path,type,left,top,right,bottom"]
    (tmp_path / "walls").mkdir()
    for number in range(4):
        pixels = rng.integers(200, 256, (128, 128, 3)).astype(np.uint8)
        pixels[:64, :64] //= 10
        Image.fromarray(pixels).save(tmp_path / "walls" / f"wall{number}.png")
        rows.append(f"wall{number}.png,crack,0,0,64,60")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    words = ("evaluate", tmp_path / "walls", "--labels", tmp_path / "labels.csv", "--label-tile-px", "64")
    document = json.loads(_run(*words, "--model", model, "--resamples", "50", "--json"))
    assert (document["photos"], document["positive"], document["groups"]) == (12, 4, 4)
    with pytest.raises(SettingsError, match="--labels needs one folder"):
        _run(*words, "--manifest", tmp_path / "labels.csv", "--model", model)
