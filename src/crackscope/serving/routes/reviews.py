"""What people decide, and taking it back."""

from __future__ import annotations

from collections import defaultdict
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from crackscope.inspection.records import Act, BoxLTRB
from crackscope.inspection.verdict import place_names
from crackscope.labels import Label
from crackscope.serving.auth import CurrentUser
from crackscope.serving.context import CurrentSession, found
from crackscope.serving.documents import ReviewDocument
from crackscope.serving.fields import IdempotencyKey, Paragraphs, RowId
from crackscope.serving.models import Photo, Project, Review
from crackscope.serving.photos import with_result
from crackscope.serving.reviews import add_review, undo_last
from crackscope.serving.verdicts import act_of, regions_of

router = APIRouter(tags=["reviews"])

_Pixel = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Action(StrEnum):
    """Confirm the label, reject it, set another, or only note something."""

    CONFIRM = "confirm"
    REJECT = "reject"
    RELABEL = "relabel"
    NOTE = "note"


class ReviewFields(BaseModel):
    """An act; ``box_ltrb`` in pixels of the upright photo, without it the photo as a whole.

    With ``seen_label``, the label that the reviewer looked at, the act is refused where it is another by now.
    """

    model_config = ConfigDict(extra="forbid")

    action: Action
    new_label: Label | None = None
    note: Paragraphs = ""
    box_ltrb: Annotated[list[_Pixel], Field(min_length=4, max_length=4)] | None = None
    seen_label: Label | None = None


class UndoFields(BaseModel):
    """Where to undo; without a project, among photos outside projects."""

    model_config = ConfigDict(extra="forbid")

    project_id: RowId | None = None


@router.post("/v1/photos/{photo_id}/reviews", status_code=201)
def review(
    session: CurrentSession,
    who: CurrentUser,
    photo_id: RowId,
    fields: ReviewFields,
    key: IdempotencyKey = None,
) -> ReviewDocument:
    """Confirm, reject, relabel or note; kept at once, with who, when, model and old label.

    With an ``Idempotency-Key`` made by the client it is kept once, however often it is sent.
    """
    made = add_review(
        session,
        found(session, Photo, photo_id),
        who,
        action=fields.action,
        new_label=fields.new_label,
        note=fields.note,
        box_ltrb=fields.box_ltrb,
        seen_label=fields.seen_label,
        key=key,
    )
    return ReviewDocument.model_validate(made)


class TrailDocument(ReviewDocument):
    """An act with what it was about: the photo's name, and the number or letter of the place."""

    photo_name: str
    place: str | None


@router.get("/v1/photos/{photo_id}/reviews")
def reviews_of_photo(session: CurrentSession, photo_id: RowId) -> list[TrailDocument]:
    """The audit trail of a photo, oldest first."""
    found(session, Photo, photo_id)
    return _trail(session, Photo.id == photo_id)


@router.get("/v1/projects/{project_id}/reviews")
def reviews_of_project(session: CurrentSession, project_id: RowId) -> list[TrailDocument]:
    """The audit trail of a project, oldest first."""
    found(session, Project, project_id)
    return _trail(session, Photo.project_id == project_id)


@router.post("/v1/reviews/undo", status_code=201)
def undo(
    session: CurrentSession, who: CurrentUser, fields: UndoFields, key: IdempotencyKey = None
) -> ReviewDocument:
    """Undo the caller's last act that still counts; the answer is the row that undoes it."""
    return ReviewDocument.model_validate(undo_last(session, who, fields.project_id, key))


def _trail(session: Session, which: ColumnElement[bool]) -> list[TrailDocument]:
    photos = {photo.id: (photo, result) for photo, result in session.execute(with_result().where(which))}
    rows = session.scalars(select(Review).join(Photo).where(which).order_by(Review.id)).all()
    acts: defaultdict[int, list[Act]] = defaultdict(list)
    for row in rows:
        acts[row.photo_id].append(act_of(row))
    names: dict[int, dict[BoxLTRB, str]] = {}
    for photo_id, done in acts.items():
        result = photos[photo_id][1]
        names[photo_id] = place_names(() if result is None else regions_of(result), done)
    return [
        TrailDocument(
            **ReviewDocument.model_validate(row).model_dump(),
            photo_name=photos[row.photo_id][0].name,
            place=None if (box := act_of(row).box_ltrb) is None else names[row.photo_id].get(box),
        )
        for row in rows
    ]
