from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.training.figures import draw_augmentation, draw_learning_curves, draw_training_figures
from crackscope.training.history import EpochRow, Stage
from tests.helpers.patches import write_patches
from tests.helpers.small_finetune import photo_set, small_network, small_recipe


def row(stage: Stage, epoch: int, loss: float) -> EpochRow:
    return EpochRow(
        stage=stage, epoch=epoch, train_loss=loss, train_accuracy=0.9, validation_loss=loss,
        validation_accuracy=0.9, learning_rate=0.001,
    )  # fmt: skip


HISTORY = [row("head", 0, 0.5), row("head", 1, 0.4), row("finetune", 0, 0.3)]


def read(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


def test_a_run_gets_its_four_pictures(tmp_path: Path) -> None:
    photos = photo_set(write_patches(tmp_path / "data", 4))
    network = small_network()
    before = [parameter.requires_grad for parameter in network.parameters()]
    written = draw_training_figures(
        tmp_path / "figures", network, photos, small_recipe(), HISTORY, taken="finetune"
    )
    assert sorted((tmp_path / "figures").iterdir()) == sorted(written)
    assert len(written) == 4
    for path in written:
        pixels = read(path)
        assert min(pixels.shape[:2]) > 300
        assert pixels.std() > 10
    assert [parameter.requires_grad for parameter in network.parameters()] == before


def test_variations_depend_on_the_recipe(tmp_path: Path) -> None:
    photos = photo_set(write_patches(tmp_path / "data", 4))
    pictures = []
    for name, turn in (("turned", 180.0), ("again", 180.0), ("straight", 0.0)):
        draw_augmentation(tmp_path / f"{name}.png", photos, small_recipe(augment__rotation_deg=turn))
        pictures.append(read(tmp_path / f"{name}.png"))
    assert np.array_equal(pictures[0], pictures[1])
    assert not np.array_equal(pictures[0], pictures[2])


@pytest.mark.parametrize("history", [HISTORY, HISTORY[:1], HISTORY[:2], HISTORY[2:]])
def test_curves_can_be_drawn_of_any_history(tmp_path: Path, history: list[EpochRow]) -> None:
    draw_learning_curves(tmp_path / "curves.png", history)
    assert read(tmp_path / "curves.png").std() > 10


def test_a_loss_that_is_no_number_can_be_drawn(tmp_path: Path) -> None:
    draw_learning_curves(tmp_path / "curves.png", [*HISTORY, row("finetune", 1, float("nan"))])
    with Image.open(tmp_path / "curves.png") as drawn:
        assert min(drawn.size) > 100


def test_one_class_alone_can_be_drawn(tmp_path: Path) -> None:
    paths = [path for path in write_patches(tmp_path / "data", 3) if path.parent.name == "Positive"]
    written = draw_training_figures(
        tmp_path / "figures", small_network(), photo_set(paths), small_recipe(), HISTORY
    )
    assert all(path.is_file() for path in written)
