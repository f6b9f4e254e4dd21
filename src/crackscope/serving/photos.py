"""Taking photos in, finding them with their current result, and deleting them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from crackscope.errors import PhotoError, UnreadablePhotoError
from crackscope.images import check_size
from crackscope.photos.metadata import Header, read_header
from crackscope.scanning.inputs import VIDEO_SUFFIXES
from crackscope.serving.models import Job, Photo, Result, now
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.settings import ServeSettings
from crackscope.signatures import what_it_is


def take_in(
    session: Session,
    store: PhotoStore,
    settings: ServeSettings,
    job: Job,
    project_id: int | None,
    files: Iterable[tuple[str, BinaryIO]],
) -> list[tuple[Photo, PhotoError | None]]:
    """Keep uploaded photos; what is no photo, or too large, becomes a failed one.

    The caller holds the store's lock until the rows are committed.
    """
    expires_at = now() + timedelta(hours=settings.keep_uploads_h) if project_id is None else None
    taken: list[tuple[Photo, PhotoError | None]] = []
    for name, file in files:
        photo = Photo(
            project_id=project_id, job_id=job.id, name=name, expires_at=expires_at, settings=job.settings
        )
        photo.sha256, photo.size_bytes, refusal = store.put(file), file.tell(), None
        try:
            _describe(photo, store, settings.limits.pixels)
        except PhotoError as error:
            refusal, photo.status, photo.error = error, "failed", str(error)
        session.add(photo)
        taken.append((photo, refusal))
    session.flush()
    return taken


def first_of_each(session: Session, photos: Iterable[Photo]) -> dict[int, Photo]:
    """The first photo of the project with the very same file, by the number of the copy."""
    known = list(photos)
    same = select(Photo).where(Photo.sha256.in_({photo.sha256 for photo in known})).order_by(Photo.id.desc())
    firsts = {(photo.project_id, photo.sha256): photo for photo in session.scalars(same)}
    found = {photo.id: firsts.get((photo.project_id, photo.sha256), photo) for photo in known}
    return {number: first for number, first in found.items() if first.id != number}


def _describe(photo: Photo, store: PhotoStore, limit_pixels: int) -> None:
    if Path(photo.name).suffix.lower() in VIDEO_SUFFIXES:
        raise UnreadablePhotoError(
            "a video; `crackscope scan` takes its frames on the command line, here add pictures of it"
        )
    header = _header(store, photo.sha256, limit_pixels)
    check_size(header.photo_hw, limit_pixels)
    photo.height_px, photo.width_px = header.photo_hw
    metadata = header.metadata
    photo.taken_at, photo.camera = metadata.taken, (metadata.camera or "")[:200].replace("\0", "") or None
    photo.focal_length_mm = metadata.focal_length_mm
    photo.latitude, photo.longitude = metadata.latitude, metadata.longitude


def _header(store: PhotoStore, sha256: str, limit_pixels: int) -> Header:
    try:
        header = read_header(store.path(sha256), limit_pixels)
    except Exception:  # Pillow meets damaged metadata with every kind of exception
        header = None
    if header is None:
        with store.path(sha256).open("rb") as stream:
            raise UnreadablePhotoError(what_it_is(stream))
    return header


def with_result() -> Select[Photo, Result | None]:
    """Photos, each with its current result."""
    latest = select(func.max(Result.id)).where(Result.photo_id == Photo.id).correlate(Photo).scalar_subquery()
    return select(Photo, Result).outerjoin(Result, Result.id == latest)


def current_result(session: Session, photo: Photo) -> Result | None:
    """The result that counts; ``None`` until there is one."""
    return session.scalar(
        select(Result).where(Result.photo_id == photo.id).order_by(Result.id.desc()).limit(1)
    )


def delete_photos(session: Session, store: PhotoStore, photos: Sequence[Photo]) -> int:
    """Delete photos, all that belongs to them, and the files that no other photo needs."""
    with store.lock:
        for photo in photos:
            session.delete(photo)
        session.commit()
        store.delete_unused(session, [photo.sha256 for photo in photos])
    return len(photos)


def delete_expired(session: Session, store: PhotoStore) -> int:
    """Delete the photos outside projects whose time is over; returns how many."""
    over = select(Photo).where(Photo.expires_at < now(), Photo.status.in_(("done", "failed")))
    return delete_photos(session, store, session.scalars(over).all())
