"""The go / no-go sheet never contradicts itself, whatever was measured."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from crackscope.adaptation.advice import CurvePoint, advise, labels_to_tell
from crackscope.evaluation.compare import Difference

accuracies = st.floats(0.3, 1.0)


@st.composite
def gains(draw: st.DrawFn) -> tuple[Difference, bool]:
    """A gain as `compare` gives it, and whether the sheet says go."""
    difference = draw(st.none() | st.floats(-0.5, 0.5))
    if difference is None or (draw(st.booleans()) and draw(st.booleans())):
        known = Difference(
            metric="balanced_accuracy", a=0.5, b=0.5, difference=difference, low=None, high=None, better=None
        )
        return known, bool(difference and difference > 0 and draw(st.booleans()))
    low = difference - draw(st.floats(0, 0.5))
    high = difference + draw(st.floats(0, 0.5))
    better = "B" if low > 0 else "A" if high < 0 else None
    return Difference(
        metric="balanced_accuracy", a=0.5, b=0.5, difference=difference, low=low, high=high, better=better
    ), better == "B"


@st.composite
def curves(draw: st.DrawFn) -> list[CurvePoint]:
    n = draw(st.integers(4, 5000))
    shares = draw(st.sampled_from([(), (1.0,), (0.5, 1.0), (0.25, 0.5, 1.0)]))
    return [CurvePoint(labels=round(share * n), balanced_accuracy=draw(accuracies)) for share in shares]


@given(gains(), curves())
def test_verdict_and_labels_agree(measured: tuple[Difference, bool], curve: list[CurvePoint]) -> None:
    gain, go = measured
    verdict, labels = advise(gain, go, curve)
    assert verdict.startswith("Go: " if go else "No-go: ")
    assert ("Keep the model you have" in verdict) is not go
    # Only the second sentence speaks of labels to make, and it says one thing of them.
    assert "label" not in verdict.lower()
    wanted = [int(number) for number in re.findall(r"(\d+) (?:labels )?in all", labels)]
    said = ["not expected to be worth it" in labels, bool(wanted), "too few" in labels.lower(), not labels]
    assert sum(said) == 1, labels
    assert all(total > curve[-1].labels for total in wanted)
    assert [int(more) for more in re.findall(r"\((\d+) more\)", labels)] == [
        total - curve[-1].labels for total in wanted
    ]
    assert not (go and "surer verdict" in labels)


@given(gains(), st.integers(20, 5000))
def test_the_labels_that_would_tell_are_more_than_there_are(
    measured: tuple[Difference, bool], now: int
) -> None:
    told = labels_to_tell(measured[0], now)
    assert told is None or told >= 1.25 * now


def test_fifty_labels_with_an_interval_that_touches_nought_are_not_told_to_be_enough() -> None:
    gain = Difference(
        metric="balanced_accuracy", a=0.8, b=0.84, difference=0.04, low=0.0, high=0.08, better=None
    )
    flat = [CurvePoint(labels=25, balanced_accuracy=0.84), CurvePoint(labels=50, balanced_accuracy=0.841)]
    verdict, labels = advise(gain, False, flat)
    assert verdict.startswith("No-go: +0.040 [+0.000, +0.080] in balanced accuracy does not exclude a loss.")
    assert labels.endswith("63 labels in all (13 more) would tell it from chance.")
