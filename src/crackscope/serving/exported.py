"""The photos of a project with the places that count on them, for `exporting`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from crackscope.exporting.ground import Ground, GroundOf, ground_of_file
from crackscope.exporting.records import ExportedPhoto, box_shape, places_of
from crackscope.serving.database import open_database
from crackscope.serving.models import Photo, Project
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.pictures import overlay_jpeg
from crackscope.serving.reports import ProjectEntry, find_project, project_entries


def project_photos(session: Session, store: PhotoStore, project: Project) -> tuple[ExportedPhoto, ...]:
    """All photos of a project, in the order of their upload; pictures are drawn when asked for."""
    exported = []
    for row in project_entries(session, store, project):
        file = store.path(row.photo.sha256)
        ground_of = _ground_of(row.photo, file)
        exported.append(
            ExportedPhoto(
                entry=row.entry,
                places=places_of(row.entry, ground_of),
                ground=_whole(row.photo, ground_of),
                picture=_picture(session, file, row),
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


def _picture(session: Session, file: Path, row: ProjectEntry) -> Callable[[], bytes] | None:
    return None if row.result is None else lambda: _drawn(session, file, row)


def _drawn(session: Session, file: Path, row: ProjectEntry) -> bytes:
    assert row.result is not None
    entry = row.entry
    picture = overlay_jpeg(file, row.photo, row.result, entry.verdict, entry.findings)
    # Heat maps are read one at a time and not kept.
    session.expire(row.result, ["grid"])
    return picture
