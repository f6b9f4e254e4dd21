"""The same scores against labels that people corrected: what was seen instead of what the data set says."""

from __future__ import annotations

from dataclasses import dataclass, replace

from crackscope.dataset.corrections import CorrectionCounts, Corrections, Seen, count_corrections
from crackscope.evaluation.evaluate import Evaluation, ScoredPhotos, judge_scores
from crackscope.evaluation.photos import GroupedPhoto


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationAsSeen:
    """How good the model is by corrected labels, without the photos that can't be told."""

    corrections: CorrectionCounts
    evaluation: Evaluation


def evaluate_as_seen(published: Evaluation, corrections: Corrections) -> EvaluationAsSeen:
    """Judge the scores of an evaluation again; no photo is scored twice.

    Args:
        published: By the labels of the data set; its photos know what was `seen` in them.
        corrections: Those the photos were told of.

    Raises:
        NoPhotosError: None of the photos can be told.
    """
    photos = published.scored.photos
    counts = count_corrections(
        [photo.truth for photo in photos],
        [photo.seen for photo in photos],
        [photo.sha256 for photo in photos],
        corrections,
    )
    evaluation = judge_scores(
        scored_as_seen(published.scored),
        prior=published.metrics.prior,
        n_resamples=published.n_resamples,
        seed=published.seed,
    )
    return EvaluationAsSeen(corrections=counts, evaluation=evaluation)


def scored_as_seen(scored: ScoredPhotos) -> ScoredPhotos:
    """Scores with the truth that was seen, without photos that are not to be told."""
    kept = [
        (_as_seen(photo), outcome)
        for photo, outcome in zip(scored.photos, scored.outcomes, strict=True)
        if photo.seen is not Seen.NOT_TO_BE_TOLD
    ]
    return replace(
        scored,
        photos=tuple(photo for photo, _ in kept),
        outcomes=tuple(outcome for _, outcome in kept),
    )


def _as_seen(photo: GroupedPhoto) -> GroupedPhoto:
    label = None if photo.seen is None else photo.seen.label
    return photo if label is None else replace(photo, truth=label)
