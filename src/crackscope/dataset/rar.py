"""Unpack a RAR archive: rarfile reads its table of contents, a tool of the system the rest.

The tool unpacks the archive in one go. rarfile by itself would start it once per member, and the whole
archive before that member would be unpacked every time where it is solid.
"""

from __future__ import annotations

import shutil
import subprocess
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crackscope.dataset.members import Budget, member_path
from crackscope.errors import ArchiveError, MissingExtraError

_INSTALL = (
    "install one that reads RAR: `apt install unar` or `apt install libarchive-tools` (Debian, Ubuntu), "
    "`dnf install unar` (Fedora), `brew install unar` (macOS), or 7-Zip (Windows; "
    "its recent versions have bsdtar as `tar`)"
)


@dataclass(slots=True)
class _Content:
    """What an archive holds, or what a tool wrote: enough to see that they are the same.

    Names are compared where they are plain, because tools differ in how they write the others; sizes and
    CRC-32 of all, because bsdtar writes damaged members without a word.
    """

    files: Counter[tuple[int, int]] = field(default_factory=Counter)
    plain_names: set[str] = field(default_factory=set)

    def add(self, name: str, size_bytes: int, crc32: int) -> None:
        self.files[size_bytes, crc32] += 1
        if name.isascii():
            self.plain_names.add(name)


def unpack_rar(archive: Path, folder: Path, budget: Budget) -> None:
    """Check every member's name, kind and size, let a tool unpack them, and check what it wrote."""
    expected = _check_members(archive, folder, budget)
    reports = []
    for command in _commands(archive, folder):
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode == 0 and _written(folder) == expected:
            return
        reports.append(f"{Path(command[0]).name}: {_complaint(done)}")
        _empty(folder)
    if not reports:
        raise ArchiveError(f"{archive.name} is a RAR archive and no tool to unpack it was found; {_INSTALL}")
    raise ArchiveError(
        f"{archive.name} could not be unpacked ({'; '.join(reports)}); fetch it again, in case it "
        f"is damaged, or {_INSTALL}"
    )


def _check_members(archive: Path, folder: Path, budget: Budget) -> _Content:
    """What the archive holds; refuses what could do harm before any tool sees the archive."""
    try:
        import rarfile
    except ImportError as error:
        raise MissingExtraError("rarfile", "data") from error
    content = _Content()
    try:
        with rarfile.RarFile(archive) as packed:
            if packed.needs_password():
                raise ArchiveError(f"{archive.name} is encrypted")
            for member in packed.infolist():
                target = member_path(folder, member.filename)
                budget.take_member()
                if member.is_dir():
                    continue
                if not member.is_file() or member.file_redir:
                    raise ArchiveError(f"{archive.name} holds a link or device: {member.filename}")
                budget.take_bytes(member.file_size)
                if member.CRC is None:
                    raise ArchiveError(
                        f"{archive.name} has no CRC-32 of {member.filename}; unpack it by hand"
                    )
                content.add(target.relative_to(folder).as_posix(), member.file_size, member.CRC)
    except rarfile.Error as error:
        raise ArchiveError(f"{archive.name} is damaged: {error}; fetch it again") from error
    return content


def _commands(archive: Path, folder: Path) -> Iterator[list[str]]:
    """One command per tool that is there, the one that knows the format best first."""
    packed, into = str(archive.absolute()), str(folder.absolute())
    known = {
        "unrar": ["x", "-idq", "-o-", "-p-", "--", packed, into + "/"],
        "unar": ["-quiet", "-no-directory", "-force-skip", "-output-directory", into, packed],
        "7zz": ["x", "-y", "-bd", f"-o{into}", "--", packed],
        "7z": ["x", "-y", "-bd", f"-o{into}", "--", packed],
        "bsdtar": ["-x", "-f", packed, "-C", into],
        "tar": ["-x", "-f", packed, "-C", into],
    }
    for name, arguments in known.items():
        tool = shutil.which(name)
        if tool is not None and (name != "tar" or _is_bsdtar(tool)):
            yield [tool, *arguments]


def _is_bsdtar(tool: str) -> bool:
    # The tar of Windows and macOS is bsdtar; GNU tar knows no RAR.
    version = subprocess.run([tool, "--version"], capture_output=True, check=False)
    return b"bsdtar" in version.stdout


def _written(folder: Path) -> _Content | None:
    """What a tool wrote; ``None`` where a link or device is among it."""
    content = _Content()
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            return None
        if path.is_file():
            data = path.read_bytes()
            content.add(path.relative_to(folder).as_posix(), len(data), zlib.crc32(data))
    return content


def _complaint(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode == 0:
        return "what it wrote is not what the archive should hold"
    said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
    return said[-1] if said else f"exit code {done.returncode}"


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
