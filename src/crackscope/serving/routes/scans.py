"""``POST /v1/scan`` and its jobs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope.errors import SettingsError
from crackscope.serving import jobs
from crackscope.serving.context import CurrentServer, CurrentSession, Server, found
from crackscope.serving.documents import JobDocument
from crackscope.serving.errors import ApiError, busy, photo_refusal
from crackscope.serving.fields import RowId
from crackscope.serving.limits import check_files, upload_name
from crackscope.serving.models import Job, Photo, Project
from crackscope.serving.photos import take_in

router = APIRouter(tags=["scan"])

_MOST_LISTED = 200


class UploadedPhoto(BaseModel):
    """A photo that was taken in; ``error`` where it can't be scanned."""

    id: int
    name: str
    status: str
    error: str | None


class ScanDocument(BaseModel):
    """The job that scans an upload, and its photos."""

    job: JobDocument
    photos: list[UploadedPhoto]


@router.post("/v1/scan", status_code=202)
def scan(
    server: CurrentServer,
    session: CurrentSession,
    files: Annotated[list[UploadFile], File(description="Photos, any number.")],
    project_id: Annotated[RowId | None, Form()] = None,
    overlap: Annotated[float, Form(ge=0, le=0.9)] = 0.5,
    tile_px: Annotated[int | None, Form(ge=16, le=100_000)] = None,
    threshold: Annotated[float | None, Form(ge=0, le=1)] = None,
    mm_per_px: Annotated[float | None, Form(gt=0, le=1000)] = None,
) -> ScanDocument:
    """Keep photos and scan them; the answer comes at once, the job tells how far it is.

    Photos without a project are deleted after a while. A photo that is none is a failed one; where that is
    true of all, the answer is 413, 415 or 422 and nothing is kept.
    """
    limits = server.settings.limits
    check_files(files, limits)
    settings = {"overlap": overlap, "tile_px": tile_px, "threshold": threshold, "mm_per_px": mm_per_px}
    _check_settings(settings, limits.pixels)
    if project_id is not None:
        found(session, Project, project_id)
    _require_room(session, server)
    with server.store.lock:
        job = Job(settings=settings, total=len(files))
        session.add(job)
        session.flush()
        uploads = [(upload_name(file), file.file) for file in files]
        taken = take_in(session, server.store, server.settings, job, project_id, uploads)
        refusals = [refusal for _, refusal in taken if refusal is not None]
        if len(refusals) == len(taken):
            session.rollback()
            server.store.delete_unused(session, [photo.sha256 for photo, _ in taken])
            status, code = photo_refusal(refusals[0])
            details = {"photos": [{"name": photo.name, "error": photo.error} for photo, _ in taken]}
            raise ApiError(status, code, f"{taken[0][0].name}: {refusals[0]}", details=details)
        job.done = len(refusals)
        session.commit()
    server.runner.wake()
    return ScanDocument(
        job=JobDocument.model_validate(job),
        photos=[
            UploadedPhoto(id=photo.id, name=photo.name, status=photo.status, error=photo.error)
            for photo, _ in taken
        ],
    )


class ScanFields(BaseModel):
    """How to scan again; what is left out is as in ``POST /v1/scan``."""

    model_config = ConfigDict(extra="forbid")

    overlap: Annotated[float, Field(ge=0, le=0.9)] = 0.5
    tile_px: Annotated[int | None, Field(ge=16, le=100_000)] = None
    threshold: Annotated[float | None, Field(ge=0, le=1)] = None
    mm_per_px: Annotated[float | None, Field(gt=0, le=1000)] = None


@router.post("/v1/projects/{project_id}/scan", status_code=202)
def scan_project(
    server: CurrentServer, session: CurrentSession, project_id: RowId, fields: ScanFields
) -> JobDocument:
    """Scan all photos of a project again, with another threshold or scale; reviews stay."""
    found(session, Project, project_id)
    settings = fields.model_dump()
    _check_settings(settings, server.settings.limits.pixels)
    photos = session.scalars(select(Photo).where(Photo.project_id == project_id).order_by(Photo.id)).all()
    if not photos:
        raise ApiError(409, "no_photos", "there is nothing to scan; upload photos first")
    if any(photo.status in ("queued", "running") for photo in photos):
        raise ApiError(409, "scan_running", "photos of this project are being scanned; wait or cancel that")
    _require_room(session, server)
    job = jobs.scan_again(session, photos, settings)
    server.runner.wake()
    return JobDocument.model_validate(job)


@router.get("/v1/jobs")
def list_jobs(session: CurrentSession) -> list[JobDocument]:
    """The latest jobs, newest first."""
    rows = session.scalars(select(Job).order_by(Job.id.desc()).limit(_MOST_LISTED))
    return [JobDocument.model_validate(job) for job in rows]


@router.get("/v1/jobs/{job_id}")
def get_job(session: CurrentSession, job_id: RowId) -> JobDocument:
    """How far a job is."""
    return JobDocument.model_validate(found(session, Job, job_id))


@router.delete("/v1/jobs/{job_id}", status_code=204)
def cancel_job(session: CurrentSession, job_id: RowId) -> Response:
    """Cancel a job; the photo in work is finished, the others are not begun."""
    jobs.cancel(session, found(session, Job, job_id))
    return Response(status_code=204)


def _check_settings(settings: dict[str, Any], limit_pixels: int) -> None:
    try:
        jobs.scan_settings(settings, limit_pixels)
    except SettingsError as error:
        raise ApiError(422, "invalid_request", str(error)) from None


def _require_room(session: Session, server: Server) -> None:
    limit = server.settings.limits.jobs
    if jobs.open_jobs(session) >= limit:
        raise busy("too_many_jobs", "too many scans wait; try again", status=429, limit=limit)
