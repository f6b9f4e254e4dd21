"""``/v1/projects/{id}/comparison``: what changed since an earlier inspection, which is another project."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crackscope.errors import DataError, MissingExtraError
from crackscope.inspection.changes import ChangeKind, Comparison
from crackscope.serving import comparisons, jobs
from crackscope.serving.context import CurrentServer, CurrentSession, found
from crackscope.serving.documents import JobDocument
from crackscope.serving.errors import ApiError, busy
from crackscope.serving.fields import RowId
from crackscope.serving.models import Photo, Project

router = APIRouter(prefix="/v1/projects/{project_id}/comparison", tags=["comparison"])


class ResultName(StrEnum):
    """The files of a comparison, see ``crackscope compare-inspections``."""

    SHEET = "index.html"
    TABLE = "changes.csv"
    JSON = "comparison.json"


_TYPES = {
    ResultName.SHEET: "text/html; charset=utf-8",
    ResultName.TABLE: "text/csv; charset=utf-8",
    ResultName.JSON: "application/json",
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.partition(";")[0]: {} for kind in _TYPES.values()}}
}
#: The sheet is one file with a script of its own: it may run, but as a stranger here, and ask for nothing.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "sandbox allow-scripts",
    "Cache-Control": "no-store",
}


class EarlierInspection(BaseModel):
    """With what a project is compared."""

    model_config = ConfigDict(extra="forbid")

    earlier: RowId


class ComparisonResult(BaseModel):
    """What a comparison found; ``counts`` are regions by what became of them."""

    earlier: str
    later: str
    compared: int
    not_compared: int
    counts: dict[str, int]


class ComparisonDocument(BaseModel):
    """The last comparison that was asked for, and the result of the last one that was finished."""

    job: JobDocument | None
    result: ComparisonResult | None


@router.post("", status_code=202)
def compare(
    server: CurrentServer, session: CurrentSession, project_id: RowId, fields: EarlierInspection
) -> JobDocument:
    """Compare the photos of a project with those of an earlier one: new, grown, the same, gone.

    They are paired by element and name, position or content, and both looked at by this server's model. It is
    a job of the queue and can be cancelled like a scan. The project's report gets a chapter of the result.
    """
    found(session, Project, project_id)
    found(session, Project, fields.earlier)
    if fields.earlier == project_id:
        raise ApiError(422, "invalid_request", "a project can't be compared with itself")
    try:
        comparisons.require_extra()
    except MissingExtraError as error:
        raise ApiError(501, "extra_missing", str(error)) from None
    photos = [_photos(session, each) for each in (fields.earlier, project_id)]
    if 0 in photos:
        raise ApiError(409, "no_photos", "one of the two projects has no photos; upload them first")
    if comparisons.is_open(session, project_id):
        raise ApiError(409, "comparison_running", "this project is being compared; wait or cancel that")
    limit = server.settings.limits.jobs
    if jobs.open_jobs(session) >= limit:
        raise busy("too_many_jobs", "too many scans wait; try again", status=429, limit=limit)
    job = comparisons.begin_comparison(session, project_id, fields.earlier, photos[1])
    session.commit()
    server.runner.wake()
    return JobDocument.model_validate(job)


@router.get("")
def get_comparison(server: CurrentServer, session: CurrentSession, project_id: RowId) -> ComparisonDocument:
    """How far the comparison of a project is, and what the last finished one found; both null: none yet."""
    found(session, Project, project_id)
    known = comparisons.jobs_of(session, project_id)
    compared = comparisons.compared_with(session, server.comparisons, project_id)
    return ComparisonDocument(
        job=JobDocument.model_validate(known[0]) if known else None,
        result=None if compared is None else _result(compared.comparison),
    )


@router.get("/{name}", response_class=FileResponse, responses=_FILES)
def get_file(
    server: CurrentServer, session: CurrentSession, project_id: RowId, name: ResultName
) -> FileResponse:
    """The sheet of the last finished comparison, both photos with a swipe; or its tables."""
    found(session, Project, project_id)
    try:
        path = comparisons.result_file(session, server.comparisons, project_id, name)
    except DataError as error:
        raise ApiError(404, "not_found", str(error)) from None
    return FileResponse(path, media_type=_TYPES[name], headers=_HEADERS)


def _result(comparison: Comparison) -> ComparisonResult:
    later = [photo for photo in comparison.photos if photo.later is not None]
    left = sum(bool(photo.reason) for photo in later)
    return ComparisonResult(
        earlier=comparison.earlier,
        later=comparison.later,
        compared=len(later) - left,
        not_compared=left,
        counts={str(kind): comparison.count(kind) for kind in ChangeKind},
    )


def _photos(session: Session, project_id: int) -> int:
    return session.scalar(select(func.count()).where(Photo.project_id == project_id)) or 0
