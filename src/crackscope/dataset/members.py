"""Members of an archive: where they may be written, and how much of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from crackscope.errors import ArchiveError

Progress = Callable[[int, int | None], None]

#: Far more than a data set of patches needs: METU's 40,000 take about 240 MB.
LIMIT_BYTES = 20 << 30
LIMIT_MEMBERS = 2_000_000

_CHUNK_BYTES = 1 << 20


@dataclass(slots=True, kw_only=True)
class Budget:
    """What may still be written; a bomb runs out of it before the disk does."""

    bytes_left: int = LIMIT_BYTES
    members_left: int = LIMIT_MEMBERS
    bytes_done: int = 0
    progress: Progress | None = None

    def take_member(self) -> None:
        """Count one more file or folder."""
        self.members_left -= 1
        if self.members_left < 0:
            raise ArchiveError("the archive has too many members; unpack it by hand if you trust it")

    def take_bytes(self, count: int) -> None:
        """Count bytes before they are written."""
        self.bytes_left -= count
        self.bytes_done += count
        if self.bytes_left < 0:
            raise ArchiveError(
                "the archive unpacks to more than the limit; unpack it by hand if you trust it"
            )
        if self.progress is not None:
            self.progress(self.bytes_done, None)


def member_path(folder: Path, name: str) -> Path:
    """Where a member belongs; refuses names that lead out of ``folder``, also as Windows reads them."""
    # Archives made on Windows may separate folders by backslashes.
    relative = PurePosixPath(name.replace("\\", "/"))
    as_windows = PureWindowsPath(name)
    if relative.is_absolute() or as_windows.anchor or ".." in relative.parts or "\0" in name:
        raise ArchiveError(f"the archive would write outside its folder: {name!r}")
    return folder / relative


def make_folder(target: Path, budget: Budget) -> None:
    """Make a folder and those above it."""
    budget.take_member()
    target.mkdir(parents=True, exist_ok=True)


def write_member(stream: IO[bytes], target: Path, budget: Budget) -> None:
    """Write a file that must not be there yet."""
    budget.take_member()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("xb") as output:
        while chunk := stream.read(_CHUNK_BYTES):
            budget.take_bytes(len(chunk))
            output.write(chunk)
