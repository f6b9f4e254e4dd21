"""What to do about a fit: take it or not, and one sentence on labels that agrees with that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from crackscope.evaluation.compare import Difference

#: A doubling of the labels that gains less balanced accuracy than this is not worth a day's work.
WORTH = 0.01

#: With fewer labels than this the learning curve is noise.
FEWEST_FOR_ADVICE = 20

#: Fewer labels than this, for each one there is, tell nothing new; more are no advice.
_LEAST, _MOST = 1.25, 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """Balanced accuracy on held-out groups from this many labels."""

    labels: int
    balanced_accuracy: float


def advise(gain: Difference, go: bool, curve: Sequence[CurvePoint]) -> tuple[str, str]:
    """The verdict, and what more labels would bring; the second is empty without labels.

    Args:
        gain: In balanced accuracy, new model minus old one.
        go: Whether the new model is to be taken.
        curve: Balanced accuracy by labels, fewest first; all labels last. Empty without labels.
    """
    return _verdict(gain, go), _labels(gain, go, curve)


def _verdict(gain: Difference, go: bool) -> str:
    if gain.difference is None or (gain.low is None and not go):
        return "No-go: the judged tiles can't tell the two models apart. Keep the model you have."
    limits = "" if gain.low is None else f" [{gain.low:+.3f}, {gain.high:+.3f}]"
    span = f"{gain.difference:+.3f}{limits} in balanced accuracy"
    if go:
        return f"Go: better by {span}."
    if gain.better == "A":
        return f"No-go: worse by {span}. Keep the model you have."
    return f"No-go: {span} does not exclude a loss. Keep the model you have."


def _labels(gain: Difference, go: bool, curve: Sequence[CurvePoint]) -> str:
    if not curve:
        return ""
    if len(curve) < 2:
        return "Too few labels for a learning curve."
    now = curve[-1].labels
    if now < FEWEST_FOR_ADVICE:
        return (
            f"{now} labels are too few to say what more of them would bring: "
            f"label at least {FEWEST_FOR_ADVICE}."
        )
    step = curve[-1].balanced_accuracy - curve[-2].balanced_accuracy
    moved = (
        f"The last doubling of labels ({curve[-2].labels} to {now}) moved balanced accuracy by {step:+.3f}"
    )
    told = None if go else labels_to_tell(gain, now)
    if step >= WORTH:
        total = max(labels_to_flatten(step, now), told or 0)
        beyond = f"beyond that a doubling is expected to gain less than {WORTH:.0%}"
        return f"{moved}: label up to {total} in all ({total - now} more); {beyond}."
    if told is None:
        return f"{moved}: more labels are not expected to be worth it."
    return (
        f"{moved}: a better fit is not expected from more labels. A surer verdict is: if the gain stays "
        f"as it is, {told} labels in all ({told - now} more) would tell it from chance."
    )


def labels_to_flatten(step: float, now: int) -> int:
    """Labels in all after which a doubling gains less than `WORTH`; the last one gained ``step``.

    A learning curve flattens: each doubling gains about half of what the one before did.
    """
    return int(now * 2 ** max(1, math.ceil(math.log2(step / WORTH))))


def labels_to_tell(gain: Difference, now: int) -> int | None:
    """Labels in all whose interval would leave out 0, if the gain stays; ``None`` where that is no advice.

    It is none without a gain, or where the gain is so small that it takes many times the labels. The width
    of an interval falls with the root of the labels.
    """
    if not gain.difference or gain.difference <= 0 or gain.low is None or gain.better is not None:
        return None
    root = (gain.difference - gain.low) / gain.difference
    return math.ceil(now * max(root**2, _LEAST)) if root <= math.sqrt(_MOST) else None
