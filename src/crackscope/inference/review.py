"""When a person should look before a label is used: one rule for patches and photos, one or many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import Familiarity, ImageQuality, ReviewBand
from crackscope.labels import ReviewReason

F64 = NDArray[np.float64]
#: One number, or an array of them with one for each photo.
Numbers = TypeVar("Numbers", float, F64)


class ReviewLimits(Protocol):
    """What is compared with: a model's config, or what was just fitted for one."""

    @property
    def quality(self) -> ImageQuality | None:
        """Where image quality is poor."""

    @property
    def familiarity(self) -> Familiarity | None:
        """Where photos are unfamiliar."""

    @property
    def review(self) -> ReviewBand | None:
        """Where scores are uncertain."""


def review_reason(
    limits: ReviewLimits, *, sharpness: float | None, score: float, distance: float | None
) -> ReviewReason | None:
    """The most fundamental reason why a person should look at a photo, or ``None``.

    Args:
        limits: Of sharpness and distance, and the band of uncertain scores.
        sharpness: At the model's size, see `inference.quality`; ``None`` where it says nothing.
        score: Calibrated, 0..1.
        distance: From the training data; ``None`` where the model does not give it.
    """
    found = _applying(limits, sharpness=sharpness, score=score, distance=distance)
    return next((reason for reason, applies in found if applies), None)


def review_reasons(
    limits: ReviewLimits, *, sharpness: F64 | None, scores: F64, distance: F64 | None
) -> list[ReviewReason | None]:
    """`review_reason` of N photos, from arrays (N,)."""
    reasons: list[ReviewReason | None] = [None] * len(scores)
    found = _applying(limits, sharpness=sharpness, score=scores, distance=distance)
    for reason, applies in reversed(list(found)):
        for row in np.flatnonzero(applies).tolist():
            reasons[row] = reason
    return reasons


def _applying(
    limits: ReviewLimits, *, sharpness: Numbers | None, score: Numbers, distance: Numbers | None
) -> Iterator[tuple[ReviewReason, bool | NDArray[np.bool_]]]:
    """Every reason that can be checked, the most fundamental first, and where it applies."""
    if limits.quality is not None and sharpness is not None:
        yield ReviewReason.POOR_IMAGE_QUALITY, sharpness < limits.quality.limit
    if limits.familiarity is not None and distance is not None:
        yield ReviewReason.UNFAMILIAR, distance > limits.familiarity.limit
    if (band := limits.review) is not None:
        yield ReviewReason.UNCERTAIN, (score >= band.low) & (score <= band.high)


def typical_distance(distances: Sequence[float] | NDArray[np.floating]) -> float:
    """What stands for all looks at a photo: beyond a limit if and only if at least half of them are."""
    ordered = np.sort(np.asarray(distances, np.float64))
    return float(ordered[len(ordered) // 2])


def typical_sharpness(sharpness: Sequence[float]) -> float:
    """What stands for all looks at a photo: below a limit if and only if at least half of them are."""
    return -typical_distance([-value for value in sharpness])
