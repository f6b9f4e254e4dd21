"""Small, lopsided and grey data sets through `data audit`, `data split` and `evaluate`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.errors import DataError, MissingClassError
from crackscope.images import register_plugins
from tests.helpers.bundles import write_tiny_bundle
from tests.unit.dataset.photos import noise, save


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("model")).folder


def make(root: Path, positive: int, negative: int) -> Path:
    for label, count, first_seed in (("Positive", positive, 0), ("Negative", negative, 1000)):
        for number in range(count):
            save(noise(first_seed + number), root / label / f"{number:05d}.png")
    return root


def run(*words: object) -> str:
    ran = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def audited(data: Path, output: Path) -> list[dict[str, str]]:
    run("data", "audit", data, "-o", output)
    with (output / "audit.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def parts_of(data: Path, manifest: Path) -> dict[tuple[str, str], int]:
    run("data", "split", data, "-o", manifest)
    counts: dict[tuple[str, str], int] = {}
    with manifest.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            key = (row["part"], row["label"])
            counts[key] = counts.get(key, 0) + 1
    return counts


def evaluated(data: Path, model: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads(run("evaluate", data, "--model", model, "--json"))
    return document


def test_one_crack_to_two_hundred_is_audited_and_evaluated_but_no_split(tmp_path: Path, model: Path) -> None:
    data = make(tmp_path / "data", 1, 200)
    assert len(audited(data, tmp_path / "audit")) == 201
    with pytest.raises(DataError, match=r"no Positive photo: there are 1, .* add Positive photos"):
        run("data", "split", data, "-o", tmp_path / "manifest.csv")
    assert not (tmp_path / "manifest.csv").exists()
    document = evaluated(data, model)
    assert (document["photos"], document["positive"]) == (201, 1)


def test_twenty_photos_give_every_part_both_classes(tmp_path: Path, model: Path) -> None:
    data = make(tmp_path / "data", 10, 10)
    counts = parts_of(data, tmp_path / "manifest.csv")
    assert sum(counts.values()) == 20
    assert len(counts) == 8
    assert counts["train", "Positive"] == counts["train", "Negative"] == 7
    assert evaluated(data, model)["photos"] == 20


@pytest.mark.parametrize("command", [("data", "split"), ("train",), ("evaluate",)])
def test_one_class_is_a_clear_error(tmp_path: Path, model: Path, command: tuple[str, ...]) -> None:
    data = make(tmp_path / "data", 12, 0)
    target = ["--model", model] if command == ("evaluate",) else ["-o", tmp_path / "out"]
    with pytest.raises(MissingClassError, match="0 Negative"):
        run(*command, data, *target)
    assert not (tmp_path / "out").exists()


def test_grey_photos_are_as_good_as_any(tmp_path: Path, model: Path) -> None:
    data = make(tmp_path / "data", 12, 12)
    for path in data.rglob("*.png"):
        with Image.open(path) as image:
            image.convert("L").save(path)
    rows = audited(data, tmp_path / "audit")
    assert all(row["mean_r"] == row["mean_g"] == row["mean_b"] != "" for row in rows)
    assert {row["findings"] for row in rows} == {""}
    assert sum(parts_of(data, tmp_path / "manifest.csv").values()) == 24
    assert evaluated(data, model)["failures"] == 0


def test_mixed_sizes_are_counted_and_none_is_odd(tmp_path: Path, model: Path) -> None:
    data = make(tmp_path / "data", 12, 12)
    for number, path in enumerate(sorted(data.rglob("*.png"))):
        save(noise(number), path)
        with Image.open(path) as image:
            image.resize((40 + 13 * number, 60 + 7 * (number % 5))).save(path)
    rows = audited(data, tmp_path / "audit")
    assert len({(row["height"], row["width"]) for row in rows}) == 24
    assert {row["findings"] for row in rows} == {""}
    assert sum(parts_of(data, tmp_path / "manifest.csv").values()) == 24
    assert evaluated(data, model)["failures"] == 0


def test_jpeg_xl_among_the_photos_is_named(tmp_path: Path, model: Path) -> None:
    data = make(tmp_path / "data", 10, 10)
    damaged = b"\xff\x0a\x00\x10" + bytes(200)
    (data / "Positive" / "x.jxl").write_bytes(damaged)
    (row,) = (row for row in audited(data, tmp_path / "audit") if row["path"].endswith(".jxl"))
    assert row["findings"] == "unreadable"
    register_plugins()
    assert "JPEG XL" in row["error"] or "JXL" in Image.OPEN
    assert evaluated(data, model)["failures"] == 1
    assert sum(parts_of(data, tmp_path / "manifest.csv").values()) == 20
