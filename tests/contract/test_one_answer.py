"""One photo, one answer, to the last digit: whatever it is given as and whichever door it comes through."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps
from typer.testing import CliRunner

from crackscope import CrackClassifier, Prediction
from crackscope.cli.app import app
from tests.helpers.bundles import write_tiny_bundle

FOLDERS = ("metu/Positive", "metu/Negative", "sdnet2018/W/CW", "bridge/Negative", "uav75/images")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("model")).folder


@pytest.fixture(scope="module")
def classifier(model: Path) -> CrackClassifier:
    return CrackClassifier.load(model)


@pytest.fixture(scope="module")
def made_photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """JPEGs that need care: turned, progressive, grey, large; and other formats."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(3)
    coarse = random.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((300, 210), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(folder / "turned.jpg", exif=exif)
    image.save(folder / "progressive.jpg", progressive=True)
    image.convert("L").save(folder / "grey.jpg")
    image.convert("CMYK").save(folder / "cmyk.jpg")
    image.resize((1500, 1100)).save(folder / "large.jpg")
    image.save(folder / "plain.png")
    image.quantize(32).save(folder / "palette.png")
    image.save(folder / "page.tif")
    return sorted(folder.iterdir())


def _real_photos(data: Path) -> list[Path]:
    return [path for name in FOLDERS for path in sorted((data / name).glob("*.jpg"))[::200][:20]]


def _through_every_door(classifier: CrackClassifier, path: Path) -> dict[str, Prediction]:
    with Image.open(path) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    return {
        "path": classifier.predict(path),
        "text": classifier.predict(str(path)),
        "bytes": classifier.predict(path.read_bytes()),
        "image": classifier.predict(Image.open(path)),
        "upright image": classifier.predict(upright),
        "array": classifier.predict(np.asarray(upright)),
        "list": classifier.predict([path])[0],
        "list of arrays": classifier.predict([np.asarray(upright)])[0],
        "stream": next(classifier.predict_paths([path])),
    }  # type: ignore[dict-item]


def _assert_one_answer(classifier: CrackClassifier, path: Path) -> None:
    answers = {
        door: (answer.label, answer.score, answer.threshold, answer.reason)
        for door, answer in _through_every_door(classifier, path).items()
    }
    assert len(set(answers.values())) == 1, (path, answers)


def test_every_python_door_gives_one_answer(classifier: CrackClassifier, made_photos: list[Path]) -> None:
    for path in made_photos:
        _assert_one_answer(classifier, path)


def test_every_python_door_gives_one_answer_on_real_photos(
    classifier: CrackClassifier, real_data: Path
) -> None:
    for path in _real_photos(real_data)[::6]:
        _assert_one_answer(classifier, path)


def test_a_grey_array_is_its_grey_photo(classifier: CrackClassifier, made_photos: list[Path]) -> None:
    path = next(path for path in made_photos if path.name == "grey.jpg")
    with Image.open(path) as opened:
        array = np.asarray(opened)
    assert array.ndim == 2
    assert classifier.predict(array).score == classifier.predict(path).score


def _command_line(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["predict", *map(str, arguments), "--quiet"])
    assert result.exit_code == 0, result.output
    return result.stdout


def _assert_command_line_agrees(model: Path, classifier: CrackClassifier, photos: list[Path]) -> None:
    rows = [outcome.as_row() for outcome in classifier.predict_paths(photos)]
    assert json.loads(_command_line(*photos, "--model", model, "--format", "json")) == rows
    table = list(csv.DictReader(io.StringIO(_command_line(*photos, "--model", model, "--format", "csv"))))
    assert [float(line["score"]) for line in table] == [row["score"] for row in rows]
    assert [(line["path"], line["label"], line["reason"] or None) for line in table] == [
        (row["path"], row["label"], row["reason"]) for row in rows
    ]


def test_the_command_line_gives_python_s_answers(
    model: Path, classifier: CrackClassifier, made_photos: list[Path]
) -> None:
    _assert_command_line_agrees(model, classifier, made_photos)


def test_the_command_line_gives_python_s_answers_on_real_photos(
    model: Path, classifier: CrackClassifier, real_data: Path
) -> None:
    _assert_command_line_agrees(model, classifier, _real_photos(real_data))


@pytest.mark.parametrize("batch_size", [1, 3, 64])
@pytest.mark.parametrize("threads", [1, 4])
def test_batches_and_threads_do_not_change_a_byte(
    model: Path, made_photos: list[Path], batch_size: int, threads: int
) -> None:
    options = ("--model", model, "--format", "csv")
    photos = made_photos * 9
    expected = _command_line(*photos, *options)
    assert _command_line(*photos, *options, "--batch-size", batch_size, "--threads", threads) == expected
