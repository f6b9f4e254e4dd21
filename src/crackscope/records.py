"""What crosses rooms: one photo's outcome, as a frozen record with the same fields at every door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crackscope.html_table import html_table
from crackscope.labels import Label, ReviewReason

#: The columns of every predictions table, in order.
COLUMNS = ("path", "label", "score", "threshold", "review", "reason", "error")

#: Scores of photos are rounded to this many decimals before anything is decided with them, so that the
#: number a reader sees at any door is the number that was compared with the threshold.
SCORE_DECIMALS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """A scored photo.

    Attributes:
        path: The photo as the caller named it.
        label: ``decide(score, threshold)``.
        score: The model's calibrated score that a crack is visible, 0..1.
        threshold: The threshold the label was decided with, 0..1.
        reason: Why a person should look at it; ``None`` where no review is asked for.

    >>> from crackscope import Label, Prediction
    >>> prediction = Prediction(path="wall.jpg", label=Label.POSITIVE, score=0.93, threshold=0.5)
    >>> prediction.review
    False
    >>> prediction.as_row()["label"]
    'Positive'
    """

    path: str
    label: Label
    score: float
    threshold: float
    reason: ReviewReason | None = None

    @property
    def review(self) -> bool:
        """Whether a person should look before the label is used."""
        return self.reason is not None

    def as_row(self) -> dict[str, object]:
        """The record under `COLUMNS`; absent values are ``None``."""
        return {
            "path": self.path,
            "label": str(self.label),
            "score": self.score,
            "threshold": self.threshold,
            "review": self.review,
            "reason": None if self.reason is None else str(self.reason),
            "error": None,
        }

    def _repr_html_(self) -> str:
        return html_table(
            self.path,
            {
                "label": self.label,
                "score": f"{self.score:.{SCORE_DECIMALS}f}, Positive from {self.threshold:.4g}",
                "review": self.reason or "no",
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A photo that could not be scored, and why.

    Attributes:
        path: The photo as the caller named it.
        error: What was found, in one line.
    """

    path: str
    error: str

    def as_row(self) -> dict[str, object]:
        """The record under `COLUMNS`; everything but ``path`` and ``error`` is ``None``."""
        return {**dict.fromkeys(COLUMNS), "path": self.path, "error": self.error}


Outcome = Prediction | Failure


def outcome_from_row(row: dict[str, Any]) -> Outcome:
    """What ``as_row`` gave such a row."""
    if row["error"] is not None:
        return Failure(path=row["path"], error=row["error"])
    return Prediction(
        path=row["path"],
        label=Label(row["label"]),
        score=row["score"],
        threshold=row["threshold"],
        reason=None if row["reason"] is None else ReviewReason(row["reason"]),
    )
