"""The stages of one fit, and the loop that fine-tunes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from crackscope.training.fit import TrainerOptions
from crackscope.training.fitting import Fitting, takes_stage_2
from crackscope.training.head import LabelledEmbeddings
from crackscope.training.history import EpochRow
from crackscope.training.listener import Listener
from crackscope.training.loss import rate_factor
from tests.helpers.patches import write_patches
from tests.helpers.small_finetune import small_parts, small_recipe


class Notes(Listener):
    def __init__(self) -> None:
        self.said: list[str] = []
        self.steps: list[tuple[int, int | None]] = []

    def note(self, text: str) -> None:
        self.said.append(text)

    def progress(self, done: int, total: int | None) -> None:
        self.steps.append((done, total))


def _embedded(size: int, seed: int) -> LabelledEmbeddings:
    rng = np.random.default_rng(seed)
    labels = np.arange(40) % 2
    values = rng.normal(0, 1, (40, 1, size)) + labels[:, None, None]
    return LabelledEmbeddings(
        values=values.astype(np.float32), labels=labels, sources=("synthetic",) * len(labels)
    )


def _with_head(listener: Listener, **changes: object) -> Fitting:
    fitting = Fitting(small_recipe(head__epochs=5, **changes), listener)
    size = fitting.network.embedding_size
    fitting.fit_head(_embedded(size, 0), _embedded(size, 1))
    return fitting


def test_a_head_is_installed_reported_and_its_epochs_are_heard() -> None:
    notes = Notes()
    fitting = _with_head(notes)
    assert fitting.stage == "head"
    assert float(fitting.network.head.weight.abs().max()) > 0
    assert [row.stage for row in fitting.history] == ["head"] * len(fitting.history)
    assert fitting.report["taken"] == "head"
    assert fitting.report["head"]["validation_loss"] == min(row.validation_loss for row in fitting.history)
    assert notes.steps[0] == (1, 5)
    assert notes.said[0].startswith("stage 1: validation loss")


@pytest.mark.parametrize(("take", "stage"), [("if better", "head"), ("always", "finetune")])
def test_stage_2_leaves_the_network_alone_where_it_is_not_taken(
    tmp_path: Path, take: str, stage: str
) -> None:
    write_patches(tmp_path / "patches", 32)
    notes = Notes()
    fitting = _with_head(notes, finetune__epochs=1, finetune__take=take, finetune__batch_norm="frozen")
    # No fine-tuning lowers this.
    fitting.best["head"] = _row(0.0)
    before = {name: value.clone() for name, value in fitting.network.state_dict().items()}
    heard: list[EpochRow] = []
    options = TrainerOptions(accelerator="cpu", devices=1)
    fitting.finetune(*small_parts(tmp_path / "patches"), tmp_path, options, on_epoch=heard.append)
    after = fitting.network.state_dict()
    changed = any(not torch.equal(after[name], before[name]) for name in before)
    assert (fitting.stage, changed) == (stage, stage == "finetune")
    assert [row.epoch for row in heard] == [0]
    assert notes.steps[-6:] == [(done, 6) for done in range(1, 7)]
    assert not fitting.network.training


def _row(loss: float) -> EpochRow:
    return EpochRow(
        stage="head",
        epoch=0,
        train_loss=loss,
        train_accuracy=1.0,
        validation_loss=loss,
        validation_accuracy=1.0,
        learning_rate=0.1,
    )


def test_a_stage_that_changes_nothing_is_not_taken() -> None:
    assert not takes_stage_2(small_recipe(), 0.5, 0.5)
    assert takes_stage_2(small_recipe(), 0.5, 0.4)
    assert takes_stage_2(small_recipe(finetune__take="always"), 0.4, 0.5)


def test_the_rate_is_a_function_of_the_step_alone() -> None:
    rates = [rate_factor(step, 10, 0.2) for step in range(10)]
    assert max(rates) == rates[2] == 1.0
    assert rates[:2] == [pytest.approx(1 / 3), pytest.approx(2 / 3)]
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert min(rates) > 0
