"""A tiny real training of the places stage: folders of every role, to a model that predicts and scans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope import CrackScanner
from crackscope.dataset.synthetic import CrackOptions, make_concrete, paint_crack
from crackscope.errors import RecipeError
from crackscope.inference.verify import verify_bundle
from crackscope.training.recipe_file import load_recipe
from crackscope.training.run import train
from tests.helpers.patches import write_patches

pytestmark = pytest.mark.slow

SIDE = 64
HEALTHY = (
    "surfaces/polyhaven/healthy",
    "surfaces/ambientcg/healthy",
    "surfaces/byte-assets/healthy",
    "surfaces/ambientcg-small/healthy",
    "surfaces/dnit-roads/healthy",
    "uav-cc0/healthy",
    "caltech101/chairs",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("places")
    write_patches(root / "patches", 24)
    for number, name in enumerate(HEALTHY):
        (root / name).mkdir(parents=True)
        for material in ("concrete", "brick"):
            _save(root / name / f"{material}_01.png", _wall(number))
            _save(root / name / f"{material}_02.png", _wall(number + 50))
    for number in range(3):
        painted = paint_crack(_wall(number), np.random.default_rng(number), CrackOptions(width_px=(4, 8)))
        _save(root / "uav-cc0" / "images" / f"slide{number}.png", painted.pixels_hwc)
        mask = np.repeat((painted.mask_hw >= 128).astype(np.uint8)[:, :, None] * 255, 3, axis=2)
        _save(root / "uav-cc0" / "masks" / f"slide{number}.png", mask)
    return root


def _wall(seed: int) -> np.ndarray:
    return make_concrete(np.random.default_rng(seed), (140, 150))


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def test_a_network_taught_places_becomes_a_model_that_scans(folder: Path, tmp_path: Path) -> None:
    recipe = load_recipe(
        "default",
        {
            "network.backbone": "tf_efficientnet_lite0",
            "network.weights": "none",
            "network.input_px": SIDE,
            "finetune.batch_size": 4,
            "data.shares": "60/20/20",
            "places.steps": 2,
            "places.width": 8,
            "places.unfreeze": 1,
            "places.data": str(folder),
            "run.workers": 1,
        },
    )
    result = train([folder / "patches"], recipe, tmp_path / "run")
    assert [check for check in verify_bundle(result.bundle.folder) if check.passed is False] == []
    assert "crops of other concrete" in result.bundle.config.familiarity.fitted_on  # type: ignore[union-attr]
    report = CrackScanner.load(result.bundle.folder).scan(_wall(1))
    assert report.heat is not None
    assert np.isfinite(report.heat.scores).all()


def test_a_folder_without_surfaces_is_refused(folder: Path, tmp_path: Path) -> None:
    recipe = load_recipe("default", {"places.steps": 1, "places.data": str(tmp_path)})
    with pytest.raises(RecipeError, match="surfaces"):
        train([folder / "patches"], recipe, tmp_path / "run")
