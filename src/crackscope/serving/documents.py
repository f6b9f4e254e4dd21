"""What the API answers with, made from the rows of the database."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from crackscope.serving.models import Photo, Result, Review


class _FromRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ProjectDocument(_FromRow):
    """A project and how far its photos are."""

    id: int
    name: str
    structure: str
    element: str
    inspector: str
    inspected_on: date | None
    notes: str
    created_at: datetime
    photos: int = 0


class JobDocument(_FromRow):
    """A scan: queued, running, done, failed or cancelled; ``done`` of ``total`` photos are finished."""

    id: int
    kind: str
    status: str
    done: int
    total: int
    error: str | None
    settings: dict[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class ResultDocument(_FromRow):
    """What the model said; regions as in ``results.json`` of ``crackscope scan``."""

    id: int
    model_sha256: str
    settings: dict[str, Any]
    label: str
    score: float
    threshold: float
    review: bool
    reason: str | None
    cracked_share: float
    tile_px: int
    regions: list[dict[str, Any]]
    created_at: datetime


class ReviewDocument(_FromRow):
    """One act of a person."""

    id: int
    photo_id: int
    box_ltrb: list[int] | None
    action: str
    old_label: str | None
    new_label: str | None
    note: str
    who: str
    model_sha256: str | None
    created_at: datetime
    undone: bool
    undoes_id: int | None


class PhotoDocument(_FromRow):
    """A photo, what the model said of it, and what a person did.

    ``label`` is the one that counts: the reviewer's where there is one, else the model's.
    """

    id: int
    project_id: int | None
    job_id: int
    name: str
    sha256: str
    width_px: int
    height_px: int
    size_bytes: int
    taken_at: str | None
    camera: str | None
    focal_length_mm: float | None
    latitude: float | None
    longitude: float | None
    uploaded_at: datetime
    expires_at: datetime | None
    status: str
    error: str | None
    label: str | None = None
    reviewed: bool = False
    decision: ReviewDocument | None = None
    result: ResultDocument | None = None


def photo_document(photo: Photo, result: Result | None, decision: Review | None) -> PhotoDocument:
    """A photo with its current result and the review of it as a whole that counts."""
    document = PhotoDocument.model_validate(
        {name: getattr(photo, name) for name in PhotoDocument.model_fields if hasattr(photo, name)}
    )
    if result is not None:
        document.result = ResultDocument.model_validate(result)
        document.label = result.label
    if decision is not None:
        document.decision, document.reviewed = ReviewDocument.model_validate(decision), True
        document.label = decision.new_label
    return document
