"""The photos of a project with the places that count on them, for `exporting`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope.exporting.ground import Ground, GroundOf, ground_of_file
from crackscope.exporting.records import ExportedPhoto, box_shape, places_of
from crackscope.inspection.records import Verdict
from crackscope.serving.database import open_database
from crackscope.serving.findings import findings_by_photo, findings_of_project
from crackscope.serving.models import Element, Photo, Project, Result
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.photos import with_result
from crackscope.serving.pictures import overlay_jpeg
from crackscope.serving.reports import find_project, photo_entry
from crackscope.serving.verdicts import acts_of


def project_photos(session: Session, store: PhotoStore, project: Project) -> tuple[ExportedPhoto, ...]:
    """All photos of a project, in the order of their upload; pictures are drawn when asked for."""
    query = with_result().where(Photo.project_id == project.id).order_by(Photo.id)
    rows = [(photo, result) for photo, result in session.execute(query)]
    acts = acts_of(session, [photo.id for photo, _ in rows])
    findings = findings_by_photo(findings_of_project(session, project.id))
    elements = {
        row.id: row.name for row in session.scalars(select(Element).where(Element.project_id == project.id))
    }
    exported = []
    for number, (photo, result) in enumerate(rows, start=1):
        file = store.path(photo.sha256)
        ground_of = _ground_of(photo, file)
        entry = photo_entry(number, photo, result, file, acts[photo.id])
        exported.append(
            ExportedPhoto(
                entry=entry,
                places=places_of(entry, findings.get(photo.id, ()), ground_of),
                element=elements.get(photo.element_id or 0, ""),
                ground=_whole(photo, ground_of),
                picture=_picture(session, file, photo, result, entry.verdict),
            )
        )
    return tuple(exported)


@contextmanager
def data_dir_photos(
    data_dir: Path, database: str | None, project: str | None
) -> Iterator[tuple[ExportedPhoto, ...]]:
    """The photos of a project in a server's data folder, whether it runs or not; of use inside the block.

    Raises:
        DataError: There is no such project, or several and none was named.
        SettingsError: The database can't be opened.
    """
    with open_database(database, data_dir)() as session:
        yield project_photos(session, PhotoStore(data_dir / "photos"), find_project(session, project))


def _ground_of(photo: Photo, file: Path) -> GroundOf | None:
    return ground_of_file(file) if photo.status == "done" else None


def _whole(photo: Photo, ground_of: GroundOf | None) -> Ground | None:
    """Where all of a map lies."""
    return None if ground_of is None else ground_of(box_shape((0, 0, photo.width_px, photo.height_px)), None)


def _picture(
    session: Session, file: Path, photo: Photo, result: Result | None, verdict: Verdict
) -> Callable[[], bytes] | None:
    return None if result is None else lambda: _drawn(session, file, photo, result, verdict)


def _drawn(session: Session, file: Path, photo: Photo, result: Result, verdict: Verdict) -> bytes:
    picture = overlay_jpeg(file, photo, result, verdict)
    # Heat maps are read one at a time and not kept.
    session.expire(result, ["grid"])
    return picture
