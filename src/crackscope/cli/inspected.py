"""A scan's folder or a server's project as the source of a command: its options, and its photos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.errors import SettingsError
from crackscope.extras import needs_extra

if TYPE_CHECKING:
    from crackscope.exporting.records import ExportedPhoto

Source = Annotated[
    Path,
    typer.Argument(
        help="Folder of `crackscope scan`'s results, or data folder of `crackscope serve`.",
        show_default=False,
    ),
]
ProjectName = Annotated[
    str | None, typer.Option(help="Name or number of a project in the data folder of a server.")
]
Database = Annotated[str | None, typer.Option(help="SQLAlchemy URL of the server's database, if not SQLite.")]
MovedPhotos = Annotated[
    Path | None, typer.Option(help="Folder where the photos lie now, if they moved since the scan.")
]


def is_data_folder(folder: Path) -> bool:
    """Whether a server keeps its database there."""
    return (folder / "crackscope.sqlite3").is_file()


def is_project(source: Path, project: str | None, database: str | None) -> bool:
    """Whether a project is meant and not a scan's folder.

    Raises:
        SettingsError: A project is named, and there is no database.
    """
    if database is None and project is not None and not is_data_folder(source):
        raise SettingsError(f"{source} is no data folder of `crackscope serve`; --project needs one")
    return project is not None or database is not None or is_data_folder(source)


@contextmanager
def exported_photos(
    source: Path, *, project: str | None, database: str | None, photos: Path | None
) -> Iterator[tuple[ExportedPhoto, ...]]:
    """The photos of a source with the places that count on them, of use inside the block."""
    if is_project(source, project, database):
        with needs_extra("serve"):
            from crackscope.serving.exported import data_dir_photos
        with data_dir_photos(source, database, project) as known:
            yield known
        return
    from crackscope.exporting.scan_folder import photos_of_scan

    yield photos_of_scan(source, photos)
