from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crackscope.inspection.records import Act, BoxLTRB, Place, Question, Region, Verdict
from crackscope.inspection.verdict import judge
from crackscope.labels import Label

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
POSITIVE, NEGATIVE = Label.POSITIVE, Label.NEGATIVE
BOX_1, BOX_2, DRAWN = (0, 0, 10, 10), (50, 50, 60, 60), (30, 30, 40, 40)
REGIONS = tuple(
    Region(number=number, box_ltrb=box, area_px=100, score=0.9)
    for number, box in enumerate((BOX_1, BOX_2), 1)
)


def _acts(*said: tuple[str, Label | None, BoxLTRB | None] | None) -> list[Act]:
    """Acts in order; ``None`` is one that was taken back."""
    return [
        Act(id=number, action="note" if act[1] is None else act[0], old_label=None, new_label=act[1],
            box_ltrb=act[2], note="", who="anna", when=WHEN,
            undone=act[0] == "undone")
        for number, act in enumerate((each for each in said if each), 1)
    ]  # fmt: skip


def _judge(*said: tuple[str, Label | None, BoxLTRB | None], model: Label = POSITIVE) -> Verdict:
    return judge(model, REGIONS if model is POSITIVE else (), _acts(*said))


def _labels(verdict: Verdict) -> dict[str, Label]:
    return {place.name: place.label for place in verdict.places}


def _whole(label: Label) -> tuple[str, Label, None]:
    return "relabel", label, None


def _box(label: Label, box: BoxLTRB) -> tuple[str, Label, BoxLTRB]:
    return "relabel", label, box


def test_without_people_the_model_s_word_counts() -> None:
    verdict = _judge()
    assert (verdict.label, verdict.act, verdict.question) == (POSITIVE, None, None)
    assert _labels(verdict) == {"1": POSITIVE, "2": POSITIVE}
    assert _judge(model=NEGATIVE) == Verdict(label=NEGATIVE)


def test_a_positive_box_makes_a_negative_photo_positive() -> None:
    verdict = _judge(_box(POSITIVE, DRAWN), model=NEGATIVE)
    assert verdict.label is POSITIVE
    assert verdict.act is not None
    assert verdict.act.box_ltrb == DRAWN
    assert _labels(verdict) == {"A": POSITIVE}


def test_a_negative_photo_takes_its_places_along_until_one_is_called_positive_again() -> None:
    set_negative = _judge(_box(POSITIVE, DRAWN), _whole(NEGATIVE))
    assert set_negative.label is NEGATIVE
    assert _labels(set_negative) == {"1": NEGATIVE, "2": NEGATIVE, "A": NEGATIVE}
    again = _judge(_box(POSITIVE, DRAWN), _whole(NEGATIVE), _box(POSITIVE, BOX_2))
    assert again.label is POSITIVE
    assert _labels(again) == {"1": NEGATIVE, "2": POSITIVE, "A": NEGATIVE}


def test_a_rejected_region_is_no_crack_and_the_photo_stays() -> None:
    verdict = _judge(_box(NEGATIVE, BOX_1))
    assert (verdict.label, verdict.act, verdict.question) == (POSITIVE, None, None)
    assert [place.name for place in verdict.cracks] == ["2"]


def test_a_region_inside_a_box_set_to_negative_is_rejected_with_it() -> None:
    verdict = _judge(_box(NEGATIVE, (0, 0, 20, 20)))
    assert _labels(verdict) == {"1": NEGATIVE, "2": POSITIVE, "A": NEGATIVE}


def test_rejecting_every_region_asks_what_the_photo_is_now_until_somebody_says() -> None:
    rejected = (_box(NEGATIVE, BOX_1), _box(NEGATIVE, BOX_2))
    assert _judge(*rejected).question is Question.EVERY_REGION_REJECTED
    assert _judge(_whole(POSITIVE), *rejected).question is Question.EVERY_REGION_REJECTED
    for answer in (_whole(POSITIVE), _whole(NEGATIVE), _box(POSITIVE, DRAWN)):
        answered = _judge(*rejected, answer)
        assert (answered.question, answered.label) == (None, answer[1])
    assert _judge(*rejected, model=NEGATIVE).question is None


def test_what_was_taken_back_does_not_count_but_letters_stay() -> None:
    verdict = _judge(
        ("undone", POSITIVE, DRAWN), _box(POSITIVE, (70, 70, 80, 80)), ("undone", NEGATIVE, None)
    )
    assert verdict.label is POSITIVE
    assert _labels(verdict) == {"1": POSITIVE, "2": POSITIVE, "B": POSITIVE}


def test_a_note_settles_nothing() -> None:
    verdict = _judge(("note", None, DRAWN), ("note", None, None))
    assert (verdict.act, _labels(verdict)) == (None, {"1": POSITIVE, "2": POSITIVE})


def test_letters_go_on_after_z() -> None:
    boxes = [_box(POSITIVE, (number, 20, number + 1, 21)) for number in range(28)]
    assert [place.name for place in _judge(*boxes, model=NEGATIVE).places][-3:] == ["Z", "AA", "AB"]


@pytest.mark.parametrize(
    ("box", "label"), [(BOX_1, NEGATIVE), ((55, 55, 70, 70), POSITIVE), ((20, 20, 25, 25), NEGATIVE)]
)
def test_the_label_of_a_box_is_its_own_or_that_of_what_it_touches(box: BoxLTRB, label: Label) -> None:
    assert _judge(_box(NEGATIVE, BOX_1)).label_of(box) is label


def test_places_know_what_settled_them() -> None:
    verdict = _judge(_box(POSITIVE, BOX_1), _whole(NEGATIVE))
    settled: list[Place] = list(verdict.places)
    assert [place.act and place.act.id for place in settled] == [2, 2]


def test_a_crack_stated_in_a_negative_photo_asks_what_it_is_now() -> None:
    later = WHEN + timedelta(hours=1)
    assert judge(NEGATIVE, (), (), crack_stated=later).question is Question.CRACK_STATED
    assert judge(POSITIVE, REGIONS, (), crack_stated=later).question is None
    assert judge(None, (), (), crack_stated=later).question is None
    confirmed = _acts(_whole(NEGATIVE))
    assert judge(NEGATIVE, (), confirmed, crack_stated=later).question is Question.CRACK_STATED
    before = WHEN - timedelta(hours=1)
    assert judge(NEGATIVE, (), confirmed, crack_stated=before).question is None, "it was answered since"
