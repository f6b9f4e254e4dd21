"""Which photos the gallery shows, in which order, and how many of what there are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from sqlalchemy import ColumnElement, Select, and_, case, func, null, or_, select
from sqlalchemy.orm import Session

from crackscope.labels import Label
from crackscope.serving.fields import Line, RowId
from crackscope.serving.models import FindingAct, FindingRow, Photo, Result, Review
from crackscope.serving.photos import with_result

_WAITING = ("queued", "running")


class Sort(StrEnum):
    """Which photos come first."""

    UPLOADED = "uploaded"
    NAME = "name"
    TAKEN = "taken"
    SCORE = "score"
    LABEL = "label"
    REVIEW = "review"


class ReviewState(StrEnum):
    """Photos that ask for a look (the model's doubt, an open question); reviewed ones, and those not."""

    NEEDED = "needed"
    REVIEWED = "reviewed"
    UNREVIEWED = "unreviewed"


class PhotoState(StrEnum):
    """Photos that wait for their scan or are in work; scanned ones; those that could not be scanned."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoChoice:
    """The query parameters that choose photos; all of them have to hold."""

    project_id: Annotated[RowId | None, Query(description="Without it, photos outside projects.")] = None
    review: ReviewState | None = None
    label: Annotated[Label | None, Query(description="The label that counts.")] = None
    state: PhotoState | None = None
    name: Annotated[Line, Query(description="A part of the name.")] = ""
    element: Annotated[
        Annotated[int, Field(ge=0, le=2**31 - 1)] | None, Query(description="Of this element; 0: of none.")
    ] = None
    threshold: Annotated[float | None, Query(ge=0, le=1, description="What if it were this?")] = None
    changes: Annotated[bool, Query(description="Only photos whose label `threshold` would change.")] = False

    def select(self) -> Select[Photo, Result | None]:
        """The photos, each with its current result, in no order."""
        return with_result().where(Photo.project_id == self.project_id, *self._conditions())

    def _conditions(self) -> list[ColumnElement[bool]]:
        found: list[ColumnElement[bool]] = []
        if self.review is ReviewState.REVIEWED:
            found.append(is_reviewed())
        elif self.review is ReviewState.UNREVIEWED:
            found.append(~is_reviewed())
        elif self.review is ReviewState.NEEDED:
            found.append(is_needed())
        if self.label is not None:
            found.append(Photo.label == str(self.label))
        if self.state is not None:
            states = _WAITING if self.state is PhotoState.WAITING else (str(self.state),)
            found.append(Photo.status.in_(states))
        if self.name:
            found.append(Photo.name.icontains(self.name, autoescape=True))
        if self.element is not None:
            found.append(Photo.element_id == (self.element or None))
        if self.changes and self.threshold is not None:
            found.append(_would_change(self.threshold))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoCounts:
    """How many of the chosen photos are what; labels are those that count.

    Attributes:
        needed: Photos the model asks to look at and nobody has, and those with an open question.
        would_change: Labels that would be others at the choice's threshold; 0 without one.
        open_jobs: The scans that work on them.
        version: Another text whenever a photo, result, review or finding came or went.
    """

    total: int
    waiting: int
    failed: int
    positive: int
    negative: int
    needed: int
    reviewed: int
    would_change: int
    open_jobs: list[int]
    version: str


def order(sort: Sort, *, descending: bool = False) -> tuple[Any, ...]:
    """The columns to order by; the last one leaves no ties. What is not known stays last either way."""
    first: dict[Sort, tuple[Any, ...]] = {
        Sort.UPLOADED: (),
        Sort.NAME: (func.lower(Photo.name), Photo.name),
        Sort.TAKEN: (Photo.taken_at,),
        Sort.SCORE: (-Result.score,),
        Sort.LABEL: (case((Photo.label == str(Label.POSITIVE), 0), else_=1), -Result.score),
        # What is asked about, then the least sure, then the rest; done ones last.
        Sort.REVIEW: (
            case((is_needed(), 0), (is_reviewed(), 2), else_=1),
            func.abs(Result.score - Result.threshold),
        ),
    }
    turned = [column.desc() if descending else column for column in first[sort]]
    return (*(column.nulls_last() for column in turned), Photo.id.desc() if descending else Photo.id)


def count_photos(session: Session, choice: PhotoChoice) -> PhotoCounts:
    """Count the chosen photos by state, label and review."""
    would_change = null() if choice.threshold is None else _would_change(choice.threshold)
    counted = {
        "waiting": Photo.status.in_(_WAITING),
        "failed": Photo.status == "failed",
        "positive": Photo.label == str(Label.POSITIVE),
        "negative": Photo.label == str(Label.NEGATIVE),
        "needed": is_needed(),
        "reviewed": is_reviewed(),
        "would_change": would_change,
    }
    columns = [func.coalesce(func.sum(case((rule, 1), else_=0)), 0) for rule in counted.values()]
    query = choice.select().with_only_columns(
        func.count(Photo.id), func.max(Photo.id), func.max(Result.id), *columns
    )
    total, last_photo, last_result, *numbers = session.execute(query).one()
    last_review = session.scalar(
        select(func.max(Review.id)).join(Photo).where(Photo.project_id == choice.project_id)
    )
    last_act = session.scalar(
        select(func.max(FindingAct.id))
        .join(FindingRow)
        .join(Photo)
        .where(Photo.project_id == choice.project_id)
    )
    counts = {name: int(number) for name, number in zip(counted, numbers, strict=True)}
    states = f"{total}.{counts['waiting']}.{counts['failed']}"
    return PhotoCounts(
        total=total,
        open_jobs=_open_jobs(session, choice.project_id),
        version=f"{states}.{last_photo or 0}.{last_result or 0}.{last_review or 0}.{last_act or 0}",
        **counts,
    )


def _open_jobs(session: Session, project_id: int | None) -> list[int]:
    waiting = Photo.status.in_(_WAITING)
    query = select(Photo.job_id).where(Photo.project_id == project_id, waiting).distinct()
    return list(session.scalars(query.order_by(Photo.job_id)))


def is_reviewed() -> ColumnElement[bool]:
    """SQL: whether a person settled the photo's label."""
    return Photo.decision_id.is_not(None)


def is_needed() -> ColumnElement[bool]:
    """SQL: whether a person should look: the model is in doubt, or a question is open."""
    return or_(and_(Result.reason.is_not(None), ~is_reviewed()), Photo.question.is_not(None))


def _would_change(threshold: float) -> ColumnElement[bool]:
    then = case((Result.score >= threshold, str(Label.POSITIVE)), else_=str(Label.NEGATIVE))
    return and_(Result.id.is_not(None), ~is_reviewed(), Result.label != then)
