"""The two stages, and which of them the run goes on with."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.training.embedder import Embedder
from crackscope.training.fit import FinetuneResult, TrainerOptions, finetune
from crackscope.training.head import fit_head
from crackscope.training.history import EpochRow, Stage, write_history
from crackscope.training.listener import Listener
from crackscope.training.network import CrackNetwork
from crackscope.training.parts import Parts
from crackscope.training.recipe import Recipe
from crackscope.training.run_folder import RunFolder
from crackscope.training.weights import WeightsOrigin, start_network

#: Training photos that are embedded again after stage 2; a Gaussian of 16 directions needs no more.
FAMILIAR_PHOTOS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """The network the run goes on with.

    Attributes:
        network: In eval mode, on the CPU.
        embedder: Of that network.
        origin: Of its starting weights.
        familiar: (N, T) `Embedder.trunk` features of training photos, as this network makes them.
        history: Every epoch of every stage that ran.
        stage: The one whose weights these are.
        report: What each stage achieved on the validation part, and which was taken.
        familiar_crops: (M, T) the same of crops of other concrete, which is to be familiar too.
    """

    network: CrackNetwork
    embedder: Embedder
    origin: WeightsOrigin
    familiar: NDArray[np.float32]
    history: tuple[EpochRow, ...]
    stage: Stage
    report: dict[str, Any]
    familiar_crops: NDArray[np.float32] | None = None


def train_stages(
    parts: Parts, recipe: Recipe, folder: RunFolder, options: TrainerOptions, listener: Listener
) -> Trained:
    """Stage 1, then stage 2 if the recipe wants it; the one with the lower validation loss is taken.

    Raises:
        RunInterruptedError: Ctrl-C in stage 2; the same command goes on from there.
    """
    if recipe.places.steps:
        from crackscope.training.places.stage import teach_stage

        return teach_stage(parts, recipe, folder, listener)
    first = fit_stage_1(parts, recipe, folder, listener)
    write_history(folder.history, first.history)
    if not recipe.finetune.enabled:
        return first
    listener.step("stage 2: fine-tune")
    result = fine_tune(first.network, parts, recipe, folder, options)
    return _take_or_leave(first, result, parts, recipe, folder, listener)


def fit_stage_1(parts: Parts, recipe: Recipe, folder: RunFolder, listener: Listener) -> Trained:
    """Embed training and validation photos once, and fit the head on that."""
    network, origin = start_network(recipe)
    listener.note(f"starting weights: {origin}")
    listener.step("stage 1: embed every photo once")
    embedder = Embedder(network, recipe, folder.cache)
    train = embedder.embed(parts.train, recipe.head.views, listener)
    validation = embedder.embed(parts.validation, ("identity",), listener)
    listener.step("stage 1: fit the head")
    fit = fit_head(
        train,
        validation,
        recipe,
        on_epoch=lambda row: listener.progress(row.epoch + 1, recipe.head.epochs),
    )
    fit.install(network)
    best = fit.history[fit.best_epoch]
    listener.note(f"stage 1: {_result(best)}")
    return Trained(
        network=network,
        embedder=embedder,
        origin=origin,
        familiar=embedder.trunk(parts.train, recipe.head.views, listener),
        history=fit.history,
        stage="head",
        report={"taken": "head", "head": asdict(best)},
    )


def fine_tune(
    network: CrackNetwork, parts: Parts, recipe: Recipe, folder: RunFolder, options: TrainerOptions
) -> FinetuneResult:
    """Stage 2 from a network with stage 1's head, or from its own checkpoint."""
    return finetune(
        network, parts.train.photos, parts.validation.photos, recipe, folder.finetune, options=options
    )


def takes_stage_2(recipe: Recipe, before: float, after: float) -> bool:
    """Whether the fine-tuned network is used, by the validation losses of stage 1 and of stage 2."""
    return recipe.finetune.take == "always" or after < before


def _take_or_leave(
    first: Trained,
    result: FinetuneResult,
    parts: Parts,
    recipe: Recipe,
    folder: RunFolder,
    listener: Listener,
) -> Trained:
    history = (*first.history, *result.history)
    write_history(folder.history, history)
    before, after = first.report["head"]["validation_loss"], result.best.validation_loss
    taken = takes_stage_2(recipe, before, after)
    listener.note(f"stage 2: {_result(result.best)}")
    listener.note(_verdict(before, after, always=recipe.finetune.take == "always"))
    stage: Stage = "finetune" if taken else "head"
    report = {**first.report, "finetune": asdict(result.best), "taken": stage}
    if not taken:
        return replace(first, history=history, report=report)
    listener.step("stage 2: embed what the decision is fitted on")
    network = first.network
    network.load_state_dict(result.state)
    embedder = Embedder(network.eval(), recipe, folder.cache)
    familiar = embedder.trunk(parts.train.sample(FAMILIAR_PHOTOS), ("identity",), listener)
    return replace(first, embedder=embedder, familiar=familiar, history=history, stage=stage, report=report)


def _result(row: EpochRow) -> str:
    return (
        f"validation loss {row.validation_loss:.4f}, accuracy {row.validation_accuracy:.4f} "
        f"(best epoch {row.epoch + 1})"
    )


def _verdict(before: float, after: float, *, always: bool) -> str:
    if always:
        return (
            f"stage 2 is taken, as the recipe says: validation loss {before:.4f} before, {after:.4f} after it"
        )
    if after < before:
        return f"stage 2 is taken: it lowered the validation loss from {before:.4f} to {after:.4f}"
    return f"stage 2 is not taken: it did not lower the validation loss of {before:.4f} (best: {after:.4f})"
