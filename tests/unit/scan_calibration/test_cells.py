"""How sure cells may be: fitted where every pixel is known, written only where asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope import CrackScanner
from crackscope.bundle import USUAL_CELLS, Bundle, load_bundle, write_config
from crackscope.cli.app import app
from crackscope.errors import DataError, NoPhotosError, SettingsError
from crackscope.scan_calibration.cells import CellFit, cells_table, cracked_cells, fit_cells
from crackscope.scan_calibration.painted_walls import SHAPE, join_patches, paint_wall
from tests.helpers.bundles import write_tiny_bundle

PATCH = 64


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """Score = darkness, against a background of half its grey."""
    return write_tiny_bundle(tmp_path / "model", patch_px=PATCH, calibration_scale=2.0)


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("healthy")
    rng = np.random.default_rng(0)
    for number in range(SHAPE[0] * SHAPE[1] + 3):
        pixels = rng.normal(170, 6, (PATCH, PATCH, 3)).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:03}.png")
    return folder


def fit(bundle: Bundle, *healthy: Path, seed: int = 0) -> CellFit:
    return fit_cells(CrackScanner.load(bundle.folder, jobs=1), healthy, walls_per_source=4, seed=seed)


def test_fitted_cells_are_as_sure_as_there_are_cracks(bundle: Bundle, patches: Path) -> None:
    # The model of these tests sees darkness, and a crack of seed 0 is a light one.
    found = fit(bundle, patches, seed=1)
    share = found.cracked.mean()
    assert 0 < share < 0.2
    assert found.mean_score(found.cells) == pytest.approx(share, rel=0.05)
    even_odds = replace(USUAL_CELLS, scale=1.0, bias=0.0)
    assert found.log_loss(found.cells) < min(found.log_loss(USUAL_CELLS), found.log_loss(even_odds))
    assert found.cells.fitted_on.startswith(
        f"4 walls of intact concrete ({patches.parent.name}/{patches.name})"
    )
    assert [row[0] for row in cells_table(found, USUAL_CELLS).rows] == [
        "even odds",
        "the model now",
        "fitted",
    ]


def test_the_seed_decides_all_chance(bundle: Bundle, patches: Path) -> None:
    one, again, other = (fit(bundle, patches, seed=seed).cells for seed in (0, 0, 1))
    assert one == again != other


def test_what_the_model_says_now_does_not_matter(bundle: Bundle, patches: Path) -> None:
    before = fit(bundle, patches).cells
    write_config(Bundle(bundle.folder, replace(bundle.config, cells=replace(USUAL_CELLS, scale=9.0))))
    assert fit(bundle, patches).cells == before


def test_a_wall_is_changed_only_where_its_crack_is(bundle: Bundle, patches: Path) -> None:
    photos = sorted(patches.iterdir())
    intact, cracked = (
        paint_wall(photos, PATCH, np.random.default_rng(5), cracked=cracked) for cracked in (False, True)
    )
    assert not intact.crack_hw.any()
    assert cracked.crack_hw.any()
    changed = (intact.pixels_hwc != cracked.pixels_hwc).any(axis=2)
    assert changed[cracked.crack_hw].mean() > 0.9
    scanner = CrackScanner.load(bundle.folder, jobs=1)
    cells = cracked_cells(cracked.crack_hw, scanner)
    fine = cracked_cells(cracked.crack_hw, scanner, coarse=False)
    assert 0 < fine.sum() < cells.sum()
    assert not (fine & ~cells).any()
    assert cells.mean() < 0.5
    side = cracked.crack_hw.shape[0] / cells.shape[0]
    rows, columns = np.nonzero(cracked.crack_hw)
    assert cells[(rows / side).astype(int), (columns / side).astype(int)].mean() > 0.95


def test_patches_are_joined_without_a_step_of_brightness() -> None:
    grey = [np.full((40, 60, 3), value, np.uint8) for value in (80, 100, 120, 140)]
    joined = join_patches(grey, columns=2)
    assert joined.shape == (40 + 30, 60 + 45, 3)
    assert np.ptp(joined.astype(int)) <= 1
    assert abs(int(joined[0, 0, 0]) - 110) <= 1


def test_a_large_photo_is_a_wall_by_itself(bundle: Bundle, tmp_path: Path) -> None:
    rows, columns = SHAPE
    rng = np.random.default_rng(1)
    pixels = rng.normal(170, 6, (rows * PATCH + 9, columns * PATCH + 5, 3)).clip(0, 255).astype(np.uint8)
    (tmp_path / "healthy").mkdir()
    Image.fromarray(pixels).save(tmp_path / "healthy" / "wall.png")
    wall = paint_wall([tmp_path / "healthy" / "wall.png"], PATCH, rng, cracked=False)
    assert wall.crack_hw.shape == (rows * PATCH, columns * PATCH)
    assert fit(bundle, tmp_path / "healthy").cells.nll_after is not None


def test_what_can_not_be_fitted_on_is_named(bundle: Bundle, patches: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    with pytest.raises(NoPhotosError, match="no photo found"):
        fit(bundle, few)
    for path in sorted(patches.iterdir())[:5]:
        (few / path.name).write_bytes(path.read_bytes())
    with pytest.raises(DataError, match=r"5 photos .* takes 24 patches, or one photo of at least 384 x 256"):
        fit(bundle, few)
    for path in few.iterdir():
        path.write_bytes(b"no picture")
    with pytest.raises(DataError, match="can't be read"):
        fit(bundle, few)


def test_the_command_writes_only_where_asked(bundle: Bundle, patches: Path) -> None:
    arguments = ["model", "cells", str(bundle.folder), "--healthy", str(patches), "--walls", "4"]
    before = (bundle.folder / "model.json").read_bytes()
    shown = CliRunner().invoke(app, arguments)
    assert shown.exit_code == 0, shown.output
    assert "fitted" in shown.stdout
    assert (bundle.folder / "model.json").read_bytes() == before
    written = CliRunner().invoke(app, [*arguments, "--write"])
    assert written.exit_code == 0, written.output
    config = load_bundle(bundle.folder).config
    assert config == replace(bundle.config, cells=fit(bundle, patches).cells)
    assert f"{config.cells.scale:.2f}" in shown.stdout


def test_the_shipped_detector_is_not_written_to_unasked(patches: Path) -> None:
    result = CliRunner().invoke(app, ["model", "cells", "--healthy", str(patches), "--write"])
    assert isinstance(result.exception, SettingsError)
