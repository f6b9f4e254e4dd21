"""Fit one recipe on one fold and say what it makes of the fold's test photos."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from crackscope.dataset.records import Part as PartName
from crackscope.evaluation.calibration import apply_calibration
from crackscope.evaluation.metrics import predicted_positive
from crackscope.evaluation.review import in_review
from crackscope.labels import ReviewReason
from crackscope.records import SCORE_DECIMALS
from crackscope.training.crossval.folds import Fold
from crackscope.training.crossval.pool import Pool
from crackscope.training.decision import Decision, fit_decision
from crackscope.training.embedder import Embedder, first_view
from crackscope.training.familiarity import fit_familiarity
from crackscope.training.fit import TrainerOptions, finetune
from crackscope.training.head import HeadFit, LabelledEmbeddings, fit_head
from crackscope.training.history import Stage
from crackscope.training.listener import Listener
from crackscope.training.network import CrackNetwork
from crackscope.training.painted_evidence import judge_painted
from crackscope.training.recipe import Recipe
from crackscope.training.stages import takes_stage_2
from crackscope.training.weights import start_network

#: Training photos that the Gaussian of known concrete is fitted on, as in a training run.
_FAMILIAR_PHOTOS = 4_000


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
class _Embedded:
    """Embeddings (N, D) and trunk features (N, T) of a fold's photos, by the network it goes on with."""

    familiar_trunk: NDArray[np.float32]
    calibration: NDArray[np.float32]
    calibration_trunk: NDArray[np.float32]
    test: NDArray[np.float32]
    test_trunk: NDArray[np.float32]


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
        network, _ = start_network(recipe)
        listener.step("embed every photo once with the frozen base")
        embedder = Embedder(network, recipe, cache)
        everything = pool.part(PartName.TEST, np.arange(len(pool)))
        self._frozen = embedder.embed(everything, recipe.head.views, listener).values
        self._frozen_trunk = embedder.trunk(everything, recipe.head.views, listener)

    def fit(self, fold: Fold, work: Path) -> FoldScores:
        """Train on the fold's training side and score its test photos.

        Args:
            fold: What to learn from and be tested on.
            work: Takes the fine-tuning and is deleted in the end.

        Raises:
            RunInterruptedError: Ctrl-C in the fine-tuning; its state is saved, and the next call goes on.
        """
        recipe = replace(self._recipe, run=replace(self._recipe.run, seed=fold.seed))
        network, _ = start_network(recipe)
        head = fit_head(self._labelled(fold.train), self._labelled(fold.validation, views=1), recipe)
        head.install(network)
        stage: Stage = "head"
        if recipe.finetune.enabled and self._finetuned(network, head, fold, recipe, work):
            stage = "finetune"
            embedded = self._embed_again(network, fold, recipe, work)
        else:
            embedded = self._from_cache(fold)
        shutil.rmtree(work, ignore_errors=True)
        return self._decide(network, embedded, fold, recipe, stage)

    def _finetuned(
        self, network: CrackNetwork, head: HeadFit, fold: Fold, recipe: Recipe, work: Path
    ) -> bool:
        """Fine-tune; the network gets the weights where `crackscope train` would take them too."""
        result = finetune(
            network,
            self._pool.part(PartName.TRAIN, fold.train).photos,
            self._pool.part(PartName.VALIDATION, fold.validation).photos,
            recipe,
            work,
            options=self._options,
            on_epoch=lambda row: self._listener.note(
                f"epoch {row.epoch + 1}: validation loss {row.validation_loss:.4f}"
            ),
        )
        before = head.history[head.best_epoch].validation_loss
        taken = takes_stage_2(recipe, before, result.best.validation_loss)
        if taken:
            network.load_state_dict(result.state)
            network.eval()
        return taken

    def _from_cache(self, fold: Fold) -> _Embedded:
        first, trunk = self._frozen[:, 0], self._frozen_trunk
        return _Embedded(
            familiar_trunk=trunk[_evenly(fold.train)],
            calibration=first[fold.calibration],
            calibration_trunk=trunk[fold.calibration],
            test=first[fold.test],
            test_trunk=trunk[fold.test],
        )

    def _embed_again(self, network: CrackNetwork, fold: Fold, recipe: Recipe, work: Path) -> _Embedded:
        embedder = Embedder(network, recipe, work / "cache")

        def trunk(rows: NDArray[np.int64]) -> NDArray[np.float32]:
            return embedder.trunk(self._pool.part(PartName.TEST, rows), ("identity",), self._listener)

        def embedding(rows: NDArray[np.int64]) -> NDArray[np.float32]:
            part = self._pool.part(PartName.TEST, rows)
            return first_view(embedder.embed(part, ("identity",), self._listener))

        return _Embedded(
            familiar_trunk=trunk(_evenly(fold.train)),
            calibration=embedding(fold.calibration),
            calibration_trunk=trunk(fold.calibration),
            test=embedding(fold.test),
            test_trunk=trunk(fold.test),
        )

    def _decide(
        self, network: CrackNetwork, embedded: _Embedded, fold: Fold, recipe: Recipe, stage: Stage
    ) -> FoldScores:
        familiarity = fit_familiarity(embedded.familiar_trunk)
        part = self._pool.part(PartName.CALIBRATION, fold.calibration)
        decision = fit_decision(
            _logits(network, embedded.calibration),
            familiarity.distances(embedded.calibration_trunk),
            part,
            recipe,
            Listener(),
            judge_painted(network, part, recipe),
        )
        scores = apply_calibration(_logits(network, embedded.test), decision.calibration)
        scores = np.round(scores, SCORE_DECIMALS)
        return FoldScores(
            scores=scores,
            positive=predicted_positive(scores, decision.threshold.value),
            reasons=_reasons(scores, familiarity.distances(embedded.test_trunk), decision),
            facts=_facts(fold, decision, stage),
        )

    def _labelled(self, rows: NDArray[np.int64], views: int | None = None) -> LabelledEmbeddings:
        return LabelledEmbeddings(
            values=self._frozen[rows, :views],
            labels=self._pool.photos.labels[rows],
            sources=tuple(self._pool.photos.sources[row] for row in rows.tolist()),
        )


def _evenly(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows[:: max(1, len(rows) // _FAMILIAR_PHOTOS)]


def _logits(network: CrackNetwork, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    with torch.inference_mode():
        found: NDArray[np.float32] = network.head(torch.from_numpy(embeddings))[:, 0].numpy()
    return found


def _reasons(
    scores: NDArray[np.float64], distances: NDArray[np.float32], decision: Decision
) -> NDArray[np.str_]:
    uncertain = np.where(in_review(scores, decision.review), str(ReviewReason.UNCERTAIN), "")
    unfamiliar = distances > decision.familiarity.limit
    return np.where(unfamiliar, str(ReviewReason.UNFAMILIAR), uncertain).astype(np.str_)


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
