"""Stage 2: fine-tune the network under Lightning, and go on exactly where a killed run stood."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException

from crackscope.errors import RecipeError, SettingsError
from crackscope.training.batches import PhotoSet
from crackscope.training.checkpoint import (
    CHECKPOINT_NAME,
    FinetuneState,
    State,
    load_state,
    training_identity,
)
from crackscope.training.history import EpochRow
from crackscope.training.interrupt import DeferredInterrupt
from crackscope.training.lightning_module import LOG_EVERY_STEPS, FinetuneModule
from crackscope.training.network import CrackNetwork
from crackscope.training.recipe import Recipe

#: Longer gradients are shortened to this norm, so that one odd batch can't undo what was learned.
_CLIP_NORM = 1.0

#: Frozen batch norm is meant to be in eval mode, and short epochs are all right.
_EXPECTED_WARNINGS = (
    ".*in eval mode at the start of training.*",
    ".*smaller than the logging interval.*",
    ".*treespec, LeafSpec.*",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerOptions:
    """Where and how stage 2 runs; nothing here changes what it computes on one device.

    Attributes:
        accelerator: Lightning's name: ``auto``, ``cpu``, ``gpu``, ``mps``, ...
        devices: How many, or which such as ``0,1``, or ``auto``.
        nodes: Machines; above 1 start the command on each through ``torchrun`` or SLURM.
        strategy: Lightning's name; ``auto`` is one device or, on several, one process each.
        show_progress: Draw progress bars with the time left.
        checkpoint_every_s: At most so much work is lost to ``kill -9``.
    """

    accelerator: str = "auto"
    devices: str | int = "auto"
    nodes: int = 1
    strategy: str = "auto"
    show_progress: bool = False
    checkpoint_every_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FinetuneResult:
    """What stage 2 achieved.

    Attributes:
        state: Weights of the best epoch, as `CrackNetwork` takes them.
        history: One row per epoch.
        best: Its row: the lowest validation loss, or the last epoch where stage 2 is always taken.
    """

    state: State
    history: tuple[EpochRow, ...]
    best: EpochRow


def finetune(
    network: CrackNetwork,
    train: PhotoSet,
    validation: PhotoSet,
    recipe: Recipe,
    folder: Path,
    *,
    options: TrainerOptions | None = None,
    on_epoch: Callable[[EpochRow], None] | None = None,
) -> FinetuneResult:
    """Train the network further; a run that was stopped goes on from ``folder/last.ckpt``.

    Args:
        network: With the weights to start from; it is left as it is.
        train: Photos to learn from.
        validation: Photos that choose the best epoch.
        recipe: All choices.
        folder: Takes the checkpoint and ``logs/`` (TensorBoard and CSV).
        options: Devices and progress.
        on_epoch: Told of each epoch when it is saved; what it raises ends the training.

    Raises:
        RunInterruptedError: Ctrl-C or SIGTERM; the state is saved.
        ResumeError: The checkpoint in the folder is damaged or belongs to another training.
        RecipeError: The loss became no number.
        SettingsError: Lightning refuses accelerator, devices, strategy or precision.
        DataError: A photo can't be read any more.
    """
    checkpoint = folder / CHECKPOINT_NAME
    identity = training_identity(recipe, train, validation)
    state = load_state(checkpoint, identity)
    if not state.finished(recipe):
        _run(network, (train, validation), recipe, state, folder, options or TrainerOptions(), on_epoch)
        # From the file, because with several processes the work was done in others.
        state = load_state(checkpoint, identity)
    best = state.best_row(recipe)
    if best is None:
        raise RecipeError(
            "the validation loss became no number: lower finetune.learning_rate "
            "and finetune.head_learning_rate"
        )
    return FinetuneResult(state=state.best, history=tuple(state.history), best=best)


def _run(
    network: CrackNetwork,
    parts: tuple[PhotoSet, PhotoSet],
    recipe: Recipe,
    state: FinetuneState,
    folder: Path,
    options: TrainerOptions,
    on_epoch: Callable[[EpochRow], None] | None,
) -> None:
    learner = copy.deepcopy(network)
    learner.unfreeze(recipe.finetune.unfreeze)
    if learner.train_norm:
        # Batch norm that learns takes other statistics at once, so a head fitted to the old ones does not
        # fit; on random weights its large weights even blew the logits up to hundreds.
        torch.nn.init.zeros_(learner.head.weight)
        torch.nn.init.zeros_(learner.head.bias)
    interrupt = DeferredInterrupt()
    module = FinetuneModule(
        learner,
        *parts,
        recipe,
        state=state,
        checkpoint=folder / CHECKPOINT_NAME,
        checkpoint_every_s=options.checkpoint_every_s,
        stop_asked=interrupt.asked,
        on_epoch=on_epoch,
    )
    trainer = _make_trainer(recipe, folder, options)
    if options.strategy == "auto" and options.nodes == 1 and trainer.strategy.launcher is not None:
        # Several devices: Lightning would start the whole command again for each of them.
        trainer = _make_trainer(recipe, folder, replace(options, strategy="ddp_spawn"))
    # Lightning counts epochs from here; the module knows the step.
    progress: Any = trainer.fit_loop.epoch_progress.current
    progress.ready = progress.started = progress.processed = progress.completed = state.epoch
    with interrupt, warnings.catch_warnings():
        for message in _EXPECTED_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        try:
            trainer.fit(module)
        except SIGTERMException:  # Lightning saw the signal first, between two steps
            module.interrupt()


def _make_trainer(recipe: Recipe, folder: Path, options: TrainerOptions) -> Trainer:
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    precision: Any = recipe.finetune.precision
    try:
        return Trainer(
            accelerator=options.accelerator,
            devices=options.devices,
            num_nodes=options.nodes,
            strategy=options.strategy,
            precision=precision,
            max_epochs=recipe.finetune.epochs,
            gradient_clip_val=_CLIP_NORM,
            callbacks=[_ProgressBar(leave=True, console_kwargs={"stderr": True})]
            if options.show_progress
            else None,
            logger=[
                CSVLogger(folder / "logs", "csv", flush_logs_every_n_steps=1),
                TensorBoardLogger(folder / "logs", "tensorboard"),
            ],
            log_every_n_steps=LOG_EVERY_STEPS,
            reload_dataloaders_every_n_epochs=1,
            use_distributed_sampler=False,
            num_sanity_val_steps=0,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=options.show_progress,
        )
    except (MisconfigurationException, ValueError, RuntimeError) as error:
        raise SettingsError(f"stage 2 can't run as asked: {error}") from error


class _ProgressBar(RichProgressBar):
    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Any]:
        metrics = super().get_metrics(trainer, pl_module)
        # The number of the log folder helps nobody.
        metrics.pop("v_num", None)
        return metrics
