from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crackscope.errors import SettingsError
from crackscope.inspection.conditions import SHIPPED, list_of, own_list, read_list, shipped_list
from crackscope.inspection.findings import (
    Finding,
    FindingKind,
    Rating,
    Shape,
    ShapeKind,
    Statement,
    WidthMethod,
    finding_document,
    finding_of,
    problem_of,
    statement_document,
    statement_of,
)

CRACK = Statement(
    kind=FindingKind.CRACK,
    shape=Shape(kind=ShapeKind.POLYLINE, points_xy=((10, 10), (40, 50), (40, 90))),
    width_mm=0.3,
    width_method=WidthMethod.CRACK_RULER,
    ratings=(Rating(scale="S", code="1"), Rating(scale="D", code="2")),
    recommendation="seal it",
    note="wet",
)
PHOTO_HW = (100, 120)


def _finding(mm_per_px: float | None) -> Finding:
    return Finding(
        id=7,
        number=3,
        statement=CRACK,
        photo_id=2,
        photo="pier 1/a.jpg",
        photo_sha256="ab" * 32,
        element="pier 1",
        who="Anna",
        when=datetime(2026, 11, 21, 10, tzinfo=UTC),
        mm_per_px=mm_per_px,
    )


@pytest.mark.parametrize("mm_per_px", [None, 0.5])
def test_a_finding_comes_back_from_json_as_it_was(mm_per_px: float | None) -> None:
    finding = _finding(mm_per_px)
    assert finding_of(msgspec.json.decode(msgspec.json.encode(finding_document(finding)))) == finding


def test_a_crack_has_millimetres_only_with_a_scale() -> None:
    assert CRACK.shape.length_px == 90
    assert finding_document(_finding(0.5))["length_mm"] == 45
    without = finding_document(_finding(None))
    assert (without["length_px"], without["length_mm"]) == (90, None)


def test_only_a_line_has_a_length() -> None:
    box = Shape(kind=ShapeKind.BOX, points_xy=((10, 20), (30, 60)))
    assert box.length_px is None
    assert box.outline_xy == ((10, 20), (30, 20), (30, 60), (10, 60))


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 100)), min_size=2, max_size=20))
def test_the_box_holds_every_point(points: list[tuple[int, int]]) -> None:
    left, top, right, bottom = Shape(kind=ShapeKind.POLYLINE, points_xy=tuple(points)).box_ltrb
    assert left < right
    assert top < bottom
    assert all(left <= x <= right and top <= y <= bottom for x, y in points)


def _with(kind: ShapeKind, *points_xy: tuple[int, int]) -> Statement:
    return replace(CRACK, shape=Shape(kind=kind, points_xy=points_xy))


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (CRACK, None),
        (replace(CRACK, width_mm=None, width_method=None), None),
        (replace(CRACK, width_method=None), "how it was measured"),
        (replace(CRACK, width_mm=None), "how it was measured"),
        (_with(ShapeKind.POLYGON, (0, 0), (9, 9)), "has 2 points"),
        (_with(ShapeKind.BOX, (0, 0), (9, 9), (5, 5)), "has 3 points"),
        (_with(ShapeKind.BOX, (0, 0), (120, 100)), None),
        (_with(ShapeKind.BOX, (0, 0), (121, 100)), "leaves the photo"),
        (_with(ShapeKind.BOX, (5, 0), (5, 100)), "no extent"),
        (_with(ShapeKind.POLYLINE, (5, 0), (5, 100)), None),
        (_with(ShapeKind.POLYLINE, (5, 5), (5, 5)), "no extent"),
    ],
)
def test_what_does_not_fit_is_said(statement: Statement, problem: str | None) -> None:
    found = problem_of(statement, PHOTO_HW)
    assert found is None if problem is None else problem in (found or "")


def test_a_finding_of_a_later_version_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="version 2"):
        statement_of({**statement_document(CRACK), "version": 2})


def test_a_statement_without_what_was_added_later_is_read() -> None:
    document = statement_document(CRACK)
    short = {name: document[name] for name in ("kind", "shape")}
    assert statement_of(short) == Statement(kind=CRACK.kind, shape=CRACK.shape)


def test_shipped_lists_have_their_classes() -> None:
    assert SHIPPED == ("ri-ebw-pruef", "aashto")
    german = shipped_list("ri-ebw-pruef").codes
    assert {scale: sorted(codes) for scale, codes in german.items()} == {
        scale: ["0", "1", "2", "3", "4"] for scale in "SVD"
    }
    assert shipped_list("aashto").codes == {"": frozenset({"CS1", "CS2", "CS3", "CS4"})}


def test_a_project_writes_its_own_list() -> None:
    own = list_of("own", "A: fine\n\nB: repair within two years\nC\n")
    assert own is not None
    assert [(each.code, each.en) for each in own.scales[0].classes] == [
        ("A", "fine"),
        ("B", "repair within two years"),
        ("C", ""),
    ]
    assert list_of("", "A: fine") is None


@pytest.mark.parametrize(
    ("name", "own", "problem"),
    [
        ("own", "A: x\nA: y", "'A' comes twice"),
        ("own", ": no code", "has no code"),
        ("ours", "", "no condition list 'ours'"),
    ],
)
def test_lists_that_are_none_are_refused(name: str, own: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem):
        list_of(name, own)


def test_a_file_that_is_no_list_is_refused() -> None:
    with pytest.raises(SettingsError, match="no condition list"):
        read_list("title = 3")
    assert own_list("").codes == {}
