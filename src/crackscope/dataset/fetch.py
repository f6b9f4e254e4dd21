"""Bring a published data set to this machine: download, verify, unpack, ready for `discover`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crackscope.dataset.archive import unpack
from crackscope.dataset.download import Progress, Timeouts, download, verify_file
from crackscope.errors import ChecksumError, DownloadError


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A data set that can be fetched.

    Attributes:
        name: The folder it is put into.
        url: Address of its archive.
        page: Where a person can fetch it with a browser.
        credit: Whose work it is, and the licence.
    """

    name: str
    url: str
    page: str
    credit: str


METU = Published(
    name="metu",
    url=(
        "https://data.mendeley.com/public-files/datasets/5y9wdsg2zt/files/"
        "8a70d8a5-bce9-4291-bab9-b48cfb3e87c3/file_downloaded"
    ),
    page="https://data.mendeley.com/datasets/5y9wdsg2zt/2",
    credit="Çağlar Fırat Özgenel, Concrete Crack Images for Classification, version 2, CC BY 4.0",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Where a data set lies; ``sha256`` is the archive's, ``None`` where there is no archive."""

    folder: Path
    sha256: str | None
    was_there: bool


def fetch(
    published: Published,
    to: Path,
    *,
    archive: Path | None = None,
    sha256: str | None = None,
    on_download: Progress | None = None,
    on_unpack: Progress | None = None,
    timeouts: Timeouts | None = None,
) -> Fetched:
    """Put a data set into ``to / published.name``; what is there already stays as it is.

    The archive is kept as ``<name>.archive`` beside the folder, with its recorded SHA-256, which every later
    call verifies; it may be deleted.

    Args:
        published: What to fetch.
        to: Folder of data sets.
        archive: An archive fetched by hand, instead of the address.
        sha256: What the archive's SHA-256 must be, where that is known.
        on_download: Told bytes done and in all.
        on_unpack: Told bytes done.
        timeouts: How long to wait for the server.

    Raises:
        DownloadError: With directions for doing it by hand where the server can't be reached.
        ChecksumError, ArchiveError, OutputError: See `download` and `unpack`.
    """
    folder = to / published.name
    kept = archive or to / f"{published.name}.archive"
    if folder.is_dir():
        found = verify_file(kept, sha256) if kept.is_file() else None
        return Fetched(folder=folder, sha256=found, was_there=True)
    if archive is not None:
        found = _check_own(archive, sha256)
    else:
        found = _download(published, kept, sha256, on_download, timeouts)
    unpack(kept, folder, progress=on_unpack)
    return Fetched(folder=folder, sha256=found, was_there=False)


def _check_own(archive: Path, sha256: str | None) -> str:
    if not archive.is_file():
        raise DownloadError(f"there is no archive {archive}")
    return verify_file(archive, sha256)


def _download(
    published: Published,
    target: Path,
    sha256: str | None,
    progress: Progress | None,
    timeouts: Timeouts | None,
) -> str:
    try:
        return download(published.url, target, sha256=sha256, progress=progress, timeouts=timeouts)
    except ChecksumError:
        raise
    except DownloadError as error:
        raise DownloadError(f"{error}\n{_by_hand(published, target.parent)}") from error


def _by_hand(published: Published, to: Path) -> str:
    return (
        "By hand: fetch the archive with a browser, on any machine, from\n"
        f"  {published.page}\n"
        "then\n"
        f"  crackscope data download --archive FILE --to {to}\n"
        "or unpack it yourself, so that there are photos in\n"
        f"  {to / published.name / 'Positive'} and {to / published.name / 'Negative'}"
    )
