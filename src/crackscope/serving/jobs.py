"""Scans and comparisons: one thread works through the queue; a kill interrupts it until the next start."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crackscope.errors import CrackscopeError, UnexpectedPhotoError
from crackscope.guard import one_photo
from crackscope.inspection.codec import region_document
from crackscope.scanning.records import PhotoReport, ScanSettings
from crackscope.serving.comparisons import KIND as COMPARISON
from crackscope.serving.comparisons import Comparer
from crackscope.serving.database import Sessions
from crackscope.serving.models import Job, Photo, Result, now
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.photos import delete_expired
from crackscope.serving.scan_workers import ScanWorkers
from crackscope.serving.verdicts import lock_photo, settle

#: A photo whose scan was begun this often and never ended is given up: it may be what kills the server.
MOST_ATTEMPTS = 2
#: How often expired uploads are looked for.
_TIDY_S = 60.0
_OPEN = ("queued", "running")
_GRID_DECIMALS = 4

_log = logging.getLogger("crackscope.serving")


def scan_settings(values: dict[str, Any], limit_pixels: int) -> ScanSettings:
    """The settings of a job, as its row keeps them.

    Raises:
        SettingsError: One is out of range.
    """
    return ScanSettings(**values, limit_pixels=limit_pixels)


def open_jobs(session: Session) -> int:
    """Jobs that wait or run."""
    return session.scalar(select(func.count()).where(Job.status.in_(_OPEN))) or 0


def scan_again(
    session: Session, photos: Sequence[Photo], changes: dict[str, Any], project_id: int | None = None
) -> Job:
    """Queue photos that were scanned before; until its new result is there, a photo keeps the old one.

    Only ``changes`` become another: what is not named in them stays as it is for each photo.
    """
    job = Job(settings=changes, total=len(photos), project_id=project_id)
    session.add(job)
    session.flush()
    for photo in photos:
        photo.settings = {**photo.settings, **changes}
        if "mm_per_px" in changes:
            photo.scale = None  # what was said last counts
        photo.job_id, photo.status, photo.error, photo.attempts = job.id, "queued", None, 0
    session.commit()
    return job


def cancel(session: Session, job: Job) -> None:
    """Stop a job; the photo in work is still finished, the others are not begun."""
    if job.status in _OPEN:
        job.status, job.finished_at = "cancelled", now()
        unfinished = update(Photo).where(Photo.job_id == job.id, Photo.status.in_(_OPEN))
        session.execute(unfinished.values(status="failed", error="cancelled"))
    session.commit()


@dataclass(frozen=True, slots=True)
class _Scanned:
    """What there is to keep of a photo."""

    report: PhotoReport
    result: Result


class JobRunner:
    """Works through the queue, oldest job first, as many photos at a time as there are workers."""

    def __init__(
        self,
        sessions: Sessions,
        store: PhotoStore,
        workers: ScanWorkers,
        comparer: Comparer,
        *,
        model_sha256: str,
        limit_pixels: int,
        on_photo: Callable[[str], None],
    ) -> None:
        self._sessions, self._store, self._workers = sessions, store, workers
        self._comparer = comparer
        self._model_sha256, self._limit_pixels, self._on_photo = model_sha256, limit_pixels, on_photo
        self._scanning = ThreadPoolExecutor(workers.workers, thread_name_prefix="scanning")
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="scans", daemon=True)

    def start(self) -> None:
        """Begin with what is queued."""
        self._thread.start()

    def wake(self) -> None:
        """There is something new in the queue."""
        self._wake.set()

    @property
    def alive(self) -> bool:
        """Whether scans are worked on."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Finish the photos in work; the rest of their job goes on at the next start."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._workers.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                worked = self._work_on_next()
            except Exception:
                # The database may be away for a while; scans must go on when it is back.
                _log.exception("the queue of scans could not be worked on")
                worked = False
            if not worked and not self._stop.is_set():
                self._wake.wait(_TIDY_S)
            self._wake.clear()

    def _work_on_next(self) -> bool:
        """Scan the next photos, or compare two inspections; false where there is nothing to do."""
        with self._sessions() as session:
            delete_expired(session, self._store)
            job = session.scalar(select(Job).where(Job.status.in_(_OPEN)).order_by(Job.id).limit(1))
            if job is None:
                return False
            compares, number = job.kind == COMPARISON, job.id
            photos = [] if compares else _begin_next(session, job, self._workers.workers)
        if compares:
            self._comparer.work_on(number, self._stop.is_set)
            return True
        for photo, outcome in zip(photos, self._scanning.map(self._scan, photos), strict=True):
            with self._sessions() as session:
                self._keep(session, photo.id, job, outcome)
        return True

    def _scan(self, photo: Photo) -> _Scanned | str:
        path = self._store.path(photo.sha256)
        try:
            with one_photo(photo.name):
                report = self._workers.scan(path, scan_settings(photo.settings, self._limit_pixels))
                return _Scanned(report, _result(photo, report, self._model_sha256))
        except UnexpectedPhotoError as error:
            _log.exception("photo %d could not be scanned", photo.id)
            return str(error).replace(str(path), photo.name)
        except CrackscopeError as error:
            return str(error).replace(str(path), photo.name)

    def _keep(self, session: Session, photo_id: int, job: Job, outcome: _Scanned | str) -> None:
        photo = session.get(Photo, photo_id)
        if photo is None:  # deleted meanwhile
            return
        lock_photo(session, photo)
        photo.attempts = 0
        if isinstance(outcome, str):
            photo.status, photo.error = "failed", outcome
        else:
            photo.status, photo.error = "done", None
            photo.height_px, photo.width_px = outcome.report.photo_hw
            metadata = outcome.report.metadata
            # A map tells its place only once it is open.
            photo.latitude, photo.longitude = metadata.latitude, metadata.longitude
            session.add(outcome.result)
            settle(session, photo)
        _count_done(session, job.id)
        session.commit()
        self._on_photo(photo.status)


def _begin_next(session: Session, job: Job, most: int) -> list[Photo]:
    """The job's next photos, marked as running; none where it has no more, or where they were given up.

    Only one thread works on the queue, so a photo that is found running was interrupted.
    """
    unfinished = select(Photo).where(Photo.job_id == job.id, Photo.status.in_(_OPEN))
    photos = list(session.scalars(unfinished.order_by(Photo.id).limit(most)))
    begun = [photo for photo in photos if photo.attempts < MOST_ATTEMPTS]
    for photo in photos:
        if photo.attempts >= MOST_ATTEMPTS:
            photo.status, photo.error = "failed", "the server stopped each time this photo was scanned"
        else:
            photo.status, photo.attempts = "running", photo.attempts + 1
    if not photos:
        job.status, job.finished_at = "done", now()
    elif begun:
        job.status, job.started_at = "running", job.started_at or now()
    _count_done(session, job.id)
    session.commit()
    return begun


def _count_done(session: Session, job_id: int) -> None:
    finished = select(func.count()).where(Photo.job_id == job_id, Photo.status.in_(("done", "failed")))
    session.execute(update(Job).where(Job.id == job_id).values(done=finished.scalar_subquery()))


def _result(photo: Photo, report: PhotoReport, model_sha256: str) -> Result:
    assert report.heat is not None
    rows, columns = report.heat.scores.shape
    return Result(
        photo_id=photo.id,
        model_sha256=model_sha256,
        # With the scale that a map gives, where the user gave none.
        settings={**photo.settings, "mm_per_px": report.mm_per_px, "scale": str(report.scale)},
        label=str(report.label),
        score=report.score,
        threshold=report.threshold,
        reason=None if report.reason is None else str(report.reason),
        cracked_share=report.cracked_share,
        tile_px=report.tile_px[0],
        regions=[region_document(region, report.mm_per_px) for region in report.regions],
        grid={
            "rows": rows,
            "columns": columns,
            "scores": _rounded(report.heat.scores),
            "tile_scores": _rounded(report.heat.tile_scores),
        },
    )


def _rounded(cells: NDArray[np.float32]) -> list[list[float]]:
    rounded: list[list[float]] = cells.astype(float).round(_GRID_DECIMALS).tolist()
    return rounded
