"""What people decide: added, never changed, and undone by another row."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope.inspection.records import Verdict
from crackscope.labels import Label
from crackscope.serving.errors import ApiError
from crackscope.serving.models import Photo, Review
from crackscope.serving.photos import current_result
from crackscope.serving.verdicts import acts_of, lock_photo, settle, verdict_of


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
    key: str | None = None,
) -> Review:
    """Record an act on a photo, or on a box of it.

    Confirm keeps the label that counts now, reject turns it round, relabel sets the one given; a note
    leaves it. Where the label is another than the reviewer saw, someone was faster and nothing is recorded.
    An act whose key is known was recorded before: it is given back, and not done again.

    Raises:
        ApiError: The act makes no sense for this photo as it is, or the key is another act's.
    """
    lock_photo(session, photo)
    if (known := _known(session, key)) is not None:
        if (known.photo_id, known.who, known.action) != (photo.id, who, action):
            raise ApiError(409, "key_used", "this key belongs to another act; make a new one for each")
        return known
    result = current_result(session, photo)
    if result is None:
        raise ApiError(409, "no_result", "this photo has no result yet; wait for its scan")
    _check_box(box_ltrb, photo)
    if (action == "relabel") != (new_label is not None):
        raise ApiError(422, "invalid_request", "new_label goes with relabel, and only with it")
    if action == "note" and not note.strip():
        raise ApiError(422, "invalid_request", "a note needs text")
    old = _label_now(verdict_of(result, acts_of(session, [photo.id])[photo.id]), box_ltrb)
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
        key=key,
    )
    session.add(review)
    settle(session, photo)
    session.commit()
    return review


def undo_last(session: Session, who: str, project_id: int | None, key: str | None = None) -> Review:
    """Undo the last act of a person that still counts, in one project or outside all.

    An undo whose key is known was done before: it is given back, and nothing more is undone.

    Raises:
        ApiError: There is none.
    """
    if (known := _known(session, key)) is not None:
        return known
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
    photo = session.get_one(Photo, last.photo_id)
    lock_photo(session, photo)
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
        key=key,
    )
    session.add(undo)
    settle(session, photo)
    session.commit()
    return undo


def _known(session: Session, key: str | None) -> Review | None:
    return None if key is None else session.scalar(select(Review).where(Review.key == key))


def _check_box(box_ltrb: Sequence[int] | None, photo: Photo) -> None:
    if box_ltrb is None:
        return
    left, top, right, bottom = box_ltrb
    if not (0 <= left < right <= photo.width_px and 0 <= top < bottom <= photo.height_px):
        message = f"box_ltrb is {list(box_ltrb)}; expected a box inside {photo.width_px} x {photo.height_px}"
        raise ApiError(422, "invalid_request", message)


def _label_now(verdict: Verdict, box_ltrb: Sequence[int] | None) -> Label:
    if box_ltrb is None:
        assert verdict.label is not None
        return verdict.label
    left, top, right, bottom = box_ltrb
    return verdict.label_of((left, top, right, bottom))
