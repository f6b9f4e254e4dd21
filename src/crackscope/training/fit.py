"""Stage 2: fine-tune the network on one device or several, and go on exactly where a killed run stood."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from lightning.fabric.loggers.csv_logs import CSVLogger
from lightning.fabric.loggers.tensorboard import TensorBoardLogger
from lightning.fabric.utilities.exceptions import MisconfigurationException

from crackscope.errors import RecipeError, RunInterruptedError, SettingsError
from crackscope.training.batches import PhotoSet, plan_once, split_batches
from crackscope.training.checkpoint import (
    CHECKPOINT_NAME,
    FinetuneState,
    State,
    load_state,
    training_identity,
)
from crackscope.training.history import EpochRow
from crackscope.training.interrupt import DeferredInterrupt
from crackscope.training.loop import FinetuneLoop
from crackscope.training.network import CrackNetwork
from crackscope.training.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerOptions:
    """Where and how stage 2 runs; nothing here changes what it computes on one device.

    Attributes:
        accelerator: Lightning's name: ``auto``, ``cpu``, ``gpu``, ``mps``, ...
        devices: How many, or which such as ``0,1``, or ``auto``.
        nodes: Machines; above 1 start the command on each through ``torchrun`` or SLURM.
        strategy: Lightning's name; ``auto`` is one device or, on several, one process each.
        checkpoint_every_s: At most so much work is lost to ``kill -9``.
    """

    accelerator: str = "auto"
    devices: str | int = "auto"
    nodes: int = 1
    strategy: str = "auto"
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


def _heard_by_nobody(*_: object) -> None:
    pass


def finetune(
    network: CrackNetwork,
    train: PhotoSet,
    validation: PhotoSet,
    recipe: Recipe,
    folder: Path,
    *,
    options: TrainerOptions | None = None,
    on_step: Callable[[int, int], None] = _heard_by_nobody,
    on_epoch: Callable[[EpochRow], None] = _heard_by_nobody,
) -> FinetuneResult:
    """Train the network further; a run that was stopped goes on from ``folder/last.ckpt``.

    Args:
        network: With the weights to start from; it is left as it is.
        train: Photos to learn from.
        validation: Photos that choose the best epoch.
        recipe: All choices.
        folder: Takes the checkpoint and ``logs/`` (TensorBoard and CSV).
        options: Devices and progress.
        on_step: Told of the steps that are done in this epoch, and of its steps in all.
        on_epoch: Told of each epoch when it is saved; what it raises ends the training. Where processes are
            spawned for several devices, both hear nothing until the end.

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
        options = options or TrainerOptions()
        ranks = _run(network, (train, validation), recipe, state, folder, options, on_step, on_epoch)
        # From the file, because with several processes the work was done in others.
        state = load_state(checkpoint, identity)
        if not state.finished(recipe):
            raise RunInterruptedError(_where(state, train, recipe, ranks))
    best = state.best_row(recipe)
    if best is None:
        raise RecipeError(
            "the validation loss became no number: lower finetune.learning_rate "
            "and finetune.head_learning_rate"
        )
    return FinetuneResult(state=state.best, history=tuple(state.history), best=best)


def _where(state: FinetuneState, train: PhotoSet, recipe: Recipe, ranks: int) -> str:
    steps = len(split_batches(plan_once(train), recipe.finetune.batch_size, ranks=ranks))
    return (
        f"stopped in epoch {state.epoch + 1} after step {state.step} of {steps}; it is saved: "
        "run the same command again to go on from there"
    )


def _run(
    network: CrackNetwork,
    parts: tuple[PhotoSet, PhotoSet],
    recipe: Recipe,
    state: FinetuneState,
    folder: Path,
    options: TrainerOptions,
    on_step: Callable[[int, int], None],
    on_epoch: Callable[[EpochRow], None],
) -> int:
    """Train in as many processes as the options say; returns their number."""
    learner = copy.deepcopy(network)
    learner.unfreeze(recipe.finetune.unfreeze)
    if learner.train_norm:
        # Batch norm that learns takes other statistics at once, so a head fitted to the old ones does not
        # fit; on random weights its large weights even blew the logits up to hundreds.
        torch.nn.init.zeros_(learner.head.weight)
        torch.nn.init.zeros_(learner.head.bias)
    fabric = _make_fabric(recipe, folder, options)
    if options.strategy == "auto" and options.nodes == 1 and fabric.strategy.launcher is not None:
        # Several devices: the whole command would be started again for each of them. What hears the training
        # stays here, because it can't be sent to another process.
        fabric = _make_fabric(recipe, folder, replace(options, strategy="ddp_spawn"))
        on_step = on_epoch = _heard_by_nobody
    train = partial(
        _train,
        learner=learner,
        parts=parts,
        recipe=recipe,
        state=state,
        checkpoint=folder / CHECKPOINT_NAME,
        checkpoint_every_s=options.checkpoint_every_s,
        on_step=on_step,
        on_epoch=on_epoch,
    )
    # Here too, so that Ctrl-C leaves this process waiting for those it spawned.
    with DeferredInterrupt():
        fabric.launch(train)
    return int(fabric.world_size)


def _train(
    fabric: Fabric,
    *,
    learner: CrackNetwork,
    parts: tuple[PhotoSet, PhotoSet],
    recipe: Recipe,
    **settings: Any,
) -> None:
    """What each process does; the settings are those of the loop."""
    with DeferredInterrupt() as interrupt:
        loop = FinetuneLoop(
            fabric,
            learner,
            *parts,
            recipe,
            stop_asked=interrupt.asked,
            **settings,
        )
        try:
            loop.run()
        finally:
            for logger in fabric.loggers:
                logger.finalize("success")


def _make_fabric(recipe: Recipe, folder: Path, options: TrainerOptions) -> Fabric:
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    precision: Any = recipe.finetune.precision
    try:
        return Fabric(
            accelerator=options.accelerator,
            devices=options.devices,
            num_nodes=options.nodes,
            strategy=options.strategy,
            precision=precision,
            loggers=[
                CSVLogger(folder / "logs", "csv", flush_logs_every_n_steps=1),
                TensorBoardLogger(folder / "logs", "tensorboard"),
            ],
        )
    except (MisconfigurationException, ValueError, TypeError, RuntimeError) as error:
        raise SettingsError(f"stage 2 can't run as asked: {error}") from error
