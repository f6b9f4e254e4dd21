"""``POST /v1/scan`` and its jobs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crackscope.errors import SettingsError
from crackscope.inference.settings import MM_PER_PX, OVERLAP, THRESHOLD, TILE_PX, USUAL
from crackscope.serving import jobs
from crackscope.serving.context import CurrentServer, CurrentSession, Server, found
from crackscope.serving.documents import JobDocument
from crackscope.serving.elements import element_named, put_into
from crackscope.serving.errors import ApiError, busy, photo_refusal
from crackscope.serving.fields import IdempotencyKey, Line, RowId
from crackscope.serving.limits import check_files, upload_name
from crackscope.serving.models import Job, Photo, Project, Result
from crackscope.serving.photo_store import hash_of
from crackscope.serving.photos import take_in, with_result

router = APIRouter(tags=["scan"])

_MOST_LISTED = 200
_LINE: TypeAdapter[str] = TypeAdapter(Line)


class UploadedPhoto(BaseModel):
    """A photo that was taken in; ``error`` where it can't be scanned."""

    id: int
    name: str
    status: str
    error: str | None


class SkippedPhoto(BaseModel):
    """A file that was not kept, because the project has it already."""

    name: str
    same_as: int


class ScanDocument(BaseModel):
    """The job that scans an upload, its photos, and what was skipped because it is there already."""

    job: JobDocument
    photos: list[UploadedPhoto]
    skipped: list[SkippedPhoto]


@router.post("/v1/scan", status_code=202)
def scan(
    server: CurrentServer,
    session: CurrentSession,
    files: Annotated[list[UploadFile], File(description="Photos, any number.")],
    project_id: Annotated[RowId | None, Form()] = None,
    overlap: Annotated[float, Form(ge=OVERLAP.least, le=OVERLAP.most)] = USUAL.overlap,
    tile_px: Annotated[int | None, Form(ge=TILE_PX.least, le=TILE_PX.most)] = None,
    threshold: Annotated[float | None, Form(ge=THRESHOLD.least, le=THRESHOLD.most)] = None,
    mm_per_px: Annotated[float | None, Form(ge=MM_PER_PX.least, le=MM_PER_PX.most)] = None,
    skip_copies: Annotated[bool, Form(description="Skip files that the project has.")] = False,
    elements: Annotated[
        list[str] | None, Form(description="The element of each file, in their order; empty: of none.")
    ] = None,
    key: IdempotencyKey = None,
) -> ScanDocument:
    """Keep photos and scan them; the answer comes at once, the job tells how far it is.

    With an ``Idempotency-Key`` made by the client the photos are kept once, however often they are sent.

    Photos without a project are deleted after a while. A photo that is none is a failed one; where that is
    true of all, the answer is 413, 415 or 422 and nothing is kept.
    """
    limits = server.settings.limits
    check_files(files, limits)
    names = _element_names(files, project_id, elements or [])
    settings = {"overlap": overlap, "tile_px": tile_px, "threshold": threshold, "mm_per_px": mm_per_px}
    _check_settings(settings, limits.pixels)
    if project_id is not None:
        found(session, Project, project_id)
    with server.store.lock:
        if (known := _job_of(session, key)) is not None:
            return _document(session, known)
        _require_room(session, server)
        job = Job(settings=settings, total=len(files), project_id=project_id, key=key)
        session.add(job)
        session.flush()
        uploads = [(upload_name(file), file.file) for file in files]
        places = dict(zip((id(stream) for _, stream in uploads), names, strict=True))
        skipped: list[SkippedPhoto] = []
        if skip_copies:
            uploads, skipped = _without_copies(session, project_id, uploads)
        taken = take_in(session, server.store, server.settings, job, project_id, uploads)
        _put_into_elements(session, [photo for photo, _ in taken], [places[id(file)] for _, file in uploads])
        refusals = [refusal for _, refusal in taken if refusal is not None]
        if taken and len(refusals) == len(taken) and not skipped:
            session.rollback()
            server.store.delete_unused(session, [photo.sha256 for photo, _ in taken])
            status, code = photo_refusal(refusals[0])
            details = {"photos": [{"name": photo.name, "error": photo.error} for photo, _ in taken]}
            raise ApiError(status, code, f"{taken[0][0].name}: {refusals[0]}", details=details)
        job.done, job.total = len(refusals), len(taken)
        session.commit()
    server.runner.wake()
    return _document(session, job, skipped)


@router.get("/v1/uploads/{key}")
def get_upload(session: CurrentSession, key: str) -> ScanDocument:
    """What an upload with this ``Idempotency-Key`` became; 404 where it never arrived."""
    job = _job_of(session, key)
    if job is None:
        raise ApiError(404, "not_found", "there is no upload with this key")
    return _document(session, job)


class ScanFields(BaseModel):
    """What to do otherwise; what is left out stays as it is for each photo, null takes it back."""

    model_config = ConfigDict(extra="forbid")

    overlap: Annotated[float, Field(ge=OVERLAP.least, le=OVERLAP.most)] = USUAL.overlap
    tile_px: Annotated[int | None, Field(ge=TILE_PX.least, le=TILE_PX.most)] = None
    threshold: Annotated[float | None, Field(ge=THRESHOLD.least, le=THRESHOLD.most)] = None
    mm_per_px: Annotated[float | None, Field(ge=MM_PER_PX.least, le=MM_PER_PX.most)] = None


@router.post("/v1/projects/{project_id}/scan", status_code=202)
def scan_project(
    server: CurrentServer, session: CurrentSession, project_id: RowId, fields: ScanFields
) -> JobDocument:
    """Scan all photos of a project again, with another threshold or scale; reviews stay."""
    found(session, Project, project_id)
    changes = fields.model_dump(exclude_unset=True)
    _check_settings(changes, server.settings.limits.pixels)
    photos = session.scalars(select(Photo).where(Photo.project_id == project_id).order_by(Photo.id)).all()
    if not photos:
        raise ApiError(409, "no_photos", "there is nothing to scan; upload photos first")
    if any(photo.status in ("queued", "running") for photo in photos):
        raise ApiError(409, "scan_running", "photos of this project are being scanned; wait or cancel that")
    _require_room(session, server)
    job = jobs.scan_again(session, photos, changes, project_id)
    server.runner.wake()
    return JobDocument.model_validate(job)


class SiteCutDocument(BaseModel):
    """Where Positive would begin on a site, from what, and why; see ``--site`` of the commands."""

    threshold: float
    model_threshold: float
    photos: int
    positive: int
    reason: str


@router.get("/v1/projects/{project_id}/site-cut")
def site_cut(server: CurrentServer, session: CurrentSession, project_id: RowId) -> SiteCutDocument:
    """Where Positive would begin if the project's photos are one site; scan again with it to apply it."""
    found(session, Project, project_id)
    known = with_result().where(
        Photo.project_id == project_id, Result.model_sha256 == server.classifier.bundle.identity
    )
    cut = server.classifier.site_cut(session.scalars(known.with_only_columns(Result.score)))
    return SiteCutDocument.model_validate(cut.as_row())


@router.get("/v1/jobs")
def list_jobs(session: CurrentSession) -> list[JobDocument]:
    """The latest jobs, newest first."""
    rows = session.scalars(select(Job).order_by(Job.id.desc()).limit(_MOST_LISTED)).all()
    projects = {job.project_id for job in rows}
    named = session.execute(select(Project.id, Project.name).where(Project.id.in_(projects)))
    names = {row.id: row.name for row in named}
    documents = [JobDocument.model_validate(job) for job in rows]
    for document in documents:
        document.project = names.get(document.project_id or 0)
    return documents


@router.get("/v1/jobs/{job_id}")
def get_job(session: CurrentSession, job_id: RowId) -> JobDocument:
    """How far a job is."""
    return JobDocument.model_validate(found(session, Job, job_id))


@router.delete("/v1/jobs/{job_id}", status_code=204)
def cancel_job(session: CurrentSession, job_id: RowId) -> Response:
    """Cancel a job; the photo in work is finished, the others are not begun."""
    jobs.cancel(session, found(session, Job, job_id))
    return Response(status_code=204)


def _document(session: Session, job: Job, skipped: Sequence[SkippedPhoto] = ()) -> ScanDocument:
    photos = session.scalars(select(Photo).where(Photo.job_id == job.id).order_by(Photo.id))
    return ScanDocument(
        job=JobDocument.model_validate(job),
        photos=[
            UploadedPhoto(id=photo.id, name=photo.name, status=photo.status, error=photo.error)
            for photo in photos
        ],
        skipped=list(skipped),
    )


def _element_names(files: Sequence[UploadFile], project_id: int | None, names: list[str]) -> list[str]:
    if names and len(names) != len(files):
        message = f"{len(names)} elements for {len(files)} files; expected one for each, or none at all"
        raise ApiError(422, "invalid_request", message)
    if project_id is None:
        return [""] * len(files)
    try:
        return [_LINE.validate_python(name) for name in names] or [""] * len(files)
    except ValidationError:
        message = "an element's name is a line of at most 200 characters"
        raise ApiError(422, "invalid_request", message) from None


def _put_into_elements(session: Session, photos: Sequence[Photo], names: Sequence[str]) -> None:
    for photo, name in zip(photos, names, strict=True):
        if name and photo.project_id is not None:
            put_into(session, element_named(session, photo.project_id, name), [photo])


def _job_of(session: Session, key: str | None) -> Job | None:
    return None if key is None else session.scalar(select(Job).where(Job.key == key))


def _without_copies(
    session: Session, project_id: int | None, uploads: list[tuple[str, BinaryIO]]
) -> tuple[list[tuple[str, BinaryIO]], list[SkippedPhoto]]:
    here = select(Photo.sha256, func.min(Photo.id)).where(Photo.project_id == project_id)
    known = {row[0]: row[1] for row in session.execute(here.group_by(Photo.sha256))}
    kept: list[tuple[str, BinaryIO]] = []
    skipped = []
    for name, file in uploads:
        number = known.get(hash_of(file))
        if number is None:
            kept.append((name, file))
        else:
            skipped.append(SkippedPhoto(name=name, same_as=number))
    return kept, skipped


def _check_settings(settings: dict[str, Any], limit_pixels: int) -> None:
    try:
        jobs.scan_settings(settings, limit_pixels)
    except SettingsError as error:
        raise ApiError(422, "invalid_request", str(error)) from None


def _require_room(session: Session, server: Server) -> None:
    limit = server.settings.limits.jobs
    if jobs.open_jobs(session) >= limit:
        raise busy("too_many_jobs", "too many scans wait; try again", status=429, limit=limit)
