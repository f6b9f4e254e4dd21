"""Where a fine-tuning stands: everything it needs to go on, as one file that is whole or not there."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from crackscope.errors import ResumeError
from crackscope.storage import atomic_path
from crackscope.training.batches import PhotoSet
from crackscope.training.history import EpochRow, Tally
from crackscope.training.recipe import Recipe

CHECKPOINT_NAME = "last.ckpt"

State = dict[str, Tensor]


@dataclass(slots=True, kw_only=True)
class FinetuneState:
    """The position in the training, what was achieved, and the tensors to go on with.

    There is no random state to keep: every random number is a function of seed, epoch and step.

    Attributes:
        identity: Of recipe and photos; another identity is another training.
        epoch: Epochs that are done, validated and in ``history``.
        step: Steps of the current epoch that are done.
        tally: Training loss and accuracy of the current epoch so far.
        best: Weights of the best epoch (see `best_row`), empty before the first.
        network: Weights, ``None`` before the first step.
        ema: Averaged weights, ``None`` where the recipe has none.
        optimizer: PyTorch's state of the optimizer.
    """

    identity: str
    epoch: int = 0
    step: int = 0
    tally: Tally = field(default_factory=Tally)
    history: list[EpochRow] = field(default_factory=list)
    best: State = field(default_factory=dict)
    network: State | None = None
    ema: State | None = None
    optimizer: dict[str, Any] | None = None

    def best_row(self, recipe: Recipe) -> EpochRow | None:
        """The epoch whose weights are kept, never one whose validation loss is not a number.

        It is the first with the lowest validation loss; and the last where the recipe takes stage 2 always,
        because there the validation photos are no judge of what stage 2 is for.
        """
        rows = [row for row in self.history if math.isfinite(row.validation_loss)]
        if recipe.finetune.take == "always":
            return rows[-1] if rows else None
        return min(rows, key=lambda row: row.validation_loss, default=None)

    def finished(self, recipe: Recipe) -> bool:
        """Whether the epochs are done, patience is at its end, or the loss is no number any more."""
        if not self.history:
            return False
        best, last = self.best_row(recipe), self.history[-1]
        if best is None or not math.isfinite(last.validation_loss):
            return True
        return self.epoch >= recipe.finetune.epochs or last.epoch - best.epoch >= recipe.finetune.patience


def training_identity(recipe: Recipe, train: PhotoSet, validation: PhotoSet) -> str:
    """A hash of the recipe and of the photos with their labels."""
    document = dataclasses.asdict(recipe)
    # Threads move no number, and of a path only the name counts: the folder may have been moved.
    del document["run"]["workers"]
    parts = [
        [[path.name for path in part.paths], part.labels.tolist(), part.sources]
        for part in (train, validation)
    ]
    return hashlib.sha256(json.dumps([document, parts], sort_keys=True).encode()).hexdigest()


def save_state(path: Path, state: FinetuneState) -> None:
    """Write the state atomically, so that ``kill -9`` at any moment leaves the old one or the new one."""
    with atomic_path(path) as temporary:
        # Not asdict: it would copy every tensor.
        document = {item.name: getattr(state, item.name) for item in dataclasses.fields(state)}
        document["tally"] = dataclasses.asdict(state.tally)
        document["history"] = [dataclasses.asdict(row) for row in state.history]
        torch.save(document, temporary)


def load_state(path: Path, identity: str) -> FinetuneState:
    """Read where the training stands; a fresh state where there is no file.

    Raises:
        ResumeError: The file can't be read, or belongs to another training.
    """
    if not path.exists():
        return FinetuneState(identity=identity)
    try:
        document = torch.load(path, map_location="cpu", weights_only=True)
        document["tally"] = Tally(**document["tally"])
        document["history"] = [EpochRow(**row) for row in document["history"]]
        state = FinetuneState(**document)
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise ResumeError(
            f"cannot go on from {path}: {error}; delete the file to start stage 2 again"
        ) from error
    if state.identity != identity:
        raise ResumeError(
            f"{path} belongs to a training with another recipe or other photos; "
            "go on with those, or choose another output folder"
        )
    return state
