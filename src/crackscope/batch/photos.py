"""Photos as files on this machine, wherever they lie: those in other storage are fetched a little ahead."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator, Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from threading import Event

from crackscope.batch.places import is_remote, open_filesystem, patiently
from crackscope.errors import StorageError
from crackscope.inference.find_photos import Found
from crackscope.inference.pipeline import map_in_order
from crackscope.records import Failure

#: Transfers at once: they wait for the storage, not for the processor. Twice as many files are held.
_TRANSFERS = 16

#: What a system says of a file server that is away. A row with such a reason would be wrong a minute later.
_AWAY = frozenset(
    os.strerror(getattr(errno, name))
    for name in (
        "EIO",
        "ESTALE",
        "ENOTCONN",
        "ETIMEDOUT",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENETUNREACH",
        "ENODEV",
    )
    if hasattr(errno, name)
)
_MISSING = os.strerror(errno.ENOENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoHere:
    """A photo's file on this machine.

    Attributes:
        name: As its row has it.
        path: Where it lies.
        fetched: Whether it is a copy that nobody needs once it is looked at.
    """

    name: str
    path: str
    fetched: bool = False

    def release(self) -> None:
        """Nobody needs it any more."""
        if self.fetched:
            Path(self.path).unlink(missing_ok=True)

    def failure(self, error: str) -> Failure:
        """The row of a photo that can't be scored, under its own name."""
        return Failure(path=self.name, error=error.replace(self.path, self.name))


class PhotoFetcher:
    """Gets at the photos of a batch.

    Args:
        base: What relative local names start from.
        sources: As the user named them.
        scratch: A folder for copies.
        patience_s: How long storage that does not answer is waited for.
    """

    def __init__(self, base: str | None, sources: Iterable[str], scratch: Path, patience_s: float) -> None:
        self._base, self._scratch, self._patience_s = base or "", scratch, patience_s
        # What the photos of a source lie in: where it is gone, so is the storage, and not one photo.
        self._folders = [f"{source.rstrip('/')}/" for source in sources if not is_remote(source)]
        self._numbers = count()

    def fetch_all(self, found: list[Found]) -> Generator[PhotoHere | Failure]:
        """The photos in their order; a `Failure` is passed on, or takes the place of one that is not there.

        Raises:
            StorageError: A storage does not answer.
        """
        if not any(isinstance(each, str) and is_remote(each) for each in found):
            yield from map(self.fetch, found)
            return
        work = partial(_without_stop, self)
        with closing(map_in_order(work, found, threads=_TRANSFERS)) as photos:
            yield from photos

    def fetch(self, found: Found) -> PhotoHere | Failure:
        """One photo."""
        if isinstance(found, Failure):
            return found
        if not is_remote(found):
            return PhotoHere(name=found, path=os.path.join(self._base, found))  # noqa: PTH118
        return self._fetch_remote(found)

    def _fetch_remote(self, name: str) -> PhotoHere | Failure:
        filesystem, path = open_filesystem(name)
        if "file" in filesystem.protocol:
            return PhotoHere(name=name, path=path)
        copy = self._scratch / f"{next(self._numbers)}{PurePosixPath(path).suffix}"
        try:
            patiently(lambda: filesystem.get_file(path, str(copy)), self._patience_s)
        except FileNotFoundError:
            return Failure(path=name, error=_MISSING)
        except PermissionError:
            return Failure(path=name, error=os.strerror(errno.EACCES))
        except Exception as error:
            raise StorageError(f"{name}: {error} (tried for {self._patience_s:.0f} s)") from error
        return PhotoHere(name=name, path=str(copy), fetched=True)

    def refuse_outage(self, photo: PhotoHere, outcomes: Iterable[object]) -> None:
        """Tell a photo that can't be read from a file server that is away.

        Raises:
            StorageError: The server is away.
        """
        for outcome in outcomes:
            if isinstance(outcome, Failure) and not photo.fetched and self._is_outage(photo, outcome.error):
                raise StorageError(f"{photo.name}: {outcome.error}; is its disk or file server there?")

    def _is_outage(self, photo: PhotoHere, error: str) -> bool:
        if error in _AWAY:
            return True
        inside = (folder for folder in self._folders if photo.name.startswith(folder))
        return error == _MISSING and not all(Path(self._base, folder).is_dir() for folder in inside)


def _without_stop(fetcher: PhotoFetcher, found: Found, stop: Event) -> PhotoHere | Failure:
    return Failure(path=str(found), error="stopped") if stop.is_set() else fetcher.fetch(found)
