"""Fit one recipe on one fold and say what it makes of the fold's test photos."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.records import Part
from crackscope.evaluation.calibration import apply_calibration
from crackscope.evaluation.metrics import predicted_positive
from crackscope.inference.review import review_reasons
from crackscope.records import SCORE_DECIMALS
from crackscope.training.crossval.folds import Fold
from crackscope.training.crossval.pool import Pool
from crackscope.training.decision import Decision, Seen, decide, head_logits, sharpness_of
from crackscope.training.embedder import Embedder, first_view
from crackscope.training.fit import TrainerOptions
from crackscope.training.fitting import Fitting
from crackscope.training.head import LabelledEmbeddings
from crackscope.training.history import Stage
from crackscope.training.listener import Listener
from crackscope.training.parts import PartPhotos
from crackscope.training.recipe import Recipe
from crackscope.training.trained import familiar_photos


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldScores:
    """What a fold's model said of its test photos.

    Attributes:
        scores: (N,) calibrated, 0..1.
        positive: (N,) at or above the fold's own threshold.
        reasons: (N,) why a person should look, or empty.
        facts: Threshold, band, calibration, stage and counts, for the record.
    """

    scores: NDArray[np.float64]
    positive: NDArray[np.bool_]
    reasons: NDArray[np.str_]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Test:
    """What a fold's network makes of its test photos: (N, D) embeddings and (N, T) trunk features."""

    embedding: NDArray[np.float32]
    trunk: NDArray[np.float32]
    sharpness: NDArray[np.float64]


class FoldFitter:
    """Fits a recipe on folds of a pool; all photos are embedded with the frozen base once for all folds.

    Args:
        pool: The photos.
        recipe: Without fine-tuning it is a linear probe.
        cache: Takes embeddings; safe to delete.
        options: Where and how a fold is fine-tuned.
        listener: Hears of the embedding.
    """

    def __init__(
        self, pool: Pool, recipe: Recipe, cache: Path, options: TrainerOptions, listener: Listener
    ) -> None:
        self._pool, self._recipe = pool, recipe
        self._options, self._listener = options, listener
        network = Fitting(recipe, listener).network
        listener.step("embed every photo once with the frozen base")
        embedder = Embedder(network, recipe, cache)
        everything = pool.part(Part.TEST, np.arange(len(pool)))
        self._frozen = embedder.embed(everything, recipe.head.views, listener).values
        self._frozen_trunk = embedder.trunk(everything, recipe.head.views, listener)
        self._sharpness = sharpness_of(everything.photos.paths, embedder.input_hw)

    def fit(self, fold: Fold, work: Path) -> FoldScores:
        """Train on the fold's training side and score its test photos.

        Args:
            fold: What to learn from and be tested on.
            work: Takes the fine-tuning and is deleted in the end.

        Raises:
            RunInterruptedError: Ctrl-C in the fine-tuning; its state is saved, and the next call goes on.
        """
        recipe = replace(self._recipe, run=replace(self._recipe.run, seed=fold.seed))
        fitting = Fitting(recipe, self._listener)
        fitting.fit_head(self._labelled(fold.train), self._labelled(fold.validation, views=1))
        train = self._pool.part(Part.TRAIN, fold.train)
        validation = self._pool.part(Part.VALIDATION, fold.validation)
        if recipe.finetune.enabled:
            fitting.finetune(train.photos, validation.photos, work, self._options)
        seen, test = self._from_cache(fold) if fitting.stage == "head" else self._again(fitting, fold, work)
        shutil.rmtree(work, ignore_errors=True)
        return self._judge(fitting, seen, test, fold, recipe)

    def _from_cache(self, fold: Fold) -> tuple[Seen, _Test]:
        first, trunk = self._frozen[:, 0], self._frozen_trunk
        seen = Seen(
            embedding=first[fold.calibration],
            trunk=trunk[fold.calibration],
            sharpness=self._sharpness[fold.calibration],
            familiar=trunk[fold.train],
        )
        return seen, _Test(first[fold.test], trunk[fold.test], self._sharpness[fold.test])

    def _again(self, fitting: Fitting, fold: Fold, work: Path) -> tuple[Seen, _Test]:
        """By the fine-tuned network."""
        embedder = Embedder(fitting.network, self._recipe, work / "cache")
        train, calibration, test = (
            self._pool.part(Part.TEST, rows) for rows in (fold.train, fold.calibration, fold.test)
        )

        def embedding(part: PartPhotos) -> NDArray[np.float32]:
            return first_view(embedder.embed(part, ("identity",), self._listener))

        def trunk(part: PartPhotos) -> NDArray[np.float32]:
            return embedder.trunk(part, ("identity",), self._listener)

        seen = Seen(
            embedding=embedding(calibration),
            trunk=trunk(calibration),
            sharpness=self._sharpness[fold.calibration],
            familiar=trunk(familiar_photos(train, fitting.stage)),
        )
        return seen, _Test(embedding(test), trunk(test), self._sharpness[fold.test])

    def _judge(self, fitting: Fitting, seen: Seen, test: _Test, fold: Fold, recipe: Recipe) -> FoldScores:
        part = self._pool.part(Part.CALIBRATION, fold.calibration)
        decision, familiarity = decide(fitting.network, seen, part, recipe, Listener())
        logits = head_logits(fitting.network, test.embedding)
        scores = np.round(apply_calibration(logits, decision.calibration), SCORE_DECIMALS)
        return FoldScores(
            scores=scores,
            positive=predicted_positive(scores, decision.threshold.value),
            reasons=_reasons(scores, familiarity.distances(test.trunk), test.sharpness, decision),
            facts=_facts(fold, decision, fitting.stage),
        )

    def _labelled(self, rows: NDArray[np.int64], views: int | None = None) -> LabelledEmbeddings:
        return LabelledEmbeddings(
            values=self._frozen[rows, :views],
            labels=self._pool.photos.labels[rows],
            sources=tuple(self._pool.photos.sources[row] for row in rows.tolist()),
        )


def _reasons(
    scores: NDArray[np.float64],
    distances: NDArray[np.float32],
    sharpness: NDArray[np.float64],
    decision: Decision,
) -> NDArray[np.str_]:
    """Why a person should look at each photo, or nothing."""
    reasons = review_reasons(
        decision, sharpness=sharpness, scores=scores, distance=distances.astype(np.float64)
    )
    return np.array([str(reason or "") for reason in reasons], dtype=np.str_)


def _facts(fold: Fold, decision: Decision, stage: Stage) -> dict[str, Any]:
    band = decision.review
    return {
        "fold": fold.name,
        "stage": stage,
        "photos": {name: len(getattr(fold, name)) for name in ("train", "validation", "calibration", "test")},
        "threshold": decision.threshold.value,
        "scale": decision.calibration.scale,
        "bias": decision.calibration.bias,
        "review": None if band is None else [band.low, band.high],
    }
