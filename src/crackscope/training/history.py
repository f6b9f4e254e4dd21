"""What each epoch of both stages achieved, and ``history.csv``."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crackscope.storage import atomic_path

Stage = Literal["head", "finetune"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRow:
    """One epoch; losses are means per photo under the recipe's balance, accuracies plain shares.

    Attributes:
        stage: ``head`` for stage 1, ``finetune`` for stage 2.
        epoch: Counted from 0 within the stage.
        learning_rate: Of the dense output when the epoch ended.
    """

    stage: Stage
    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    learning_rate: float


def write_history(path: Path, rows: Sequence[EpochRow]) -> None:
    """Write ``history.csv`` (UTF-8, LF), one line per epoch, whole or not at all."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        names = [field.name for field in dataclasses.fields(EpochRow)]
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(dataclasses.asdict(row) for row in rows)
