from __future__ import annotations

from pathlib import Path

from crackscope.training.history import EpochRow, write_history


def test_history_is_one_line_per_epoch_under_a_header(tmp_path: Path) -> None:
    row = EpochRow(
        stage="head", epoch=0, train_loss=0.5, train_accuracy=0.75,
        validation_loss=0.4, validation_accuracy=0.8, learning_rate=0.003,
    )  # fmt: skip
    write_history(tmp_path / "history.csv", [row])
    assert (tmp_path / "history.csv").read_bytes() == (
        b"stage,epoch,train_loss,train_accuracy,validation_loss,validation_accuracy,learning_rate\n"
        b"head,0,0.5,0.75,0.4,0.8,0.003\n"
    )
