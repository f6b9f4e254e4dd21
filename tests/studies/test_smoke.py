"""Every study runs from end to end on a few computed patches and prints its table."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.dataset.synthetic import make_photo
from tests.helpers.adaptable import write_adaptable_bundle
from tests.helpers.bundles import write_tiny_bundle

pytestmark = pytest.mark.slow


def _patches(folder: Path, count: int, side_px: int = 64) -> Path:
    """``count`` JPEG patches of each class, four from each photo; a crack is a dark line."""
    rng = np.random.default_rng(count)
    for name in ("Positive", "Negative"):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.normal(170, 12, (side_px, side_px, 3))
            if name == "Positive":
                pixels[:, side_px // 2 : side_px // 2 + 3] -= 110
            file = folder / name / f"IMG_{number // 4}_{number % 4}_1.jpg"
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(file, quality=95)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as the data folder is: bridge, METU, SDNET2018, UAV75, Caltech-101."""
    folder = tmp_path_factory.mktemp("data")
    _patches(folder / "bridge", 80)
    _patches(folder / "metu", 56)
    _patches(folder / "walls", 56)
    (folder / "sdnet2018").mkdir()
    (folder / "walls").rename(folder / "sdnet2018" / "W")
    for old, new in (("Positive", "CW"), ("Negative", "UW")):
        (folder / "sdnet2018" / "W" / old).rename(folder / "sdnet2018" / "W" / new)
    for name in ("images", "labels"):
        (folder / "uav75" / name).mkdir(parents=True)
    for number in range(4):
        scene = make_photo(np.random.default_rng(number), (192, 192), cracks=1)
        Image.fromarray(scene.pixels_hwc).save(folder / "uav75" / "images" / f"{number}.jpg")
        mask = np.where(scene.mask_hw >= 128, 255, 0).astype(np.uint8)
        mask[:40, :40] = np.where(mask[:40, :40] == 255, 255, 204)
        Image.fromarray(mask).save(folder / "uav75" / "labels" / f"{number}.png")
    for name in ("chair", "lamp", "piano"):
        _patches(folder / name, 8)
        (folder / "caltech101").mkdir(exist_ok=True)
        (folder / name / "Positive").rename(folder / "caltech101" / name)
    return folder


@pytest.fixture(scope="module")
def manifest(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("split") / "metu.csv"
    done = CliRunner().invoke(app, ["data", "split", str(data / "metu"), "--output", str(target)])
    assert done.exit_code == 0, done.output
    return target


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("tiny"), familiarity_limit=0.5).folder


@pytest.fixture(scope="module")
def adaptable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_adaptable_bundle(tmp_path_factory.mktemp("adaptable"), with_trunk=True).folder


@pytest.fixture
def study(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path) -> object:
    def run(name: str, *arguments: object) -> str:
        module = importlib.import_module(f"studies.{name}")
        if hasattr(module, "DATA"):
            monkeypatch.setattr(module, "DATA", data)
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        module.main()
        return capsys.readouterr().out

    return run


def _rows(shown: str) -> list[str]:
    """The lines of Markdown tables without their heads."""
    return [line for line in shown.splitlines() if line.startswith("| ")][1:]


def test_site_kit(study, adaptable: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    output = tmp_path / "kit"
    options = ("--draws", 1, "--labels", 20, "--cache", tmp_path / "cache", "--output", output)
    shown = study("site_kit", "--pair", f"{adaptable}:bridge", *options)
    # Nothing, healthy tiles, and twenty labels without and with them.
    assert len(_rows(shown)) == 4
    assert output.with_suffix(".json").is_file()
    assert output.with_suffix(".md").read_text(encoding="utf-8").startswith("| model on site")


def test_active_learning(study, adaptable: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    options = ("--draws", 1, "--labels", 50, "--order", "suggest, served", "--cracked", 0.4)
    shown = study("active_learning", "--pair", f"{adaptable}:bridge", *options, "--cache", tmp_path)
    assert len(_rows(shown)) == 1


def test_familiarity(study, data: Path, manifest: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    sides = ("--left-out", data / "bridge", "--strange", data / "caltech101", "--most", 24)
    shown = study("familiarity", "--known", f"{data / 'metu'}:{manifest}", *sides)
    # The shipped gate, and six of each of two kinds.
    assert len(_rows(shown)) == 13


def test_image_quality(study, data: Path, manifest: Path, tiny: Path) -> None:  # type: ignore[no-untyped-def]
    sides = ("--left-out", data / "bridge", "--limit", 8, "--limit-photos", 8, "--model", tiny)
    shown = study("image_quality", "--known", f"{data / 'metu'}:{manifest}", *sides)
    assert "low variance of the Laplacian" in shown


def test_known_failures(study, tiny: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    figure = tmp_path / "failures.png"
    shown = study("known_failures", "--model", tiny, "--patches", 1, "--figure", figure)
    assert "| plain |" in shown
    assert figure.is_file()


def test_localisation(study, data: Path, tiny: Path) -> None:  # type: ignore[no-untyped-def]
    shown = study("localisation", "--uav75", data / "uav75", "--limit", 2, "--model", tiny, "--tile-px", 64)
    assert [name for name in ("Otsu", "Canny", "Frangi", "scan, tile 64") if f"| {name} |" not in shown] == []


def test_cells(study, data: Path, tiny: Path) -> None:  # type: ignore[no-untyped-def]
    shown = study("cells", "--data", data, "--photos", 1, "--model", tiny)
    assert len(_rows(shown)) == 3 * 3


def test_one_look(study, data: Path, tiny: Path) -> None:  # type: ignore[no-untyped-def]
    shown = study("one_look", "--data", data, "--model", tiny, "--sides", 64, 100, "--crops", 4)
    assert len(_rows(shown)) == 2 * 2


def test_photo_decision(study, data: Path, tiny: Path) -> None:  # type: ignore[no-untyped-def]
    shown = study("photo_decision", "--synthetic", 1, "--model", tiny)
    assert len(_rows(shown)) == 5


def test_seams(study, data: Path, tiny: Path) -> None:  # type: ignore[no-untyped-def]
    shown = study("seams", data / "uav75" / "images", "--photos", 1, "--model", tiny, "--tile-px", 64)
    assert len(_rows(shown)) == 1


def test_two_dates(study, data: Path, tiny: Path) -> None:  # type: ignore[no-untyped-def]
    shown = study("two_dates", "--data", data, "--source", "uav75", "--strangers", 1, "--model", tiny)
    assert "uav75: 4 of 4 registered, 0 of them wrong" in shown
    assert "regions of pairs with grown" in shown


def test_pooling(study, data: Path) -> None:  # type: ignore[no-untyped-def]
    sides = ("--test-only", data / "sdnet2018", "--limit", 6, "--input-px", 32, "--attention-epochs", 1)
    shown = study("pooling", data / "bridge", data / "metu", *sides)
    assert len(_rows(shown)) == 7


def test_pretraining(data: Path, tmp_path: Path) -> None:
    from studies.pretraining.__main__ import app as pretraining

    # One step from random weights; the student is written and can be measured.
    folder, weights = tmp_path / "run", tmp_path / "student.safetensors"
    steps = [
        "--steps",
        "1",
        "--batch",
        "4",
        "--sizes",
        "32",
        "--no-inherit",
        "--cache",
        str(tmp_path / "cache"),
    ]
    invoke = CliRunner().invoke
    done = invoke(pretraining, ["run", str(folder), "--data", str(data), *steps])
    assert done.exit_code == 0, done.output
    done = invoke(pretraining, ["export", str(folder), "-o", str(weights)])
    assert done.exit_code == 0, done.output
    assert weights.stat().st_size > 1_000_000


def test_label_corrections(study, data: Path, tiny: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    nothing = tmp_path / "corrections.csv"
    nothing.write_text("sha256,file,given,seen,reason,seen_by,date\n", encoding="utf-8")
    shown = study("label_corrections", "--model", tiny, "--corrections", nothing, "--corrections", nothing)
    # Two tables of three rows and the one of both sources, and the heads of all but the first.
    assert len(_rows(shown)) == 11


def test_site_cut(study, data: Path, manifest: Path, tiny: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    options = ("--manifest", f"metu:{manifest}", "--crops", 4, "--draws", 2, "--cache", tmp_path / "cache")
    shown = study("site_cut", "--data", data, "--model", tiny, *options)
    for name in ("metu, test part", "bridge"):
        # Two rules, and one cut for all.
        assert len([row for row in _rows(shown) if row.startswith(f"| {name} |")]) == 3
        assert (tmp_path / "cache" / f"{name}.npz").is_file()
    assert study("site_cut", "--data", data, "--model", tiny, *options) == shown


def _textures(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        pixels = np.random.default_rng(number).normal(150, 20, (130, 130, 3))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{name}.png")


def test_masonry(study, data: Path, manifest: Path, adaptable: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for name in ("bridge", "caltech101", "metu"):
        (tmp_path / name).symlink_to(data / name)
    surfaces = tmp_path / "surfaces"
    _textures(
        surfaces / "polyhaven" / "healthy",
        *(f"{kind}_{n}" for kind in ("concrete", "brick") for n in range(4)),
    )
    _textures(surfaces / "ambientcg" / "healthy")
    _textures(surfaces / "byte-assets" / "healthy")
    _textures(surfaces / "ambientcg-small" / "healthy", "Bricks1", "Bricks2", "Bricks3", "Concrete1")
    for name in ("images", "masks"):
        _textures(tmp_path / "uav-cc0" / name, "slide001", "slide660")
    options = ("--manifest", f"metu:{manifest}", "--tiles", data / "bridge", "--most", 12)
    rows = _rows(study("masonry", "--data", tmp_path, "--model", adaptable, *options))
    # A Gaussian, two discriminants, support vectors; after the line below the head.
    assert [row.split("|")[1].split()[0] for row in rows] == ["Gaussian", "logistic", "logistic", "support"]
