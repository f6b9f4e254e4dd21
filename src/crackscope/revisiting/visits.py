"""One date's photos: a scan's folder, or a folder of photos."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from crackscope.errors import DataError, NoPhotosError
from crackscope.inference.find_photos import photo_files
from crackscope.inspection.codec import RESULTS_JSON
from crackscope.photos.metadata import read_header
from crackscope.reporting.results_file import ScanResults

#: Photos are held whole while they are compared.
LIMIT_PIXELS = 150_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitPhoto:
    """A photo of one date.

    Attributes:
        name: Below the folder that all share, with ``/``.
        file: Where it lies; ``None`` where nobody knows.
        mm_per_px: As the scan was told; ``None`` without a scan.
    """

    name: str
    file: Path | None
    latitude: float | None = None
    longitude: float | None = None
    mm_per_px: float | None = None

    @property
    def key(self) -> str:
        """What photos share that were given one name: folders and name, without its ending."""
        return str(PurePosixPath(self.name).with_suffix("")).casefold()


def read_visit(folder: Path, photos: Path | None = None) -> tuple[VisitPhoto, ...]:
    """The photos of one date.

    Args:
        folder: Of ``crackscope scan``'s results, or of photos.
        photos: Where the photos of a scan lie now, if they moved.

    Raises:
        DataError: The folder is not there, or its results are damaged.
        NoPhotosError: No photo is in it.
    """
    if (folder / RESULTS_JSON).is_file():
        found = tuple(
            VisitPhoto(
                name=photo.name,
                file=photo.file,
                latitude=photo.latitude,
                longitude=photo.longitude,
                mm_per_px=photo.mm_per_px,
            )
            for photo in ScanResults(folder, photos).photos
        )
        if not found:
            raise NoPhotosError(f"{folder} holds the results of a scan without photos")
        return found
    if not folder.is_dir():
        raise DataError(f"no folder at {folder}; expected photos, or the results of `crackscope scan`")
    root = folder.absolute()
    return tuple(_photo(file, root) for file in photo_files([root]))


def _photo(file: Path, root: Path) -> VisitPhoto:
    header = read_header(file, LIMIT_PIXELS)
    position = (None, None) if header is None else (header.metadata.latitude, header.metadata.longitude)
    name = file.relative_to(root).as_posix()
    return VisitPhoto(name=name, file=file, latitude=position[0], longitude=position[1])
