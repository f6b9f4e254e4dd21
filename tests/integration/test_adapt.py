"""`crackscope adapt` from photos to a model that predicts, through the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from crackscope.adaptation import site_features
from crackscope.bundle import USUAL_CELLS, load_bundle
from crackscope.cli.app import app
from crackscope.dataset.synthetic import CrackOptions, paint_crack
from crackscope.dataset.synthetic.cracks import CrackTone
from crackscope.errors import DataError, MissingClassError, NoPhotosError, NotBetterError, OutputError
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.verify import verify_bundle
from crackscope.labels import Label
from crackscope.model_card.card import model_card
from tests.helpers.adaptable import write_adaptable_bundle
from tests.helpers.patches import write_patches


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_adaptable_bundle(tmp_path / "model").folder


@pytest.fixture
def tiles(tmp_path: Path) -> Path:
    write_patches(tmp_path / "tiles", 24)
    return tmp_path / "tiles"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["adapt", *map(str, arguments)])


def right_share(model: Path, folder: Path) -> float:
    classifier = CrackClassifier.load(model)
    found = [
        prediction.label is label  # type: ignore[union-attr]
        for label in Label
        for prediction in classifier.predict(sorted((folder / label).iterdir()))
    ]
    return sum(found) / len(found)


def test_labels_make_a_model_that_knows_the_site(tmp_path: Path, model: Path, tiles: Path) -> None:
    write_patches(tmp_path / "unseen", 20, seed=9)
    new = tmp_path / "new"
    result = run(tiles, "--model", model, "--output", new)
    assert result.exit_code == 0, result.output
    assert "Go: better by" in result.output
    assert right_share(new, tmp_path / "unseen") > 0.9 > right_share(model, tmp_path / "unseen")
    assert all(check.passed is not False for check in verify_bundle(new))
    assert load_bundle(new).config.cells == load_bundle(model).config.cells != USUAL_CELLS
    sheet = json.loads((new / "adaptation.json").read_text(encoding="utf-8"))["sheet"]
    assert sheet["go"] is True
    assert [point["labels"] for point in sheet["curve"]] == [12, 24, 48]
    card = (new / "README.md").read_text(encoding="utf-8")
    assert card == model_card(load_bundle(new).config)
    assert "## Go or no-go on its site\n\nLine filters with head, calibration" in card


def test_healthy_concrete_alone_is_enough(
    tmp_path: Path, model: Path, tiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The filters of this model answer to dark lines and to no others.
    dark = CrackOptions(tone=CrackTone.DARK, width_px=(2.0, 6.0), darkness=(0.4, 0.9))
    monkeypatch.setattr(site_features, "paint_crack", partial(paint_crack, options=dark))
    new = tmp_path / "new"
    intact = tmp_path / "intact concrete"
    shutil.move(tiles / "Negative", intact)
    result = run("--healthy", intact, "--model", model, "--output", new)
    assert result.exit_code == 0, result.output
    assert "No real crack of the site was seen" in result.output
    config = load_bundle(new).config
    assert "healthy" in config.threshold.rule
    assert config.review is not None
    assert "for Positive it is a guess" in config.review.fitted_on


def test_few_labels_keep_the_old_band_and_say_why(tmp_path: Path, model: Path) -> None:
    write_patches(tmp_path / "few", 10)
    result = run(tmp_path / "few", "--model", model, "--output", tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert (
        "need at least 19 independent tiles of each class, found 10 Positive and 10 Negative" in result.output
    )
    config = load_bundle(tmp_path / "new").config
    assert config.review is not None
    assert config.review.low < config.threshold.value < config.review.high


def test_both_kinds_go_together_and_a_photo_counts_once(tmp_path: Path, model: Path, tiles: Path) -> None:
    write_patches(tmp_path / "more", 6, seed=5)
    new = tmp_path / "new"
    healthy = tmp_path / "more" / "Negative"
    result = run(
        tiles,
        "--healthy",
        healthy,
        "--healthy",
        tiles / "Negative",
        "--model",
        model,
        "--output",
        new,
        "--json",
    )
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["tiles"] == {"negative": 24, "positive": 24, "healthy": 6}


def test_an_unreadable_photo_is_named_and_left_out(tmp_path: Path, model: Path, tiles: Path) -> None:
    (tiles / "Positive" / "broken.png").write_bytes(b"no picture")
    result = run(tiles, "--model", model, "--output", tmp_path / "new", "--json")
    assert result.exit_code == 0, result.output
    [failure] = json.loads(result.stdout)["not_read"]
    assert failure["path"].endswith("broken.png")


def test_the_same_command_writes_the_same_graph(tmp_path: Path, model: Path, tiles: Path) -> None:
    for name in ("one", "two"):
        run(tiles, "--model", model, "--output", tmp_path / name)
    assert load_bundle(tmp_path / "one").identity == load_bundle(tmp_path / "two").identity


def test_a_model_that_is_not_better_is_written_only_by_force(
    tmp_path: Path, model: Path, tiles: Path
) -> None:
    good, new = tmp_path / "good", tmp_path / "new"
    run(tiles, "--model", model, "--output", good)
    refused = run(tiles, "--model", good, "--output", new, "--json")
    assert isinstance(refused.exception, NotBetterError)
    assert json.loads(refused.stdout)["sheet"]["go"] is False
    assert not new.exists()
    forced = run(tiles, "--model", good, "--output", new, "--force")
    assert forced.exit_code == 0, forced.output
    assert "NO-GO" in forced.stderr
    assert json.loads((new / "adaptation.json").read_text(encoding="utf-8"))["sheet"]["go"] is False


def test_what_is_there_is_not_overwritten(tmp_path: Path, model: Path, tiles: Path) -> None:
    before = load_bundle(model).identity
    result = run(tiles, "--model", model, "--output", model)
    assert isinstance(result.exception, OutputError)
    assert load_bundle(model).identity == before
    assert run(tiles, "--model", model, "--output", model, "--overwrite").exit_code == 0
    assert load_bundle(model).identity != before


def test_what_is_missing_is_said(tmp_path: Path, model: Path, tiles: Path) -> None:
    new = tmp_path / "new"
    (tmp_path / "empty").mkdir()
    assert isinstance(run("--model", model, "--output", new).exception, NoPhotosError)
    empty = run("--healthy", tmp_path / "empty", "--model", model, "--output", new)
    assert isinstance(empty.exception, DataError)
    shutil.rmtree(tiles / "Positive")
    assert isinstance(run(tiles, "--model", model, "--output", new).exception, MissingClassError)
    assert not new.exists()


@pytest.mark.slow
def test_pytorch_is_not_needed(tmp_path: Path, model: Path, tiles: Path) -> None:
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in ('torch', 'timm', 'lightning'):\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from crackscope.cli import main\n"
        "main()"
    )
    command = [sys.executable, "-c", program, "adapt", tiles, "--model", model, "--output", tmp_path / "new"]
    found = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert found.returncode == 0, found.stderr
    assert (tmp_path / "new" / "adaptation.json").is_file()


def test_other_tools_labels_serve_without_cutting_tiles_first(tmp_path: Path, model: Path) -> None:
    write_patches(tmp_path / "tiles", 24)
    rows = ["path,type,left,top,right,bottom"]
    for path in sorted((tmp_path / "tiles").rglob("*.png")):
        box = "0,0,48,48" if path.parent.name == "Positive" else ",,,"
        rows.append(f"{path.parent.name}/{path.name},crack,{box}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    words = (tmp_path / "tiles", "--labels", tmp_path / "labels.csv", "--label-tile-px", 48)
    result = run(*words, "--model", model, "--output", tmp_path / "new")
    assert "48 photos" in result.output, result.output
    assert result.exit_code == 0, result.output
