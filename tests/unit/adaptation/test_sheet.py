"""Go or no-go, and how many more labels."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import expit

from crackscope.adaptation.head import Head
from crackscope.adaptation.sheet import Scores, Sheet, make_sheet
from tests.unit.adaptation.test_fit import OLD, SIZE, make_evidence


def sheet_of(n: int, *, head: Head = OLD, **evidence: float) -> Sheet:
    rows = make_evidence(n, **evidence)  # type: ignore[arg-type]
    before = Scores(name="before", values=expit(head.logits(rows.features)), threshold=0.5)
    return make_sheet(rows, head, before, judged_on="test rows", seed=0, prior=0.1)


def value(sheet: Sheet, side: str, metric: str) -> float:
    return next(one.value for one in getattr(sheet, side) if one.metric == metric)


def test_a_moved_site_is_a_go() -> None:
    sheet = sheet_of(80, shift=4.0, strength=4.0)
    assert sheet.go
    assert sheet.gain.low > 0
    assert value(sheet, "before", "balanced_accuracy") == pytest.approx(0.5, abs=0.05)
    assert value(sheet, "after", "balanced_accuracy") > 0.9
    assert sheet.advice[0].startswith("Go: better by")


def test_a_model_that_is_right_already_is_no_go() -> None:
    sheet = sheet_of(80, strength=8.0)
    assert not sheet.go
    assert value(sheet, "after", "balanced_accuracy") > 0.95
    assert "Keep the model you have" in sheet.advice[0]


def test_expectations_are_of_held_out_photos() -> None:
    # Forty features and forty rows: on its own rows any head is perfect.
    sheet = sheet_of(40, strength=0.0)
    assert value(sheet, "after", "balanced_accuracy") < 0.75
    assert not sheet.go


def test_precision_is_stated_for_the_share_of_cracks_on_the_site() -> None:
    sheet = sheet_of(80, strength=3.0)
    recall, specificity = (value(sheet, "after", name) for name in ("recall", "specificity"))
    expected = 0.1 * recall / (0.1 * recall + 0.9 * (1 - specificity))
    assert value(sheet, "after", "precision_at_prior") == pytest.approx(expected)


def test_a_rising_curve_asks_for_more_labels() -> None:
    rising = sheet_of(100, told_by=7, strength=2.5, head=Head(weight=np.zeros(SIZE), bias=0.0))
    assert [point.labels for point in rising.curve] == [25, 50, 100]
    assert rising.curve[-1].balanced_accuracy > rising.curve[0].balanced_accuracy


def test_a_dozen_labels_are_no_ground_to_advise_against_more() -> None:
    rows = make_evidence(12, strength=8.0)
    rows = dataclasses.replace(rows, groups=np.array([f"photo {index}" for index in range(12)]))
    before = Scores(name="before", values=expit(OLD.logits(rows.features)), threshold=0.5)
    advice = " ".join(make_sheet(rows, OLD, before, judged_on="test rows", seed=0).advice)
    assert "12 labels are too few to say what more of them would bring: label at least 20." in advice
    assert "worth it" not in advice


def test_labels_of_few_photos_have_no_learning_curve_but_a_sheet() -> None:
    # Two tiles to a photo: a part of them may have one class, which nothing can be learned from.
    assert "Too few labels for a learning curve." in sheet_of(12, strength=8.0).advice


def test_painted_cracks_have_no_curve_of_labels() -> None:
    rows = make_evidence(80, labelled=False)  # type: ignore[arg-type]
    before = Scores(name="before", values=expit(OLD.logits(rows.features)), threshold=0.5)
    assert make_sheet(rows, OLD, before, judged_on="painted", seed=0).curve == ()


def test_painted_cracks_found_for_more_false_alarms_are_told_as_a_trade() -> None:
    # The old cut lies too high: it misses cracks and never cries wolf.
    rows = dataclasses.replace(make_evidence(80, strength=1.5), labelled=np.zeros(80, dtype=bool))
    margins = OLD.logits(rows.features)
    before = Scores(name="before", values=expit(margins - np.quantile(margins, 0.75)), threshold=0.5)
    sheet = make_sheet(rows, OLD, before, judged_on="painted cracks", seed=0)
    trades = [sentence for sentence in sheet.advice if "finds more of the painted cracks" in sentence]

    assert value(sheet, "after", "recall") > value(sheet, "before", "recall")
    assert value(sheet, "after", "specificity") < value(sheet, "before", "specificity")
    assert not sheet.go
    assert len(trades) == 1
