"""What people decide: added, never changed, and undone by another row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, exists, null, select
from sqlalchemy.orm import Session

from crackscope.labels import Label
from crackscope.serving.errors import ApiError
from crackscope.serving.models import Photo, Result, Review
from crackscope.serving.photos import current_result
from crackscope.serving.tiles import boxes_overlap

#: Acts that settle a label.
DECISIONS = ("confirm", "reject", "relabel")


def add_review(
    session: Session,
    photo: Photo,
    who: str,
    *,
    action: str,
    new_label: Label | None,
    note: str,
    box_ltrb: list[int] | None,
    seen_label: Label | None = None,
) -> Review:
    """Record an act on a photo, or on a box of it.

    Confirm keeps the label that counts now, reject turns it round, relabel sets the one given; a note
    leaves it. Where the label is another than the reviewer saw, someone was faster and nothing is recorded.

    Raises:
        ApiError: The act makes no sense for this photo as it is.
    """
    result = current_result(session, photo)
    if result is None:
        raise ApiError(409, "no_result", "this photo has no result yet; wait for its scan")
    _check_box(box_ltrb, photo)
    if (action == "relabel") != (new_label is not None):
        raise ApiError(422, "invalid_request", "new_label goes with relabel, and only with it")
    if action == "note" and not note.strip():
        raise ApiError(422, "invalid_request", "a note needs text")
    old = _label_now(session, photo, result, box_ltrb)
    if seen_label is not None and seen_label is not old:
        raise ApiError(409, "label_changed", f"the label is {old} by now; look again", details={"label": old})
    other = Label.NEGATIVE if old is Label.POSITIVE else Label.POSITIVE
    labels = {"confirm": old, "reject": other, "relabel": new_label, "note": None}
    label = labels[action]
    review = Review(
        photo_id=photo.id,
        box_ltrb=box_ltrb,
        action=action,
        old_label=str(old),
        new_label=None if label is None else str(label),
        note=note,
        who=who,
        model_sha256=result.model_sha256,
    )
    session.add(review)
    session.commit()
    return review


def undo_last(session: Session, who: str, project_id: int | None) -> Review:
    """Undo the last act of a person that still counts, in one project or outside all.

    Raises:
        ApiError: There is none.
    """
    last = session.scalar(
        select(Review)
        .join(Photo)
        .where(Photo.project_id == project_id, Review.who == who, ~Review.undone, Review.action != "undo")
        .order_by(Review.id.desc())
        .limit(1)
        .with_for_update(of=Review)
    )
    if last is None:
        raise ApiError(409, "nothing_to_undo", f"there is nothing of {who} to undo here")
    last.undone = True
    undo = Review(
        photo_id=last.photo_id,
        box_ltrb=last.box_ltrb,
        action="undo",
        old_label=last.new_label,
        new_label=last.old_label,
        who=who,
        model_sha256=last.model_sha256,
        undoes_id=last.id,
    )
    session.add(undo)
    session.commit()
    return undo


def decisions(session: Session, photo_ids: Iterable[int]) -> dict[int, Review]:
    """The review of each photo as a whole that counts."""
    query = _counting().where(Review.photo_id.in_(list(photo_ids)))
    return {review.photo_id: review for review in session.scalars(query) if review.box_ltrb is None}


def box_decisions(session: Session, photo_id: int) -> dict[tuple[int, ...], Review]:
    """The review of each box of a photo that counts."""
    query = _counting().where(Review.photo_id == photo_id)
    return {tuple(review.box_ltrb): review for review in session.scalars(query) if review.box_ltrb}


def settled(review: Review) -> Label:
    """The label that a deciding review set."""
    assert review.new_label is not None
    return Label(review.new_label)


def is_reviewed() -> ColumnElement[bool]:
    """SQL: whether a photo as a whole has a decision that counts."""
    counts = (~Review.undone, Review.action.in_(DECISIONS), Review.box_ltrb.is_(null()))
    return exists().where(Review.photo_id == Photo.id, *counts)


def _counting() -> Select[Review]:
    return select(Review).where(~Review.undone, Review.action.in_(DECISIONS)).order_by(Review.id)


def _check_box(box_ltrb: Sequence[int] | None, photo: Photo) -> None:
    if box_ltrb is None:
        return
    left, top, right, bottom = box_ltrb
    if not (0 <= left < right <= photo.width_px and 0 <= top < bottom <= photo.height_px):
        message = f"box_ltrb is {list(box_ltrb)}; expected a box inside {photo.width_px} x {photo.height_px}"
        raise ApiError(422, "invalid_request", message)


def _label_now(session: Session, photo: Photo, result: Result, box_ltrb: list[int] | None) -> Label:
    if box_ltrb is None:
        decided = decisions(session, [photo.id]).get(photo.id)
        return settled(decided) if decided is not None else Label(result.label)
    decided = box_decisions(session, photo.id).get(tuple(box_ltrb))
    if decided is not None:
        return settled(decided)
    # Before anyone decided: what the model said of that place.
    touched = any(boxes_overlap(box_ltrb, region["box_ltrb_px"]) for region in result.regions)
    return Label.POSITIVE if touched else Label.NEGATIVE
