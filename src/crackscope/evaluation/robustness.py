"""How recall, specificity and AUROC hold up where photos are blurred, dark, compressed, far or turned."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import MissingClassError, NoPhotosError, PhotoError, SettingsError
from crackscope.evaluation.distortions import DISTORTIONS, Distortion
from crackscope.evaluation.intervals import Interval, bootstrap_intervals, check_bootstrap
from crackscope.evaluation.metrics import compute_metrics
from crackscope.evaluation.photos import GroupedPhoto, Progress
from crackscope.images import read_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label
from crackscope.records import Failure, Prediction

METRICS_SHOWN = ("recall", "specificity", "auroc")

#: Photos that are in memory at a time.
_CHUNK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One distortion at one strength, and what it does to the metrics.

    Attributes:
        distortion: Its name; ``none`` for the photos as they are.
        values: ``recall``, ``specificity``, ``auroc``.
        intervals: Of each, 95 % by group.
        review_share: Share of the photos that go to review.
    """

    distortion: str
    unit: str
    strength: float | None
    values: dict[str, float | None]
    intervals: dict[str, Interval]
    review_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Robustness:
    """All conditions, the first without a distortion, and what they were measured on."""

    model: str
    identity: str
    threshold: float
    photos: int
    positive: int
    groups: int
    failures: tuple[Failure, ...]
    seed: int
    n_resamples: int
    conditions: tuple[Condition, ...]


def measure_robustness(
    classifier: CrackClassifier,
    photos: Sequence[GroupedPhoto],
    *,
    limit: int | None = None,
    seed: int = 0,
    n_resamples: int = 1000,
    progress: Progress | None = None,
) -> Robustness:
    """Distort photos at their own resolution, score them, and compare with the truth.

    Args:
        classifier: The model, at its threshold.
        photos: Of both classes.
        limit: At most so many photos of each class, evenly over groups.
        seed: Of the choice, of chance in distortions, and of the intervals.
        n_resamples: Bootstrap draws behind the intervals.
        progress: Told (photos scored under all conditions, photos).

    Raises:
        NoPhotosError: No photo, or none that can be read.
        MissingClassError: All readable photos are of one class.
        SettingsError: The limit or the number of resamples is below 1.
    """
    check_bootstrap(n_resamples)
    chosen = choose_photos(photos, limit, seed)
    steps = [(None, None), *((one, strength) for one in DISTORTIONS for strength in one.strengths)]
    scored: list[list[Prediction]] = [[] for _ in steps]
    kept: list[GroupedPhoto] = []
    failures: list[Failure] = []
    for start in range(0, len(chosen), _CHUNK):
        chunk, pixels, broken = _read(chosen[start : start + _CHUNK])
        kept += chunk
        failures += broken
        for place, (distortion, strength) in enumerate(steps):
            scored[place] += _score(classifier, pixels, distortion, strength, seed)
        if progress is not None:
            progress(min(start + _CHUNK, len(chosen)), len(chosen))
    _require_both_classes(kept, failures)
    return Robustness(
        model=classifier.bundle.config.name,
        identity=classifier.bundle.identity,
        threshold=classifier.threshold,
        photos=len(kept),
        positive=sum(photo.truth is Label.POSITIVE for photo in kept),
        groups=len({photo.group for photo in kept}),
        failures=tuple(failures),
        seed=seed,
        n_resamples=n_resamples,
        conditions=tuple(
            _condition(distortion, strength, kept, predictions, classifier.threshold, n_resamples, seed)
            for (distortion, strength), predictions in zip(steps, scored, strict=True)
        ),
    )


def choose_photos(photos: Sequence[GroupedPhoto], limit: int | None, seed: int) -> list[GroupedPhoto]:
    """At most ``limit`` photos of each class: one of every group before a second of any; in their order."""
    if limit is None:
        return list(photos)
    if limit < 1:
        raise SettingsError(f"the limit is {limit} photos of each class; expected 1 or more")
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(photos)).tolist()
    turns: dict[tuple[Label, str], int] = defaultdict(int)
    ranked: list[tuple[int, int, int]] = []
    for index in order:
        key = photos[index].truth, photos[index].group
        ranked.append((turns[key], len(ranked), index))
        turns[key] += 1
    chosen: list[int] = []
    for label in Label:
        chosen += [index for _, _, index in sorted(ranked) if photos[index].truth is label][:limit]
    return [photos[index] for index in sorted(chosen)]


def _read(
    photos: Sequence[GroupedPhoto],
) -> tuple[list[GroupedPhoto], list[NDArray[np.uint8]], list[Failure]]:
    kept, pixels, failures = [], [], []
    for photo in photos:
        try:
            pixels.append(read_photo(photo.file).pixels_hwc)
            kept.append(photo)
        except PhotoError as error:
            failures.append(Failure(path=photo.path, error=str(error)))
    return kept, pixels, failures


def _score(
    classifier: CrackClassifier,
    pixels: Sequence[NDArray[np.uint8]],
    distortion: Distortion | None,
    strength: float | None,
    seed: int,
) -> Iterator[Prediction]:
    if not pixels:
        return
    if distortion is not None and strength is not None:
        pixels = [distortion.apply(one, strength, _chance(one, distortion, seed)) for one in pixels]
    for outcome in classifier.predict(list(pixels)):
        if isinstance(outcome, Failure):
            raise PhotoError(outcome.error)
        yield outcome


def _chance(pixels_hwc: NDArray[np.uint8], distortion: Distortion, seed: int) -> np.random.Generator:
    # What a photo shows decides, not its place in the list.
    return np.random.default_rng(
        [seed, zlib.crc32(distortion.name.encode()), zlib.crc32(np.ascontiguousarray(pixels_hwc).tobytes())]
    )


def _condition(
    distortion: Distortion | None,
    strength: float | None,
    photos: Sequence[GroupedPhoto],
    predictions: Sequence[Prediction],
    threshold: float,
    n_resamples: int,
    seed: int,
) -> Condition:
    labels = [photo.truth.number for photo in photos]
    scores = [prediction.score for prediction in predictions]
    groups = [photo.group for photo in photos]
    metrics = compute_metrics(labels, scores, threshold=threshold)
    limits = bootstrap_intervals(
        labels, scores, groups, threshold=threshold, n_resamples=n_resamples, seed=seed
    )
    return Condition(
        distortion="none" if distortion is None else distortion.name,
        unit="" if distortion is None else distortion.unit,
        strength=strength,
        values={name: getattr(metrics, name) for name in METRICS_SHOWN},
        intervals={name: limits[name] for name in METRICS_SHOWN},
        review_share=sum(prediction.review for prediction in predictions) / len(predictions),
    )


def _require_both_classes(kept: Sequence[GroupedPhoto], failures: Sequence[Failure]) -> None:
    if not kept:
        reason = f"; the first, {failures[0].path}: {failures[0].error}" if failures else ""
        raise NoPhotosError(f"none of {len(failures)} photos can be read{reason}")
    if len({photo.truth for photo in kept}) < 2:
        raise MissingClassError(f"all {len(kept)} photos are {kept[0].truth}; expected both classes")
