"""The two stages of a training run, and what the network that is taken makes of the photos."""

from __future__ import annotations

from crackscope.training.embedder import Embedder
from crackscope.training.fit import TrainerOptions
from crackscope.training.fitting import Fitting
from crackscope.training.history import write_history
from crackscope.training.listener import Listener
from crackscope.training.parts import Parts
from crackscope.training.recipe import Recipe
from crackscope.training.run_folder import RunFolder
from crackscope.training.trained import Trained, familiar_photos


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
    fitting, embedder = fit_stage_1(parts, recipe, folder, listener)
    familiar, views = parts.train, recipe.head.views
    write_history(folder.history, fitting.history)
    if recipe.finetune.enabled:
        listener.step("stage 2: fine-tune")
        fine_tune(fitting, parts, folder, options)
        write_history(folder.history, fitting.history)
    if fitting.stage == "finetune":
        listener.step("stage 2: embed what the decision is fitted on")
        embedder = Embedder(fitting.network, recipe, folder.cache)
        familiar, views = familiar_photos(parts.train, fitting.stage), ("identity",)
    return Trained(
        network=fitting.network,
        embedder=embedder,
        origin=fitting.origin,
        familiar=embedder.trunk(familiar, views, listener),
        history=fitting.history,
        stage=fitting.stage,
        report=fitting.report,
    )


def fit_stage_1(
    parts: Parts, recipe: Recipe, folder: RunFolder, listener: Listener
) -> tuple[Fitting, Embedder]:
    """Embed training and validation photos once, and fit the head on that."""
    fitting = Fitting(recipe, listener)
    listener.note(f"starting weights: {fitting.origin}")
    listener.step("stage 1: embed every photo once")
    embedder = Embedder(fitting.network, recipe, folder.cache)
    train = embedder.embed(parts.train, recipe.head.views, listener)
    validation = embedder.embed(parts.validation, ("identity",), listener)
    listener.step("stage 1: fit the head")
    fitting.fit_head(train, validation)
    return fitting, embedder


def fine_tune(fitting: Fitting, parts: Parts, folder: RunFolder, options: TrainerOptions) -> None:
    """Stage 2 of a run, or its part of it where several processes share the work."""
    fitting.finetune(parts.train.photos, parts.validation.photos, folder.finetune, options)
