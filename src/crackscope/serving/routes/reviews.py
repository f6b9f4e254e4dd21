"""What people decide, and taking it back."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from crackscope.labels import Label
from crackscope.serving.auth import CurrentUser
from crackscope.serving.context import CurrentSession, found
from crackscope.serving.documents import ReviewDocument
from crackscope.serving.fields import Paragraphs, RowId
from crackscope.serving.models import Photo, Project, Review
from crackscope.serving.reviews import add_review, undo_last

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
    session: CurrentSession, who: CurrentUser, photo_id: RowId, fields: ReviewFields
) -> ReviewDocument:
    """Confirm, reject, relabel or note; kept at once, with who, when, model and old label."""
    made = add_review(
        session,
        found(session, Photo, photo_id),
        who,
        action=fields.action,
        new_label=fields.new_label,
        note=fields.note,
        box_ltrb=fields.box_ltrb,
        seen_label=fields.seen_label,
    )
    return ReviewDocument.model_validate(made)


@router.get("/v1/photos/{photo_id}/reviews")
def reviews_of_photo(session: CurrentSession, photo_id: RowId) -> list[ReviewDocument]:
    """The audit trail of a photo, oldest first."""
    found(session, Photo, photo_id)
    rows = session.scalars(select(Review).where(Review.photo_id == photo_id).order_by(Review.id))
    return [ReviewDocument.model_validate(row) for row in rows]


@router.get("/v1/projects/{project_id}/reviews")
def reviews_of_project(session: CurrentSession, project_id: RowId) -> list[ReviewDocument]:
    """The audit trail of a project, oldest first."""
    found(session, Project, project_id)
    rows = session.scalars(
        select(Review).join(Photo).where(Photo.project_id == project_id).order_by(Review.id)
    )
    return [ReviewDocument.model_validate(row) for row in rows]


@router.post("/v1/reviews/undo", status_code=201)
def undo(session: CurrentSession, who: CurrentUser, fields: UndoFields) -> ReviewDocument:
    """Undo the caller's last act that still counts; the answer is the row that undoes it."""
    return ReviewDocument.model_validate(undo_last(session, who, fields.project_id))
