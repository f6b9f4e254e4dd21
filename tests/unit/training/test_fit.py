from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from crackscope.errors import DataError, RecipeError, ResumeError, RunInterruptedError, SettingsError
from crackscope.training import fit
from crackscope.training.checkpoint import CHECKPOINT_NAME
from crackscope.training.fit import FinetuneResult, TrainerOptions, finetune
from crackscope.training.interrupt import DeferredInterrupt
from tests.helpers.patches import write_patches
from tests.helpers.small_finetune import run_small_finetune, small_network, small_parts, small_recipe

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("patches")
    write_patches(folder, 32)
    return folder


@pytest.fixture(scope="module")
def undisturbed(patches: Path, tmp_path_factory: pytest.TempPathFactory) -> FinetuneResult:
    return run_small_finetune(patches, tmp_path_factory.mktemp("undisturbed"))


def differing(ours: FinetuneResult, theirs: FinetuneResult) -> list[str]:
    return [name for name in ours.state if not torch.equal(ours.state[name], theirs.state[name])]


def test_the_same_seed_gives_the_same_weights_whatever_the_number_of_threads(
    patches: Path, undisturbed: FinetuneResult, tmp_path: Path
) -> None:
    again = run_small_finetune(patches, tmp_path, small_recipe(run__workers=1), checkpoint_every_s=1e9)
    assert again.history == undisturbed.history
    assert differing(again, undisturbed) == []


def test_another_seed_gives_other_weights(patches: Path, undisturbed: FinetuneResult, tmp_path: Path) -> None:
    other = run_small_finetune(patches, tmp_path, small_recipe(run__seed=1))
    assert differing(other, undisturbed) != []


@pytest.mark.slow
def test_stopped_after_every_single_step_it_ends_with_the_same_weights(
    patches: Path, undisturbed: FinetuneResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeferredInterrupt, "asked", lambda self: True)
    stops = 0
    while True:
        try:
            result = run_small_finetune(patches, tmp_path)
            break
        except RunInterruptedError:
            stops += 1
    # 18 steps; nothing is left to stop after the last one.
    assert stops == 17
    assert result.history == undisturbed.history
    assert differing(result, undisturbed) == []


def test_the_network_given_is_left_as_it_was(patches: Path, tmp_path: Path) -> None:
    network = small_network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    finetune(network, *small_parts(patches), small_recipe(finetune__epochs=1), tmp_path)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_it_learns_what_can_be_learned(patches: Path, tmp_path: Path) -> None:
    recipe = small_recipe(
        finetune__epochs=24, finetune__learning_rate=0.01, finetune__head_learning_rate=0.01,
        finetune__patience=24, augment__synthetic_cracks=0.0, augment__distractors=0.0,
        augment__zoom_max=1.0, augment__blur=0.0, augment__noise=0.0,
    )  # fmt: skip
    result = run_small_finetune(patches, tmp_path, recipe, checkpoint_every_s=1e9)
    assert result.best.validation_accuracy >= 0.9
    assert result.best.validation_loss < result.history[0].validation_loss


def test_it_returns_the_weights_of_the_epoch_with_the_lowest_validation_loss(
    undisturbed: FinetuneResult,
) -> None:
    assert undisturbed.best == min(undisturbed.history, key=lambda row: row.validation_loss)


def test_a_finished_training_is_not_run_again(
    patches: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = small_recipe(finetune__epochs=1)
    first = run_small_finetune(patches, tmp_path, recipe)
    monkeypatch.setattr(fit, "_run", lambda *_: pytest.fail("trained again"))
    assert run_small_finetune(patches, tmp_path, recipe).history == first.history


def test_patience_ends_the_training_early(patches: Path, tmp_path: Path) -> None:
    # So slow that nothing but rounding changes, without smoothing by an average.
    recipe = small_recipe(
        finetune__epochs=20, finetune__patience=2, finetune__learning_rate=1e-30,
        finetune__head_learning_rate=1e-30, finetune__ema=0.0, finetune__batch_norm="frozen",
    )  # fmt: skip
    network = small_network()
    network.train_norm = False
    options = TrainerOptions(accelerator="cpu", devices=1)
    result = finetune(network, *small_parts(patches), recipe, tmp_path, options=options)
    assert [row.epoch for row in result.history] == [0, 1, 2]
    assert result.best.epoch == 0


def test_frozen_batch_norm_keeps_its_statistics_and_the_rest_learns(patches: Path, tmp_path: Path) -> None:
    network = small_network()
    network.train_norm = False
    before = {name: value.clone() for name, value in network.state_dict().items()}
    after = finetune(network, *small_parts(patches), small_recipe(finetune__epochs=1), tmp_path).state
    statistics = [name for name in before if "running_" in name]
    assert statistics
    assert all(torch.equal(after[name], before[name]) for name in statistics)
    assert not torch.equal(after["backbone.conv_stem.weight"], before["backbone.conv_stem.weight"])


def test_a_folder_of_another_recipe_is_refused(patches: Path, tmp_path: Path) -> None:
    run_small_finetune(patches, tmp_path, small_recipe(finetune__epochs=1))
    with pytest.raises(ResumeError, match="another recipe or other photos"):
        run_small_finetune(patches, tmp_path, small_recipe(finetune__epochs=1, augment__noise=0.5))


def test_a_damaged_checkpoint_is_refused(patches: Path, tmp_path: Path) -> None:
    (tmp_path / CHECKPOINT_NAME).write_bytes(b"PK nonsense")
    with pytest.raises(ResumeError, match="delete the file to start stage 2 again"):
        run_small_finetune(patches, tmp_path)


def test_a_loss_that_is_no_number_ends_with_advice(patches: Path, tmp_path: Path) -> None:
    network = small_network()
    for parameter in network.backbone.parameters():
        torch.nn.init.constant_(parameter, float("nan"))
    with pytest.raises(RecipeError, match=r"lower finetune\.learning_rate"):
        finetune(network, *small_parts(patches), small_recipe(), tmp_path)


def test_a_photo_that_vanished_ends_the_run_with_its_name(patches: Path, tmp_path: Path) -> None:
    train, validation = small_parts(patches)
    gone = (tmp_path / "gone.png", *train.paths[1:])
    with pytest.raises(DataError, match=r"gone\.png.*put it back"):
        finetune(
            small_network(), dataclasses.replace(train, paths=gone), validation, small_recipe(), tmp_path
        )


@pytest.mark.parametrize(
    ("options", "recipe"),
    [
        (TrainerOptions(accelerator="abacus"), {}),
        (TrainerOptions(strategy="none such"), {}),
        (TrainerOptions(accelerator="cpu", devices=0), {}),
        (TrainerOptions(), {"finetune__precision": "7-mixed"}),
    ],
)
def test_settings_that_lightning_refuses_are_our_error(
    patches: Path, tmp_path: Path, options: TrainerOptions, recipe: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match="stage 2 can't run as asked"):
        finetune(small_network(), *small_parts(patches), small_recipe(**recipe), tmp_path, options=options)
