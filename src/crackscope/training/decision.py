"""From logits to decisions, fitted on the calibration part and locked before the test part is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from crackscope.bundle import Calibration, Familiarity, ImageQuality, ReviewBand, Threshold
from crackscope.evaluation.calibration import apply_calibration, fit_calibration
from crackscope.evaluation.review import fit_review_band
from crackscope.evaluation.thresholds import choose_threshold
from crackscope.inference.quality import fit_quality, sharpness
from crackscope.storage import write_json
from crackscope.training.embedder import UNCALIBRATED, first_view
from crackscope.training.familiarity import FamiliarityModel, fit_familiarity, set_limit
from crackscope.training.listener import Listener
from crackscope.training.network import CrackNetwork
from crackscope.training.painted_evidence import PaintedEvidence, judge_painted
from crackscope.training.parts import PartPhotos, Parts
from crackscope.training.patches import read_patch
from crackscope.training.recipe import Recipe
from crackscope.training.run_folder import RunFolder
from crackscope.training.trained import Trained


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How the model decides, and when a person should look; see `bundle.ModelConfig`."""

    calibration: Calibration
    threshold: Threshold
    review: ReviewBand | None
    familiarity: Familiarity
    quality: ImageQuality


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a network makes of the calibration part (N photos) and of M familiar training photos.

    Attributes:
        embedding: (N, D).
        trunk: (N, T).
        sharpness: (N,) at the network's input size.
        familiar: (M, T) trunk features.
        familiar_crops: (K, T) the same of crops of other concrete, which is to be familiar too.
    """

    embedding: NDArray[np.float32]
    trunk: NDArray[np.float32]
    sharpness: NDArray[np.float64]
    familiar: NDArray[np.float32]
    familiar_crops: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """(N,) logits of calibration photos, their distances from the training data, and their sharpness."""

    logits: NDArray[np.float32]
    distances: NDArray[np.float32]
    sharpness: NDArray[np.float64]


def decide_on_calibration(
    trained: Trained, parts: Parts, recipe: Recipe, folder: RunFolder, listener: Listener
) -> tuple[Decision, FamiliarityModel]:
    """Fit everything on the calibration part and write ``decision.json``."""
    listener.step("calibration, threshold and review band")
    part, embedder = parts.calibration, trained.embedder
    seen = Seen(
        embedding=first_view(embedder.embed(part, ("identity",), listener)),
        trunk=embedder.trunk(part, ("identity",), listener),
        sharpness=sharpness_of(part.photos.paths, embedder.input_hw),
        familiar=trained.familiar,
        familiar_crops=trained.familiar_crops,
    )
    decision, familiarity = decide(trained.network, seen, part, recipe, listener)
    write_json(folder.decision, asdict(decision))
    return decision, familiarity


def decide(
    network: CrackNetwork, seen: Seen, part: PartPhotos, recipe: Recipe, listener: Listener
) -> tuple[Decision, FamiliarityModel]:
    """Every limit of a network, from what it makes of a calibration part."""
    crops = seen.familiar_crops
    familiarity = fit_familiarity(seen.familiar if crops is None else np.concatenate([seen.familiar, crops]))
    painted = judge_painted(network, part, recipe)
    judged = Judged(
        logits=head_logits(network, seen.embedding),
        distances=familiarity.distances(seen.trunk),
        sharpness=seen.sharpness,
    )
    decision = fit_decision(judged, part, recipe, listener, painted)
    if crops is not None:
        decision = replace(decision, familiarity=_widened(decision.familiarity, familiarity.distances(crops)))
    return decision, familiarity


def head_logits(network: CrackNetwork, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, D) to (N,), by the network's dense output."""
    with torch.inference_mode():
        found: NDArray[np.float32] = network.head(torch.from_numpy(embeddings))[:, 0].numpy()
    return found


def sharpness_of(paths: Sequence[Path], input_hw: tuple[int, int]) -> NDArray[np.float64]:
    """(N,) of photos at the network's input size."""
    return np.array([sharpness(read_patch(path, input_hw)) for path in paths], dtype=np.float64)


def fit_decision(
    judged: Judged,
    part: PartPhotos,
    recipe: Recipe,
    listener: Listener,
    painted: PaintedEvidence | None = None,
) -> Decision:
    """Calibration, threshold, review band and limits of familiarity and quality from (N,) calibration photos.

    Painted photos join them for calibration and threshold: photos that a model all but solves say little of
    where to cut. Fitted on METU alone, a threshold missed two of three cracks on UAV75. The promise of the
    review band is about real photos, so it is fitted on these.
    """
    labels, choice, fitted_on = part.photos.labels, recipe.decision, part.describe()
    known = _with_painted(judged.logits, part, painted)
    calibration = UNCALIBRATED
    if choice.calibrate:
        calibration = fit_calibration(
            known.logits, known.labels, known.groups, seed=recipe.run.seed, fitted_on=known.fitted_on
        )
    known_scores = apply_calibration(known.logits, calibration)
    threshold = choose_threshold(
        known.labels, known_scores, rule=choice.threshold_rule, fitted_on=known.fitted_on
    )
    scores = apply_calibration(judged.logits, calibration)
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
    limit = set_limit(judged.distances, quantile=choice.familiarity_quantile, fitted_on=fitted_on)
    return Decision(
        calibration=calibration,
        threshold=threshold,
        review=review.band,
        familiarity=limit,
        quality=fit_quality(judged.sharpness.tolist(), fitted_on=fitted_on),
    )


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


def _with_painted(logits: NDArray[np.float32], part: PartPhotos, painted: PaintedEvidence | None) -> _Known:
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
