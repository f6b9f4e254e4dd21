"""What became of a region, from the cells of both dates; a cell is 10 pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from crackscope.inspection.changes import ChangeKind, RegionChange
from crackscope.inspection.records import Region
from crackscope.revisiting.changes import Frame, Sight, dilate, find_changes

ROWS, COLUMNS = 30, 40
SHIFT = np.array([[1.0, 0, 7], [0, 1, 3], [0, 0, 1]])


def sight(*boxes: tuple[int, int, int, int], score: float = 0.9, faint: float = 0.0) -> Sight:
    """Regions as boxes of cells, left, top, right, bottom; everywhere else the score is ``faint``."""
    scores = np.full((ROWS, COLUMNS), faint, np.float32)
    for left, top, right, bottom in boxes:
        scores[top:bottom, left:right] = score
    regions = tuple(
        Region(number=number, box_ltrb=tuple(10 * side for side in box), area_px=100, score=score)  # type: ignore[arg-type]
        for number, box in enumerate(boxes, start=1)
    )
    return Sight(regions=regions if score >= 0.5 else (), scores=scores)


def frame(comparable: NDArray[np.bool_] | None = None, error_px: float = 1.0) -> Frame:
    cells = np.ones((ROWS, COLUMNS), bool) if comparable is None else comparable
    return Frame(
        photo_hw=(10 * ROWS, 10 * COLUMNS),
        threshold=0.5,
        comparable=cells,
        error_px=error_px,
        later_to_earlier=SHIFT,
    )


def changes(earlier: Sight, later: Sight, within: Frame | None = None) -> list[RegionChange]:
    return list(find_changes(earlier, later, within or frame()))


def test_what_was_not_there_is_new_and_its_corners_are_told_in_both_photos() -> None:
    (change,) = changes(sight(), sight((5, 5, 20, 7)))
    assert (change.kind, change.number, change.box_ltrb) == (ChangeKind.NEW, 1, (50, 50, 200, 70))
    assert change.earlier_quad == ((57, 53), (207, 53), (207, 73), (57, 73))


def test_the_same_cells_are_the_same() -> None:
    (change,) = changes(sight((5, 5, 20, 7)), sight((5, 5, 20, 7)))
    assert (change.kind, change.grown_px) == (ChangeKind.SAME, 0)


def test_within_the_tolerance_it_is_the_same_and_a_worse_fit_tolerates_more() -> None:
    earlier, later = sight((5, 5, 20, 7)), sight((5, 5, 26, 7))
    (change,) = changes(earlier, later)  # one cell of tolerance leaves five
    assert (change.kind, change.grown_px) == (ChangeKind.GROWN, 50)
    (change,) = changes(earlier, later, frame(error_px=35))
    assert change.kind is ChangeKind.SAME
    (change,) = changes(earlier, sight((5, 5, 24, 7)))
    assert change.kind is ChangeKind.SAME


def test_what_is_not_there_any_more_is_gone_and_numbered_on() -> None:
    found = changes(sight((5, 5, 20, 7), (5, 20, 20, 22)), sight((5, 20, 20, 22)))
    assert [(change.number, change.kind) for change in found] == [(1, ChangeKind.SAME), (2, ChangeKind.GONE)]
    assert found[1].box_ltrb == (50, 50, 200, 70)


def test_weak_signs_on_the_other_date_claim_nothing() -> None:
    (change,) = changes(sight(faint=0.3), sight((5, 5, 20, 7)))
    assert (change.kind, change.reason) == (ChangeKind.NOT_COMPARABLE, "weak")
    (change,) = changes(sight((5, 5, 20, 7)), sight(faint=0.3))
    assert (change.kind, change.reason) == (ChangeKind.NOT_COMPARABLE, "weak")


def test_where_the_photos_do_not_fit_nothing_is_compared() -> None:
    cells = np.ones((ROWS, COLUMNS), bool)
    cells[:, 10:] = False
    (change,) = changes(sight(), sight((5, 5, 20, 7)), frame(cells))
    assert (change.kind, change.reason) == (ChangeKind.NOT_COMPARABLE, "outside")


def test_growth_into_what_only_one_photo_shows_is_not_claimed() -> None:
    cells = np.ones((ROWS, COLUMNS), bool)
    cells[:, 18:] = False
    (change,) = changes(sight((2, 5, 18, 7)), sight((2, 5, 30, 7)), frame(cells))
    assert change.kind is ChangeKind.SAME


def test_two_earlier_cracks_that_met_are_grown() -> None:
    (change,) = changes(sight((2, 5, 10, 7), (24, 5, 36, 7)), sight((2, 5, 36, 7)))
    assert (change.kind, change.grown_px) == (ChangeKind.GROWN, 120)


@given(st.integers(0, 25), st.integers(0, 20), st.integers(3, 12), st.integers(1, 8))
def test_a_date_compared_with_itself_has_not_changed(left: int, top: int, width: int, height: int) -> None:
    one = sight((left, top, min(COLUMNS, left + width), min(ROWS, top + height)))
    assert [change.kind for change in changes(one, one)] == [ChangeKind.SAME]


def test_dilation_reaches_all_eight_sides_and_no_further() -> None:
    mask = np.zeros((7, 7), bool)
    mask[3, 3] = True
    assert dilate(mask, 2).sum() == 25
    assert dilate(mask, 0).sum() == 1
