"""What each epoch of both stages achieved, counted batch by batch and written to ``history.csv``."""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

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


@dataclass(slots=True, kw_only=True)
class Tally:
    """Sums over the photos of an epoch so far; ``loss`` is weighted, ``weight`` is what to divide it by."""

    loss: float = 0.0
    correct: float = 0.0
    weight: float = 0.0
    photos: float = 0.0

    @property
    def mean_loss(self) -> float:
        """The weighted mean loss."""
        return self.loss / self.weight

    @property
    def accuracy(self) -> float:
        """The share of photos on the right side of logit 0."""
        return self.correct / self.photos

    def count(self, logits: Tensor, labels: Tensor, weights: Tensor) -> None:
        """Add a batch: (N,) logits, labels 0 or 1, and weights."""
        losses = binary_cross_entropy_with_logits(logits.float(), labels, reduction="none")
        self.loss += float((losses * weights).sum())
        self.correct += float(((logits >= 0) == (labels > 0.5)).sum())
        self.weight += float(weights.sum())
        self.photos += len(labels)

    def reduced(self, reduce: Callable[[Tensor], Tensor]) -> Tally:
        """The tally that ``reduce`` makes of the four sums, such as their total over all processes."""
        loss, correct, weight, photos = reduce(torch.tensor(astuple(self), dtype=torch.float64)).tolist()
        return Tally(loss=loss, correct=correct, weight=weight, photos=photos)
