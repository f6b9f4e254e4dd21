"""Which epoch of a fine-tuning is kept."""

from __future__ import annotations

from crackscope.training.checkpoint import FinetuneState
from crackscope.training.history import EpochRow
from tests.helpers.small_finetune import small_recipe


def row_of(epoch: int, validation_loss: float) -> EpochRow:
    return EpochRow(
        stage="finetune",
        epoch=epoch,
        train_loss=0.5,
        train_accuracy=0.9,
        validation_loss=validation_loss,
        validation_accuracy=0.9,
        learning_rate=0.001,
    )


def test_the_last_epoch_is_kept_where_stage_2_is_always_taken() -> None:
    rows = [row_of(epoch, loss) for epoch, loss in enumerate((0.2, 0.1, 0.3))]
    state = FinetuneState(identity="", epoch=3, history=rows)
    better, always = (
        small_recipe(finetune__take=take, finetune__epochs=9, finetune__patience=1)
        for take in ("if better", "always")
    )
    assert state.best_row(better) is rows[1]
    assert state.best_row(always) is rows[2]
    # Patience counts from the kept epoch, so it never ends such a training.
    assert state.finished(better)
    assert not state.finished(always)


def test_an_epoch_whose_loss_is_no_number_is_never_kept() -> None:
    state = FinetuneState(identity="", epoch=2, history=[row_of(0, 0.2), row_of(1, float("nan"))])
    for take in ("if better", "always"):
        assert state.best_row(small_recipe(finetune__take=take)) is state.history[0]
