"""Score labelled photos with a model and say how good it is on them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import ReviewBand
from crackscope.errors import NoPhotosError
from crackscope.evaluation.intervals import (
    DEFAULT_RESAMPLES,
    Interval,
    bootstrap_intervals,
    check_bootstrap,
    share_interval,
)
from crackscope.evaluation.metrics import METRICS, TITLES, Metrics, check_prior, compute_metrics
from crackscope.evaluation.photos import GroupedPhoto, Progress
from crackscope.html_table import html_table
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.session import BATCH_SIZE
from crackscope.labels import Label, ReviewReason
from crackscope.records import Failure, Outcome, Prediction


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPhotos:
    """What one model said of photos whose truth is known.

    Attributes:
        model: The model's name, and that it looked with test-time augmentation.
        identity: The SHA-256 of its network.
        threshold: What the labels were decided with.
        band: The model's review band.
        photos: Every photo, also those that could not be scored.
        outcomes: One for each photo, under the photo's ``path``.
    """

    model: str
    identity: str
    threshold: float
    band: ReviewBand | None
    photos: tuple[GroupedPhoto, ...]
    outcomes: tuple[Outcome, ...]

    def predictions(self) -> list[tuple[GroupedPhoto, Prediction]]:
        """The photos that have a score, with it."""
        pairs = zip(self.photos, self.outcomes, strict=True)
        return [(photo, outcome) for photo, outcome in pairs if isinstance(outcome, Prediction)]

    def failures(self) -> list[Failure]:
        """The photos that have none, with the reason."""
        return [outcome for outcome in self.outcomes if isinstance(outcome, Failure)]

    def labels(self) -> NDArray[np.int64]:
        """(N,) the truth of scored photos, 0 or 1."""
        return np.array([photo.truth.number for photo, _ in self.predictions()], dtype=np.int64)

    def scores(self) -> NDArray[np.float64]:
        """(N,) of scored photos."""
        return np.array([prediction.score for _, prediction in self.predictions()], dtype=np.float64)

    def groups(self) -> list[str]:
        """(N,) of scored photos."""
        return [photo.group for photo, _ in self.predictions()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of photos and its 95 % interval by group; ``None`` where there is no photo."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSummary:
    """What sending photos to a person would do.

    Attributes:
        photos: How many would be reviewed.
        share: Of the scored photos.
        share_interval: The 95 % interval of ``share``, by group.
        coverage: By true class, the share that is labelled rightly or reviewed: what is left is an outright
            error, which the review band is to keep rare.
        reasons: How many for which reason.
        error_rate_inside: Share of wrong labels among them; ``None`` where there are none.
        error_rate_outside: Share of wrong labels among the others.
    """

    photos: int
    share: float
    share_interval: Interval
    coverage: dict[Label, Share]
    reasons: dict[ReviewReason, int]
    error_rate_inside: float | None
    error_rate_outside: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How good a model is on some photos, with an interval for every metric."""

    scored: ScoredPhotos
    n_groups: int
    metrics: Metrics
    intervals: dict[str, Interval]
    review: ReviewSummary
    n_resamples: int
    seed: int

    def _repr_html_(self) -> str:
        facts = {TITLES[name]: self._estimate(name) for name in METRICS}
        return html_table(
            f"{self.scored.model} on {self.metrics.n:,} photos in {self.n_groups:,} groups",
            {name: fact for name, fact in facts.items() if fact} | {"review": f"{self.review.share:.2%}"},
        )

    def _estimate(self, metric: str) -> str:
        value, interval = getattr(self.metrics, metric), self.intervals[metric]
        limits = "" if interval.low is None else f" ({interval.low:.4f} to {interval.high:.4f})"
        return "" if value is None else f"{value:.4f}{limits}"


def evaluate(
    classifier: CrackClassifier,
    photos: Sequence[GroupedPhoto],
    *,
    prior: float | None = None,
    n_resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
) -> Evaluation:
    """Score photos and compare with the truth, at the classifier's threshold.

    Args:
        classifier: The model.
        photos: From `photos_of_manifest` or `photos_of_dataset`.
        prior: Also state the precision where this share of photos is Positive.
        n_resamples: Bootstrap draws behind the intervals.
        seed: Of the draws.
        batch_size: Images per run of the model.
        progress: Told (photos done, photos).

    Raises:
        NoPhotosError: There is no photo, or none could be scored.
        SettingsError: A setting is out of range.
    """
    # Before the work, not after it.
    check_prior(prior)
    check_bootstrap(n_resamples)
    scored = score_photos(classifier, photos, batch_size=batch_size, progress=progress)
    return judge_scores(scored, prior=prior, n_resamples=n_resamples, seed=seed)


def score_photos(
    classifier: CrackClassifier,
    photos: Sequence[GroupedPhoto],
    *,
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
) -> ScoredPhotos:
    """Score photos, in their order; one that can't be read is a `Failure` among the outcomes."""
    outcomes: list[Outcome] = []
    files = [photo.file for photo in photos]
    with closing(classifier.predict_paths(files, batch_size=batch_size)) as results:
        for photo, outcome in zip(photos, results, strict=True):
            outcomes.append(dataclasses.replace(outcome, path=photo.path))
            if progress is not None:
                progress(len(outcomes), len(photos))
    return ScoredPhotos(
        model=classifier.bundle.config.name + (", test-time augmentation" if classifier.tta else ""),
        identity=classifier.bundle.identity,
        threshold=classifier.threshold,
        band=classifier.bundle.config.review,
        photos=tuple(photos),
        outcomes=tuple(outcomes),
    )


def judge_scores(
    scored: ScoredPhotos,
    *,
    prior: float | None = None,
    n_resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Compare scores with the truth; see `evaluate`."""
    require_scores(scored)
    labels, scores, groups = scored.labels(), scored.scores(), scored.groups()
    return Evaluation(
        scored=scored,
        n_groups=len(set(groups)),
        metrics=compute_metrics(labels, scores, threshold=scored.threshold, prior=prior),
        intervals=bootstrap_intervals(
            labels,
            scores,
            groups,
            threshold=scored.threshold,
            prior=prior,
            n_resamples=n_resamples,
            seed=seed,
        ),
        review=summarise_review(scored, n_resamples=n_resamples, seed=seed),
        n_resamples=n_resamples,
        seed=seed,
    )


def require_scores(scored: ScoredPhotos) -> None:
    """Refuse photos none of which has a score, with the first reason."""
    failures = scored.failures()
    if not scored.photos:
        raise NoPhotosError("there is no photo to evaluate on")
    if len(failures) == len(scored.photos):
        first = failures[0]
        raise NoPhotosError(
            f"none of the {len(failures)} photos could be scored; the first, {first.path}: {first.error}"
        )


def summarise_review(
    scored: ScoredPhotos, *, n_resamples: int = DEFAULT_RESAMPLES, seed: int = 0
) -> ReviewSummary:
    """Count what the model sends to review, and the wrong labels in it and outside."""
    pairs, truth, groups = scored.predictions(), scored.labels(), scored.groups()
    reviewed = np.array([prediction.review for _, prediction in pairs])
    wrong = np.array([prediction.label is not photo.truth for photo, prediction in pairs])
    reasons = Counter(prediction.reason for _, prediction in pairs)

    def coverage(label: Label) -> Share:
        mine = truth == label.number
        if not mine.any():
            return Share(value=None, interval=None)
        covered = (~wrong | reviewed)[mine]
        interval = share_interval(
            covered, [groups[row] for row in np.flatnonzero(mine)], n_resamples=n_resamples, seed=seed
        )
        return Share(value=float(covered.mean()), interval=interval)

    return ReviewSummary(
        photos=int(reviewed.sum()),
        share=float(reviewed.mean()),
        share_interval=share_interval(reviewed, groups, n_resamples=n_resamples, seed=seed),
        coverage={label: coverage(label) for label in Label},
        reasons={reason: reasons[reason] for reason in ReviewReason},
        error_rate_inside=float(wrong[reviewed].mean()) if reviewed.any() else None,
        error_rate_outside=float(wrong[~reviewed].mean()) if not reviewed.all() else None,
    )
