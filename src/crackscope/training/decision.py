"""From logits to decisions, fitted on the calibration part and locked before the test part is read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from crackscope.bundle import Calibration, Familiarity, ReviewBand, Threshold
from crackscope.evaluation.calibration import apply_calibration, fit_calibration
from crackscope.evaluation.review import fit_review_band
from crackscope.evaluation.thresholds import choose_threshold
from crackscope.storage import write_json
from crackscope.training.embedder import UNCALIBRATED, first_view
from crackscope.training.familiarity import FamiliarityModel, fit_familiarity, set_limit
from crackscope.training.listener import Listener
from crackscope.training.painted_evidence import PaintedEvidence, judge_painted
from crackscope.training.parts import Part, Parts
from crackscope.training.recipe import Recipe
from crackscope.training.run_folder import RunFolder
from crackscope.training.stages import Trained


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How the model decides; see `bundle.ModelConfig`."""

    calibration: Calibration
    threshold: Threshold
    review: ReviewBand | None
    familiarity: Familiarity


def decide_on_calibration(
    trained: Trained, parts: Parts, recipe: Recipe, folder: RunFolder, listener: Listener
) -> tuple[Decision, FamiliarityModel]:
    """Fit everything on the calibration part and write ``decision.json``."""
    listener.step("calibration, threshold and review band")
    part = parts.calibration
    embeddings = first_view(trained.embedder.embed(part, ("identity",), listener))
    trunk = trained.embedder.trunk(part, ("identity",), listener)
    crops = trained.familiar_crops
    known = trained.familiar if crops is None else np.concatenate([trained.familiar, crops])
    familiarity = fit_familiarity(known)
    with torch.inference_mode():
        logits = trained.network.head(torch.from_numpy(embeddings))[:, 0].numpy()
    painted = judge_painted(trained.network, part, recipe)
    decision = fit_decision(logits, familiarity.distances(trunk), part, recipe, listener, painted)
    if crops is not None:
        decision = replace(decision, familiarity=_widened(decision.familiarity, familiarity.distances(crops)))
    write_json(folder.decision, asdict(decision))
    return decision, familiarity


def fit_decision(
    logits: NDArray[np.float32],
    distances: NDArray[np.float32],
    part: Part,
    recipe: Recipe,
    listener: Listener,
    painted: PaintedEvidence | None = None,
) -> Decision:
    """Calibration, threshold, review band and limit of familiarity from (N,) calibration photos.

    Painted photos join them for calibration and threshold: photos that a model all but solves say little of
    where to cut. Fitted on METU alone, a threshold missed two of three cracks on UAV75. The promise of the
    review band is about real photos, so it is fitted on these.
    """
    labels, choice, fitted_on = part.photos.labels, recipe.decision, part.describe()
    known = _with_painted(logits, part, painted)
    calibration = UNCALIBRATED
    if choice.calibrate:
        calibration = fit_calibration(
            known.logits, known.labels, known.groups, seed=recipe.run.seed, fitted_on=known.fitted_on
        )
    known_scores = apply_calibration(known.logits, calibration)
    threshold = choose_threshold(
        known.labels, known_scores, rule=choice.threshold_rule, fitted_on=known.fitted_on
    )
    scores = apply_calibration(logits, calibration)
    review = fit_review_band(
        labels,
        scores,
        threshold=threshold.value,
        alpha=choice.review_alpha,
        max_review_share=choice.review_share,
        sources=part.photos.sources,
        fitted_on=fitted_on,
    )
    listener.note(f"calibration: {_describe(calibration)}; threshold {threshold.value:.4f}")
    listener.note(f"review: {review.summary}")
    limit = set_limit(distances, quantile=choice.familiarity_quantile, fitted_on=fitted_on)
    return Decision(calibration=calibration, threshold=threshold, review=review.band, familiarity=limit)


def _widened(limit: Familiarity, distances: NDArray[np.float32]) -> Familiarity:
    """A limit that as large a share of other concrete keeps as of the calibration photos."""
    fitted_on = f"{limit.fitted_on}, and {len(distances):,} crops of other concrete"
    other = set_limit(distances, quantile=limit.quantile, fitted_on=fitted_on)
    return replace(other, limit=max(limit.limit, other.limit))


@dataclass(frozen=True, slots=True)
class _Known:
    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: tuple[str, ...]
    fitted_on: str


def _with_painted(logits: NDArray[np.float32], part: Part, painted: PaintedEvidence | None) -> _Known:
    if painted is None:
        return _Known(logits, part.photos.labels, part.groups, part.describe())
    return _Known(
        np.concatenate([logits, painted.logits]),
        np.concatenate([part.photos.labels, painted.labels]),
        part.groups + painted.groups,
        f"{part.describe()}, and {len(painted.labels):,} painted variants of the Negative ones",
    )


def _describe(calibration: Calibration) -> str:
    if calibration.nll_before is None or calibration.nll_after is None:
        return calibration.method
    losses = f"log loss {calibration.nll_before:.4f}, out of fold {calibration.nll_after:.4f}"
    return f"{calibration.method} ({losses})"
