"""The two labels, their order, and the one rule that turns a score into a decision."""

from __future__ import annotations

from enum import StrEnum


class Label(StrEnum):
    """What a patch shows. The order of the members is the order of the classes: Negative 0, Positive 1."""

    NEGATIVE = "Negative"
    POSITIVE = "Positive"

    @property
    def number(self) -> int:
        """0 for Negative, 1 for Positive."""
        return 1 if self is Label.POSITIVE else 0


class ReviewReason(StrEnum):
    """Why a person should look at a photo before its label is used, most fundamental first."""

    #: Of earlier versions, which squeezed large photos; still read, never given.
    LARGER_THAN_A_PATCH = "larger than a patch"
    POOR_IMAGE_QUALITY = "poor image quality"
    UNFAMILIAR = "unfamiliar"
    UNCERTAIN = "uncertain"


def decide(score: float, threshold: float) -> Label:
    """Positive if and only if ``score >= threshold``; every door decides through this function."""
    return Label.POSITIVE if score >= threshold else Label.NEGATIVE


def shown_score(score: float) -> float:
    """A score as people are shown it: three decimals, and never 0 or 1 where it only comes near."""
    return min(max(round(score, 3), 0.001 if score > 0 else 0.0), 0.999 if score < 1 else 1.0)
