"""What a recipe is worth: the validation loss it reaches, given up early where others were better by then."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import optuna

from crackscope.errors import RecipeError
from crackscope.training.embedder import Embedder
from crackscope.training.fit import TrainerOptions
from crackscope.training.fitting import Fitting
from crackscope.training.head import LabelledEmbeddings
from crackscope.training.history import EpochRow
from crackscope.training.listener import Listener
from crackscope.training.network import CrackNetwork
from crackscope.training.parts import Parts
from crackscope.training.recipe import Recipe, View
from crackscope.training.run_folder import RunFolder

#: Every so many epochs of the head a trial is compared with the others; each comparison writes to the disk.
_HEAD_REPORT_EPOCHS = 5

_ALL_VIEWS: tuple[View, ...] = get_args(View)


class Trials:
    """Runs trials; embeddings that several of them need are made once.

    Args:
        parts: Photos to train on and to validate with.
        folder: Takes the cache.
        listener: Hears of the embedding.
        views: Search over the embedded views, so embed all of them.
        fine_tune: Run stage 2 too; else the head alone is judged.
    """

    def __init__(
        self, parts: Parts, folder: RunFolder, listener: Listener, *, views: bool, fine_tune: bool
    ) -> None:
        self._parts, self._folder, self._listener = parts, folder, listener
        self._search_views, self._fine_tune = views, fine_tune
        self._embeddings: dict[tuple[str, int], tuple[LabelledEmbeddings, LabelledEmbeddings]] = {}

    def validation_loss(self, recipe: Recipe, trial: optuna.Trial) -> float:
        """The loss of the better stage.

        Raises:
            optuna.TrialPruned: Other trials were better at this point, or the loss became no number.
        """
        fitting = Fitting(recipe, Listener())
        report = _report_to(trial)
        train, validation = self._embed(fitting.network, recipe)
        fitting.fit_head(train, validation, on_epoch=None if self._fine_tune else _sometimes(report))
        if self._fine_tune:
            self._finetune(fitting, report)
        return min(row.validation_loss for row in fitting.best.values())

    def _finetune(self, fitting: Fitting, report: Callable[[EpochRow], None]) -> None:
        parts = self._parts.train.photos, self._parts.validation.photos
        options = TrainerOptions(devices=1, checkpoint_every_s=math.inf)
        with tempfile.TemporaryDirectory(dir=self._folder.root, prefix="trial-") as place:
            try:
                fitting.finetune(*parts, Path(place), options, on_epoch=report)
            except RecipeError as error:
                raise optuna.TrialPruned from error

    def _embed(self, network: CrackNetwork, recipe: Recipe) -> tuple[LabelledEmbeddings, LabelledEmbeddings]:
        views = _ALL_VIEWS if self._search_views else recipe.head.views
        key = recipe.network.backbone, recipe.network.input_px
        if key not in self._embeddings:
            self._listener.step(f"embed every photo once: {key[0]} at {key[1]} px")
            embedder = Embedder(network, recipe, self._folder.cache)
            train = embedder.embed(self._parts.train, views, self._listener)
            validation = embedder.embed(self._parts.validation, ("identity",), self._listener)
            self._embeddings[key] = train, validation
        train, validation = self._embeddings[key]
        chosen = [views.index(view) for view in recipe.head.views]
        seen = LabelledEmbeddings(values=train.values[:, chosen], labels=train.labels, sources=train.sources)
        return seen, validation


def _report_to(trial: optuna.Trial) -> Callable[[EpochRow], None]:
    def report(row: EpochRow) -> None:
        trial.report(row.validation_loss, row.epoch)
        if trial.should_prune():
            raise optuna.TrialPruned

    return report


def _sometimes(report: Callable[[EpochRow], None]) -> Callable[[EpochRow], None]:
    def report_sometimes(row: EpochRow) -> None:
        if (row.epoch + 1) % _HEAD_REPORT_EPOCHS == 0:
            report(row)

    return report_sometimes
