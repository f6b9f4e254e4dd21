"""Which decision counts: the one rule, for the page, the report, the data set and the picture alike.

The later act counts before the earlier one. A person settles a photo's label by deciding on the photo as a
whole, or by calling a place of it Positive: a photo with a crack in it is cracked. A photo set to Negative
takes its places along, until somebody calls one of them Positive again. A region inside a box that was set to
Negative is rejected with it. Where every region was rejected and nothing else was said, what the photo is now
is a question, and nobody's answer is made up. So it is where somebody states a crack in a Negative photo.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from crackscope.inspection.records import Act, BoxLTRB, Place, Question, Region, Verdict, lies_in
from crackscope.labels import Label


def judge(
    label: Label | None,
    regions: Sequence[Region],
    acts: Sequence[Act],
    *,
    crack_stated: datetime | None = None,
) -> Verdict:
    """What counts for one photo.

    Args:
        label: The model's; ``None`` without a scan.
        regions: The model's, the strongest first.
        acts: All acts on the photo and its boxes, oldest first.
        crack_stated: When a finding last said that there is a crack; ``None`` where none does.
    """
    whole = _last(act for act in acts if act.decides and act.box_ltrb is None)
    boxes = {act.box_ltrb: act for act in acts if act.decides and act.box_ltrb is not None}
    found = {region.box_ltrb for region in regions}
    names = place_names(regions, acts)
    places = [_region_place(region, names, boxes, whole) for region in regions]
    places += [
        _place(names[box], box, None, _later(act, _overruling(whole)))
        for box, act in boxes.items()
        if box not in found
    ]
    settling = _last(_by_time([whole, *(act for act in boxes.values() if act.new_label is Label.POSITIVE)]))
    verdict = Verdict(
        label=label if settling is None else settling.new_label, act=settling, places=tuple(places)
    )
    return replace(verdict, question=_question(verdict, regions, whole, boxes.values(), crack_stated))


def place_names(regions: Sequence[Region], acts: Sequence[Act]) -> dict[BoxLTRB, str]:
    """What the boxes are called: a region by its number, any other box by a letter, for good."""
    names = {region.box_ltrb: str(region.number) for region in regions}
    drawn = (act.box_ltrb for act in acts if act.action != "undo" and act.box_ltrb not in names)
    return {**names, **_letters(drawn)}


def _region_place(
    region: Region, names: dict[BoxLTRB, str], boxes: dict[BoxLTRB, Act], whole: Act | None
) -> Place:
    rejecting = (
        act for box, act in boxes.items() if act.new_label is Label.NEGATIVE and lies_in(region.box_ltrb, box)
    )
    act = _last(_by_time([boxes.get(region.box_ltrb), *rejecting, _overruling(whole)]))
    return _place(names[region.box_ltrb], region.box_ltrb, region, act)


def _place(name: str, box_ltrb: BoxLTRB, region: Region | None, act: Act | None) -> Place:
    label = Label.POSITIVE if act is None or act.new_label is None else act.new_label
    return Place(name=name, box_ltrb=box_ltrb, label=label, region=region, act=act)


def _overruling(whole: Act | None) -> Act | None:
    """A decision on the photo that decides on its places too: there is no crack anywhere."""
    return whole if whole is not None and whole.new_label is Label.NEGATIVE else None


def _question(
    verdict: Verdict,
    regions: Sequence[Region],
    whole: Act | None,
    boxes: Iterable[Act],
    crack_stated: datetime | None,
) -> Question | None:
    if _is_open(verdict, regions, whole, boxes):
        return Question.EVERY_REGION_REJECTED
    unheard = crack_stated is not None and (verdict.act is None or verdict.act.when < crack_stated)
    return Question.CRACK_STATED if unheard and verdict.label is Label.NEGATIVE else None


def _is_open(verdict: Verdict, regions: Sequence[Region], whole: Act | None, boxes: Iterable[Act]) -> bool:
    if verdict.label is not Label.POSITIVE or not regions or verdict.cracks:
        return False
    last = _last(_by_time(boxes))
    return last is not None and (whole is None or last.id > whole.id)


def _letters(boxes: Iterable[BoxLTRB | None]) -> dict[BoxLTRB, str]:
    """A, B, ... Z, AA, ... in the order in which the boxes were first spoken of."""
    known = dict.fromkeys(box for box in boxes if box is not None)
    return {box: _letter(number) for number, box in enumerate(known)}


def _letter(number: int) -> str:
    before = _letter(number // 26 - 1) if number >= 26 else ""
    return before + chr(ord("A") + number % 26)


def _by_time(acts: Iterable[Act | None]) -> list[Act]:
    return sorted((act for act in acts if act is not None), key=lambda act: act.id)


def _later(one: Act, other: Act | None) -> Act:
    return one if other is None or one.id > other.id else other


def _last(acts: Iterable[Act]) -> Act | None:
    return next(reversed(list(acts)), None)
