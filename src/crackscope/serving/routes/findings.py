"""Findings: what people state of places, numbered for good; and the condition lists they rate by."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from crackscope.inspection.conditions import SHIPPED, list_document, list_of, shipped_list
from crackscope.inspection.findings import (
    MOST_POINTS,
    Finding,
    FindingKind,
    Rating,
    Shape,
    ShapeKind,
    Statement,
    WidthMethod,
    finding_document,
)
from crackscope.serving.auth import CurrentUser
from crackscope.serving.context import CurrentSession, found
from crackscope.serving.documents import ConditionListDocument, FindingActDocument, FindingDocument
from crackscope.serving.errors import ApiError
from crackscope.serving.fields import IdempotencyKey, Line, Paragraphs, RowId
from crackscope.serving.findings import (
    acts_of_finding,
    add_finding,
    change_finding,
    finding_now,
    findings_of_photo,
    findings_of_project,
)
from crackscope.serving.models import FindingRow, Photo, Project

router = APIRouter(tags=["findings"])

_Pixel = Annotated[int, Field(ge=0, le=2**31 - 1)]
_PointXY = Annotated[list[_Pixel], Field(min_length=2, max_length=2)]


class ShapeFields(BaseModel):
    """A box (two corners), a polygon or a polyline, in pixels of the upright photo."""

    model_config = ConfigDict(extra="forbid")

    kind: ShapeKind
    points_xy: Annotated[list[_PointXY], Field(min_length=2, max_length=MOST_POINTS)]


class RatingFields(BaseModel):
    """A class of one scale of the project's condition list."""

    model_config = ConfigDict(extra="forbid")

    scale: Annotated[Line, Field(max_length=40)] = ""
    code: Annotated[Line, Field(min_length=1, max_length=40)]


class StatementFields(BaseModel):
    """What is stated; a width is typed by a person, with how it was measured, or is not there."""

    model_config = ConfigDict(extra="forbid")

    kind: FindingKind
    shape: ShapeFields
    width_mm: Annotated[float | None, Field(gt=0, le=10_000, allow_inf_nan=False)] = None
    width_method: WidthMethod | None = None
    ratings: Annotated[list[RatingFields], Field(max_length=20)] = []
    recommendation: Paragraphs = ""
    note: Paragraphs = ""

    def record(self) -> Statement:
        """The same as the record of the inspection."""
        return Statement(
            kind=self.kind,
            shape=Shape(kind=self.shape.kind, points_xy=tuple((x, y) for x, y in self.shape.points_xy)),
            width_mm=self.width_mm,
            width_method=self.width_method,
            ratings=tuple(Rating(scale=each.scale, code=each.code) for each in self.ratings),
            recommendation=self.recommendation.strip(),
            note=self.note.strip(),
        )


class StatementChange(StatementFields):
    """Stated anew, as a whole; with ``seen_act`` it is refused where another act came since."""

    seen_act: RowId | None = None


@router.get("/v1/projects/{project_id}/findings")
def list_findings(session: CurrentSession, project_id: RowId) -> list[FindingDocument]:
    """A project's findings by number; withdrawn ones are not among them, and their numbers stay free."""
    found(session, Project, project_id)
    return [_document(finding) for finding in findings_of_project(session, project_id)]


@router.get("/v1/photos/{photo_id}/findings")
def findings_in_photo(session: CurrentSession, photo_id: RowId) -> list[FindingDocument]:
    """A photo's findings by number."""
    found(session, Photo, photo_id)
    return [_document(finding) for finding in findings_of_photo(session, photo_id)]


@router.post("/v1/photos/{photo_id}/findings", status_code=201)
def state_finding(
    session: CurrentSession,
    who: CurrentUser,
    photo_id: RowId,
    fields: StatementFields,
    key: IdempotencyKey = None,
) -> FindingDocument:
    """State a finding; it gets the next number of the project, which is never given again.

    With an ``Idempotency-Key`` made by the client it is kept once, however often it is sent.
    """
    row = add_finding(session, found(session, Photo, photo_id), fields.record(), who, key)
    return _document(_standing(session, row))


@router.put("/v1/findings/{finding_id}")
def restate_finding(
    session: CurrentSession,
    who: CurrentUser,
    finding_id: RowId,
    fields: StatementChange,
    key: IdempotencyKey = None,
) -> FindingDocument:
    """State a finding anew, as a whole; what was stated before stays in its history."""
    row = found(session, FindingRow, finding_id)
    change_finding(session, row, fields.record(), who, seen_act=fields.seen_act, key=key)
    return _document(_standing(session, row))


@router.delete("/v1/findings/{finding_id}")
def withdraw_finding(
    session: CurrentSession,
    who: CurrentUser,
    finding_id: RowId,
    seen_act: Annotated[RowId | None, Query()] = None,
    key: IdempotencyKey = None,
) -> FindingActDocument:
    """Withdraw a finding; its number and history stay, and stated anew it is there again."""
    row = found(session, FindingRow, finding_id)
    change_finding(session, row, None, who, seen_act=seen_act, key=key)
    return history_of_finding(session, finding_id)[-1]


@router.get("/v1/findings/{finding_id}/history")
def history_of_finding(session: CurrentSession, finding_id: RowId) -> list[FindingActDocument]:
    """All that was stated of a finding, oldest first, with who and when."""
    row = found(session, FindingRow, finding_id)
    return [
        FindingActDocument.model_validate(
            {
                "id": act.id,
                "finding_id": row.id,
                "number": row.number,
                "statement": act.statement,
                "who": act.who,
                "created_at": act.created_at,
            }
        )
        for act in acts_of_finding(session, row)
    ]


@router.get("/v1/condition-lists")
def condition_lists() -> dict[str, ConditionListDocument]:
    """The condition lists that come with crackscope, by name."""
    return {name: _list(list_document(shipped_list(name))) for name in SHIPPED}


@router.get("/v1/projects/{project_id}/conditions")
def conditions_of_project(session: CurrentSession, project_id: RowId) -> ConditionListDocument | None:
    """The list that the project chose; null where it chose none."""
    project = found(session, Project, project_id)
    chosen = list_of(project.condition_list, project.own_conditions)
    return None if chosen is None else _list(list_document(chosen))


def _standing(session: Session, row: FindingRow) -> Finding:
    finding = finding_now(session, row)
    if finding is None:
        raise ApiError(409, "finding_withdrawn", f"finding {row.number} was withdrawn meanwhile")
    return finding


def _document(finding: Finding) -> FindingDocument:
    return FindingDocument.model_validate(finding_document(finding))


def _list(document: dict[str, Any]) -> ConditionListDocument:
    return ConditionListDocument.model_validate(document)
