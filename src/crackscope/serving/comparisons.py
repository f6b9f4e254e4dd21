"""Two inspections of one structure compared: a job of the queue, and what it leaves in the data folder."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope import __version__
from crackscope.errors import CrackscopeError, DataError
from crackscope.extras import needs_extra
from crackscope.inference.classifier import CrackClassifier
from crackscope.inspection.changes import Comparison
from crackscope.inspection.changes_file import COMPARISON_JSON, read_comparison, write_comparison
from crackscope.reporting.records import ComparedWith
from crackscope.revisiting.sheet import write_sheet
from crackscope.revisiting.table import write_changes_csv
from crackscope.revisiting.visits import VisitPhoto
from crackscope.scanning.records import ScanSettings
from crackscope.scanning.scanner import CrackScanner
from crackscope.serving.database import Sessions
from crackscope.serving.elements import elements_of
from crackscope.serving.models import Job, Photo, Project, now
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.photos import with_result
from crackscope.serving.scales import scale_of

#: Of a job that compares; its photos are of another job, the one that scanned them.
KIND = "comparison"
#: Folder of the results in the data folder, one below it for each job.
FOLDER = "comparisons"
#: A comparison that was begun this often and never ended may be what kills the server.
MOST_ATTEMPTS = 2
_OPEN = ("queued", "running")
_SHARED = ("overlap", "tile_px", "threshold")

_log = logging.getLogger("crackscope.serving")


class _StoppedError(Exception):
    """The comparison was cancelled, or the server stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """What there is to compare."""

    earlier: tuple[VisitPhoto, ...]
    later: tuple[VisitPhoto, ...]
    names: tuple[str, str]
    settings: ScanSettings


def require_extra() -> None:
    """Make sure that photos can be laid over one another here.

    Raises:
        MissingExtraError: A package is missing.
    """
    with needs_extra("compare"):
        import crackscope.revisiting.compare  # noqa: F401


def begin_comparison(session: Session, project_id: int, earlier_id: int, photos: int) -> Job:
    """Queue a comparison of a project with an earlier one. The caller commits."""
    job = Job(kind=KIND, settings={"earlier": earlier_id, "attempts": 0}, total=photos, project_id=project_id)
    session.add(job)
    session.flush()
    return job


def jobs_of(session: Session, project_id: int) -> Sequence[Job]:
    """The comparisons of a project with earlier ones, newest first."""
    own = select(Job).where(Job.kind == KIND, Job.project_id == project_id)
    return session.scalars(own.order_by(Job.id.desc())).all()


def is_open(session: Session, project_id: int) -> bool:
    """Whether a comparison of this project waits or runs."""
    return any(job.status in _OPEN for job in jobs_of(session, project_id))


def compared_with(session: Session, folder: Path, project_id: int) -> ComparedWith | None:
    """The last comparison of a project that was finished, as its report shows it; ``None``: there is none."""
    for job in jobs_of(session, project_id):
        if job.status == "done" and (folder / str(job.id) / COMPARISON_JSON).is_file():
            own = folder / str(job.id)
            return ComparedWith(comparison=read_comparison(own), folder=own)
    return None


def forget_project(session: Session, folder: Path, project_id: int) -> None:
    """Delete every comparison that shows photos of a project, on either side. The caller commits."""
    for job in session.scalars(select(Job).where(Job.kind == KIND)).all():
        if project_id in (job.project_id, job.settings["earlier"]):
            shutil.rmtree(folder / str(job.id), ignore_errors=True)
            session.delete(job)


class Comparer:
    """Compares projects with earlier ones, with the server's own model.

    Args:
        folder: Of the results.
        threads: For the tiles of a photo.
        limit_pixels: Of one photo.
    """

    def __init__(
        self,
        sessions: Sessions,
        store: PhotoStore,
        classifier: CrackClassifier,
        folder: Path,
        *,
        threads: int,
        limit_pixels: int,
    ) -> None:
        self._sessions, self._store, self._classifier = sessions, store, classifier
        self._folder, self._threads, self._limit_pixels = folder, threads, limit_pixels

    def work_on(self, job_id: int, stopping: Callable[[], bool]) -> None:
        """Do a job of the queue; one that the server's end interrupts begins anew at its next start."""
        own = self._folder / str(job_id)
        visits = self._begin(job_id)
        if visits is None:
            return
        try:
            self._compare(visits, own, lambda done, total: self._tell(job_id, stopping, done, total))
        except _StoppedError:
            shutil.rmtree(own, ignore_errors=True)
            self._give_back(job_id)
        except CrackscopeError as error:
            self._end(job_id, "failed", str(error).replace(str(self._folder), FOLDER))
        except Exception:
            _log.exception("comparison %d failed", job_id)
            self._end(job_id, "failed", "the comparison failed; the server's log has more")
        else:
            self._end(job_id, "done")

    def _begin(self, job_id: int) -> Visits | None:
        with self._sessions() as session:
            job = session.get(Job, job_id)
            if job is None or job.status not in _OPEN:
                return None
            attempts = job.settings["attempts"]
            if attempts >= MOST_ATTEMPTS:
                job.status, job.finished_at = "failed", now()
                job.error = "the server stopped each time these inspections were compared"
                session.commit()
                return None
            self._tidy(session)
            job.settings = {**job.settings, "attempts": attempts + 1}
            job.status, job.started_at, job.done = "running", job.started_at or now(), 0
            session.commit()
            return self._visits(session, job)

    def _visits(self, session: Session, job: Job) -> Visits | None:
        later, earlier = (session.get(Project, each) for each in (job.project_id, job.settings["earlier"]))
        if later is None or earlier is None:  # deleted since
            session.delete(job)
            session.commit()
            return None
        return Visits(
            earlier=visit_of(session, self._store, earlier.id),
            later=visit_of(session, self._store, later.id),
            names=(_dated(earlier), _dated(later)),
            settings=ScanSettings(**shared_settings(session, later.id), limit_pixels=self._limit_pixels),
        )

    def _compare(self, visits: Visits, own: Path, progress: Callable[[int, int | None], None]) -> None:
        with needs_extra("compare"):
            from crackscope.revisiting.compare import VisitNames, compare_visits

        shutil.rmtree(own, ignore_errors=True)
        scanner = CrackScanner(self._classifier, visits.settings, self._threads)
        found = compare_visits(
            visits.earlier, visits.later, scanner, own, VisitNames(*visits.names), progress=progress
        )
        told = _without_paths(found, (*visits.earlier, *visits.later))
        write_changes_csv(own, told)
        write_sheet(own, told)
        write_comparison(own, told, __version__)

    def _tell(self, job_id: int, stopping: Callable[[], bool], done: int, total: int | None) -> None:
        with self._sessions() as session:
            job = session.get(Job, job_id)
            if job is None or job.status != "running" or stopping():
                raise _StoppedError
            job.done, job.total = done, total or done
            session.commit()

    def _give_back(self, job_id: int) -> None:
        """A server that was stopped in good order did not die of it."""
        with self._sessions() as session:
            job = session.get(Job, job_id)
            if job is not None and job.status == "running":
                job.settings = {**job.settings, "attempts": job.settings["attempts"] - 1}
                session.commit()

    def _end(self, job_id: int, status: str, error: str | None = None) -> None:
        with self._sessions() as session:
            job = session.get(Job, job_id)
            if job is None or job.status != "running":  # deleted or cancelled meanwhile
                shutil.rmtree(self._folder / str(job_id), ignore_errors=True)
                return
            job.status, job.error, job.finished_at = status, error, now()
            session.commit()

    def _tidy(self, session: Session) -> None:
        """Of each project only the last finished comparison is kept; a report may be reading that one."""
        kept = {
            job.project_id: str(job.id)
            for job in session.scalars(
                select(Job).where(Job.kind == KIND, Job.status == "done").order_by(Job.id)
            )
        }
        for folder in self._folder.glob("*"):
            if folder.name not in kept.values():
                shutil.rmtree(folder, ignore_errors=True)


def visit_of(session: Session, store: PhotoStore, project_id: int) -> tuple[VisitPhoto, ...]:
    """A project's photos as one date: named by element and file, so that these make pairs."""
    elements = {element.id: element.name for element in elements_of(session, project_id)}
    query = with_result().where(Photo.project_id == project_id).order_by(Photo.id)
    found: dict[str, VisitPhoto] = {}
    for photo, result in session.execute(query):
        element = elements.get(photo.element_id or 0)
        name = photo.name if element is None else f"{element}/{photo.name.rpartition('/')[2]}"
        if name in found:
            # After the ending, so that it still makes a pair with what has the name.
            name = f"{name} #{photo.id}"
        found[name] = VisitPhoto(
            name=name,
            file=store.path(photo.sha256),
            latitude=photo.latitude,
            longitude=photo.longitude,
            mm_per_px=scale_of(photo, result).mm_per_px,
        )
    return tuple(found.values())


def shared_settings(session: Session, project_id: int) -> dict[str, Any]:
    """How all photos of a project were to be scanned; in what they differ, the usual way counts."""
    chosen = session.scalars(select(Photo.settings).where(Photo.project_id == project_id)).all()
    shared = {}
    for name in _SHARED:
        values = {settings.get(name) for settings in chosen}
        if len(values) == 1 and (value := values.pop()) is not None:
            shared[name] = value
    return shared


def result_file(session: Session, folder: Path, project_id: int, name: str) -> Path:
    """A file of a project's last finished comparison.

    Raises:
        DataError: There is none.
    """
    compared = compared_with(session, folder, project_id)
    if compared is None:
        raise DataError("this project was not compared with an earlier one")
    return compared.folder / name


def _dated(project: Project) -> str:
    return project.name if project.inspected_on is None else f"{project.name} ({project.inspected_on})"


def _without_paths(comparison: Comparison, photos: Sequence[VisitPhoto]) -> Comparison:
    """No result carries a path of this machine: where a photo could not be read, its file was named."""
    names = {str(photo.file): photo.name for photo in photos}
    changes = []
    for change in comparison.photos:
        detail = change.detail
        for path, name in names.items() if detail else ():
            detail = detail.replace(path, name)
        changes.append(replace(change, detail=detail))
    return replace(comparison, photos=tuple(changes))
