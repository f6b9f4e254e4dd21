"""Annotated pictures of all photos, as one zip."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from crackscope.errors import DataError, PhotoError
from crackscope.exporting.records import Exported, ExportedPhoto

_NOT_DRAWN = "not_drawn.txt"


def write_pictures(target: Path, photos: Sequence[ExportedPhoto]) -> Exported:
    """A JPEG per photo, named by number and name; what can't be drawn is told in ``not_drawn.txt``.

    Raises:
        DataError: There is no picture at all.
    """
    missing: list[str] = []
    # A JPEG is compressed already.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for photo in photos:
            picture = _drawn(photo, missing)
            if picture is not None:
                archive.writestr(picture_name(photo), picture)
        if missing:
            archive.writestr(_NOT_DRAWN, "\n".join(missing) + "\n")
    if len(missing) == len(photos):
        reason = missing[0] if missing else "there is no photo"
        raise DataError(f"there is no annotated picture: {reason}")
    return Exported(
        photos=len(photos) - len(missing), places=sum(len(p.places) for p in photos), left_out=len(missing)
    )


def picture_name(photo: ExportedPhoto) -> str:
    """Number and name, without folders: a name says nothing of where it is unpacked."""
    stem = PurePosixPath(photo.entry.name.replace("\\", "/")).stem
    safe = "".join(letter if letter.isalnum() or letter in " -_." else "_" for letter in stem)
    return f"{photo.entry.number:05}-{safe.strip('. ')[:80]}.jpg"


def _drawn(photo: ExportedPhoto, missing: list[str]) -> bytes | None:
    entry = photo.entry
    try:
        if photo.picture is not None:
            return photo.picture()
        missing.append(f"{entry.name}: {entry.error or 'no picture of it was drawn'}")
    except (PhotoError, OSError) as error:
        missing.append(f"{entry.name}: {error}")
    return None
