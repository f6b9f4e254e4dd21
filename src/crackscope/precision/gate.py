"""May a variant take its model's place? Compared on real photos that had no part in making it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import MissingClassError
from crackscope.evaluation.evaluate import ScoredPhotos
from crackscope.evaluation.metrics import compute_metrics
from crackscope.records import Failure

#: A variant may lose at most so much AUROC or recall: 0.2 points.
MAX_DROP = 0.002

#: And label at most this share of photos differently.
MAX_CHANGED = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What the gate measured.

    Attributes:
        photos: Scored by both.
        groups: In how many groups.
        auroc: Of the model and of the variant; likewise the following two.
        labels_changed: Share of photos that the two label differently at the model's threshold.
        score_difference: The largest.
    """

    photos: int
    groups: int
    auroc: tuple[float, float]
    recall: tuple[float, float]
    specificity: tuple[float, float]
    labels_changed: float
    score_difference: float

    def objections(self) -> list[str]:
        """Why the variant is refused; empty where it passes."""
        found = [
            f"{name} falls from {before:.4f} to {after:.4f} (at most {MAX_DROP:.3f} less)"
            for name, (before, after) in (("AUROC", self.auroc), ("recall", self.recall))
            # Rounded, so that a drop of exactly the limit is not refused for its last bit.
            if round(before - after, 9) > MAX_DROP
        ]
        if round(self.labels_changed, 9) > MAX_CHANGED:
            found.append(f"{self.labels_changed:.2%} of labels differ (at most {MAX_CHANGED:.1%})")
        return found

    def __str__(self) -> str:
        """The numbers in one line."""
        pairs = (("AUROC", self.auroc), ("recall", self.recall), ("specificity", self.specificity))
        numbers = ", ".join(f"{name} {before:.4f} -> {after:.4f}" for name, (before, after) in pairs)
        text = (
            f"on {self.photos:,} photos in {self.groups:,} groups: {numbers}, {self.labels_changed:.2%} of "
            f"labels differ, scores by at most {self.score_difference:.2g}"
        )
        least = math.ceil(1 / MAX_CHANGED)
        return text if self.photos >= least else f"{text}; fewer than {least} photos, so one label decides"


def compare_variant(model: ScoredPhotos, variant: ScoredPhotos) -> GateResult:
    """Compare what two models said of the same photos.

    Raises:
        MissingClassError: The photos that both scored are of one class.
    """
    kept = [
        place
        for place, pair in enumerate(zip(model.outcomes, variant.outcomes, strict=True))
        if not any(isinstance(outcome, Failure) for outcome in pair)
    ]
    labels = np.array([model.photos[place].truth.number for place in kept], dtype=np.int64)
    if len(set(labels.tolist())) < 2:
        raise MissingClassError(
            f"the gate needs scored photos of both classes, found {len(kept)} of one or none"
        )
    before, after = (_scores(one, kept) for one in (model, variant))
    old, new = (compute_metrics(labels, scores, threshold=model.threshold) for scores in (before, after))
    return GateResult(
        photos=len(kept),
        groups=len({model.photos[place].group for place in kept}),
        auroc=(_defined(old.auroc), _defined(new.auroc)),
        recall=(_defined(old.recall), _defined(new.recall)),
        specificity=(_defined(old.specificity), _defined(new.specificity)),
        labels_changed=float(((before >= model.threshold) != (after >= model.threshold)).mean()),
        score_difference=float(np.abs(before - after).max()),
    )


def _scores(scored: ScoredPhotos, kept: Sequence[int]) -> NDArray[np.float64]:
    outcomes = [scored.outcomes[place] for place in kept]
    return np.array([outcome.score for outcome in outcomes if not isinstance(outcome, Failure)])


def _defined(value: float | None) -> float:
    # Both classes are there, so every one of these metrics is defined.
    assert value is not None
    return value
