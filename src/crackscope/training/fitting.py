"""One fit: starting weights, a head on embeddings, fine-tuning, and which of the two is taken.

Training runs, the folds of a cross-validation, the trials of a search and the other processes of a run over
several devices all go this way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crackscope.training.batches import PhotoSet
from crackscope.training.fit import TrainerOptions, finetune
from crackscope.training.head import LabelledEmbeddings, fit_head
from crackscope.training.history import EpochRow, Stage
from crackscope.training.listener import Listener
from crackscope.training.recipe import Recipe
from crackscope.training.weights import start_network


class Fitting:
    """A network on its way through the stages.

    Args:
        recipe: Every choice.
        listener: Hears of epochs, steps and what came of them.

    Attributes:
        network: With the weights taken so far; in eval mode, on the CPU.
        origin: Of its starting weights.
        history: Every epoch of every stage that ran.
        best: The row of each stage whose weights it offers.
        stage: The one whose weights the network has.
    """

    def __init__(self, recipe: Recipe, listener: Listener) -> None:
        self.network, self.origin = start_network(recipe)
        self.history: tuple[EpochRow, ...] = ()
        self.best: dict[Stage, EpochRow] = {}
        self.stage: Stage = "head"
        self._recipe, self._listener = recipe, listener

    def fit_head(
        self,
        train: LabelledEmbeddings,
        validation: LabelledEmbeddings,
        *,
        on_epoch: Callable[[EpochRow], None] | None = None,
    ) -> None:
        """Stage 1, on embeddings by the network as it starts."""
        epochs, listener = self._recipe.head.epochs, self._listener

        def heard(row: EpochRow) -> None:
            listener.progress(row.epoch + 1, epochs)
            if on_epoch is not None:
                on_epoch(row)

        fit = fit_head(train, validation, self._recipe, on_epoch=heard)
        fit.install(self.network)
        self.history, self.best["head"] = fit.history, fit.history[fit.best_epoch]
        listener.note(f"stage 1: {_describe(self.best['head'])}")

    def finetune(
        self,
        train: PhotoSet,
        validation: PhotoSet,
        folder: Path,
        options: TrainerOptions,
        *,
        on_epoch: Callable[[EpochRow], None] | None = None,
    ) -> None:
        """Stage 2 from stage 1's head; the network gets its weights where the recipe takes them.

        Args:
            train: Photos to learn from.
            validation: Photos that choose the best epoch.
            folder: Takes the checkpoint; a fine-tuning that was stopped there goes on.
            options: Where and how it runs.
            on_epoch: Told of each epoch; what it raises ends the training.

        Raises:
            RunInterruptedError: Ctrl-C; the state is saved.
        """
        result = finetune(
            self.network,
            train,
            validation,
            self._recipe,
            folder,
            options=options,
            on_step=self._listener.progress,
            on_epoch=self._heard if on_epoch is None else on_epoch,
        )
        self.history += result.history
        self.best["finetune"] = result.best
        before, after = self.best["head"].validation_loss, result.best.validation_loss
        self._listener.note(f"stage 2: {_describe(result.best)}")
        self._listener.note(_verdict(before, after, take=self._recipe.finetune.take))
        if takes_stage_2(self._recipe, before, after):
            self.network.load_state_dict(result.state)
            self.network.eval()
            self.stage = "finetune"

    @property
    def report(self) -> dict[str, Any]:
        """What each stage achieved on the validation part, and which was taken."""
        return {"taken": self.stage} | {stage: asdict(row) for stage, row in self.best.items()}

    def _heard(self, row: EpochRow) -> None:
        self._listener.note(f"epoch {row.epoch + 1}: validation loss {row.validation_loss:.4f}")


def takes_stage_2(recipe: Recipe, before: float, after: float) -> bool:
    """Whether the fine-tuned network is used, by the validation losses of stage 1 and of stage 2."""
    return recipe.finetune.take == "always" or after < before


def _describe(row: EpochRow) -> str:
    return (
        f"validation loss {row.validation_loss:.4f}, accuracy {row.validation_accuracy:.4f} "
        f"(best epoch {row.epoch + 1})"
    )


def _verdict(before: float, after: float, *, take: str) -> str:
    if take == "always":
        return (
            f"stage 2 is taken, as the recipe says: validation loss {before:.4f} before, {after:.4f} after it"
        )
    if after < before:
        return f"stage 2 is taken: it lowered the validation loss from {before:.4f} to {after:.4f}"
    return f"stage 2 is not taken: it did not lower the validation loss of {before:.4f} (best: {after:.4f})"
