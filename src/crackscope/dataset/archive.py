"""Unpack zip, tar and RAR archives from strangers: inside one folder, within a limit, all or nothing."""

from __future__ import annotations

import errno
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crackscope.dataset.discover import is_layout_name
from crackscope.dataset.members import (
    LIMIT_BYTES,
    LIMIT_MEMBERS,
    Budget,
    Progress,
    make_folder,
    member_path,
    write_member,
)
from crackscope.dataset.rar import unpack_rar
from crackscope.errors import ArchiveError, OutputError

_RAR_MAGIC = b"Rar!\x1a\x07"
_SUFFIXES = (".zip", ".rar", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_DISK_ERRORS = (errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS)


def unpack(
    archive: Path,
    folder: Path,
    *,
    limit_bytes: int = LIMIT_BYTES,
    limit_members: int = LIMIT_MEMBERS,
    progress: Progress | None = None,
) -> None:
    """Unpack an archive, and archives directly inside it, into a new folder.

    Everything is unpacked beside ``folder`` first, which is there afterwards as a whole or not at all.
    Folders that only wrap the rest are taken off.

    Args:
        archive: zip, tar (also compressed) or RAR, told by its content.
        folder: Must not exist.
        limit_bytes: Largest total size of what is unpacked.
        limit_members: Largest number of files and folders.
        progress: Told bytes done.

    Raises:
        ArchiveError: Damaged, encrypted, unknown or hostile: a member leaves the folder, is a link or a
            device, comes twice, or a limit is passed. Or a tool for RAR is missing.
        MissingExtraError: RAR, and rarfile is not installed.
        OutputError: The folder exists or can't be written.
    """
    if folder.exists():
        raise OutputError(f"{folder} is already there; delete or rename it to unpack {archive.name} again")
    budget = Budget(bytes_left=limit_bytes, members_left=limit_members, progress=progress)
    with _scratch_folder(folder) as scratch:
        content = scratch / "content"
        content.mkdir()
        _unpack_one(archive, content, budget)
        for inner in sorted(_archives_in(content)):
            place = inner.with_name(inner.name + ".unpacked")
            place.mkdir()
            _unpack_one(inner, place, budget)
            inner.unlink()
        _without_wrapping(content).rename(folder)


@contextmanager
def _scratch_folder(folder: Path) -> Iterator[Path]:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise OutputError(f"cannot write {folder.parent}: {error.strerror or error}") from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unpack_one(archive: Path, folder: Path, budget: Budget) -> None:
    try:
        _unpacker(archive)(archive, folder, budget)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError) as error:
        raise ArchiveError(f"{archive.name} is damaged: {error}; fetch it again") from error
    except (RuntimeError, NotImplementedError) as error:
        raise ArchiveError(f"{archive.name} can't be unpacked: {error}") from error
    except FileExistsError as error:
        raise ArchiveError(f"{archive.name} has {Path(error.filename).name} twice") from error
    except OSError as error:
        if error.errno in _DISK_ERRORS:
            raise OutputError(f"cannot write {folder.parent}: {error.strerror}") from error
        raise ArchiveError(f"{archive.name} is damaged: {error}; fetch it again") from error


def _unpacker(archive: Path) -> Callable[[Path, Path, Budget], None]:
    with archive.open("rb") as stream:
        start = stream.read(len(_RAR_MAGIC))
    if start == _RAR_MAGIC:
        return unpack_rar
    # A tar with a zip at its end would pass for a zip, so tar is tried first.
    if tarfile.is_tarfile(archive):
        return _unpack_tar
    if zipfile.is_zipfile(archive):
        return _unpack_zip
    raise ArchiveError(f"{archive.name} is no zip, tar or RAR archive (it begins with {start!r})")


def _unpack_zip(archive: Path, folder: Path, budget: Budget) -> None:
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            target = member_path(folder, member.filename)
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise ArchiveError(f"{archive.name} holds a link or device: {member.filename}")
            if member.is_dir():
                make_folder(target, budget)
            else:
                with packed.open(member) as stream:
                    write_member(stream, target, budget)


def _unpack_tar(archive: Path, folder: Path, budget: Budget) -> None:
    with tarfile.open(archive) as packed:
        for member in packed:
            target = member_path(folder, member.name)
            if member.isdir():
                make_folder(target, budget)
                continue
            stream = packed.extractfile(member) if member.isreg() else None
            if stream is None:
                raise ArchiveError(f"{archive.name} holds a link or device: {member.name}")
            with stream:
                write_member(stream, target, budget)


def _archives_in(folder: Path) -> Iterator[Path]:
    for here, _, names in os.walk(folder):
        yield from (Path(here, name) for name in names if name.lower().endswith(_SUFFIXES))


def _without_wrapping(folder: Path) -> Path:
    """The first folder that holds more than one other, or one whose name means something to `discover`."""
    entries = list(folder.iterdir())
    while len(entries) == 1 and entries[0].is_dir() and not is_layout_name(entries[0].name):
        folder = entries[0]
        entries = list(folder.iterdir())
    return folder
