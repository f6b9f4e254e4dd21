"""A folder on this machine or in any storage that fsspec knows; its files are whole or not there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

import fsspec
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from crackscope.errors import CrackscopeError, MissingExtraError, OutputError, SettingsError, StorageError
from crackscope.storage import atomic_path

Result = TypeVar("Result")

#: Storage where an upload shows under its name only when it is complete. Elsewhere files are renamed.
_OBJECT_STORES = frozenset(
    {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "cos", "tos", "r2", "memory"}
)

#: The extra that brings a storage's package; any other protocol names its package in fsspec's own words.
_EXTRAS = {
    "batch-s3": ("s3fs", {"s3", "s3a"}),
    "batch-gcs": ("gcsfs", {"gs", "gcs"}),
    "batch-azure": ("adlfs", {"az", "abfs", "abfss", "adl"}),
}

#: These don't pass by waiting.
_FINAL = (
    CrackscopeError, FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError,
    FileExistsError,
    ImportError, TypeError, AttributeError, NotImplementedError,
)  # fmt: skip

#: The longest pause between two tries.
_PAUSE_S = 10.0


def is_remote(name: str) -> bool:
    """Whether a name is a URL: a protocol and ``://``."""
    protocol, separator, _ = name.partition("://")
    return bool(separator) and protocol.isidentifier()


def open_filesystem(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it.

    Raises:
        MissingExtraError: An extra of crackscope brings what it needs.
        SettingsError: The protocol is unknown, or what it needs is not installed.
    """
    try:
        filesystem, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        protocol = url.partition("://")[0]
        for extra, (package, protocols) in _EXTRAS.items():
            if protocol in protocols:
                raise MissingExtraError(package, extra) from error
        raise SettingsError(f"cannot open {url}: {error}") from error
    except ValueError as error:
        raise SettingsError(
            f"cannot open {url}: {error}; s3://, gs:// and az:// are the usual ones"
        ) from error
    return filesystem, str(path)


def patiently(action: Callable[[], Result], patience_s: float) -> Result:
    """Do it again, with growing pauses, until it succeeds, or for so long; the last error is raised."""
    pauses = wait_random_exponential(multiplier=0.2, max=_PAUSE_S)
    waits = retry_if_exception(may_pass)
    return Retrying(stop=stop_after_delay(patience_s), wait=pauses, retry=waits, reraise=True)(action)


def may_pass(error: BaseException) -> bool:
    """Whether an error of a storage may be gone a little later."""
    # botocore's own, which can't be named here: no credentials will come by waiting.
    return isinstance(error, Exception) and not (
        isinstance(error, _FINAL) or "Credentials" in type(error).__name__
    )


class Place(Protocol):
    """A folder; names in it are relative and have slashes.

    Every method raises `StorageError` where the storage does not answer for long, is full or forbidden.
    """

    url: str

    def write(self, name: str, content: bytes) -> None:
        """Write a file so that it is whole or not there."""

    def upload(self, name: str, path: Path) -> None:
        """Copy a file from this machine."""

    def read(self, name: str) -> bytes:
        """A file's content."""

    def read_if_there(self, name: str) -> bytes | None:
        """A file's content, or ``None``."""

    def download(self, name: str, path: Path) -> None:
        """Copy a file to this machine."""

    def names(self, folder: str) -> list[str]:
        """Names of a folder's files, sorted; none where there is no such folder."""

    def remove(self, name: str) -> None:
        """Remove a file where it is there."""


def open_place(url: str, patience_s: float) -> Place:
    """The folder that a path or URL names; it need not exist."""
    local = url.removeprefix("file://") if url.startswith("file://") or not is_remote(url) else None
    return _Remote(url, patience_s) if local is None else _Local(url, Path(local), patience_s)


class _Local:
    def __init__(self, url: str, folder: Path, patience_s: float) -> None:
        self.url, self._folder, self._patience_s = url, folder, patience_s

    def write(self, name: str, content: bytes) -> None:
        def write() -> None:
            with atomic_path(self._folder / name) as temporary:
                temporary.write_bytes(content)

        self._try(write)

    def upload(self, name: str, path: Path) -> None:
        def copy() -> None:
            with atomic_path(self._folder / name) as temporary:
                shutil.copyfile(path, temporary)

        self._try(copy)

    def read(self, name: str) -> bytes:
        return self._try((self._folder / name).read_bytes)

    def read_if_there(self, name: str) -> bytes | None:
        return self._try(partial(_content_or_none, (self._folder / name).read_bytes))

    def download(self, name: str, path: Path) -> None:
        self._try(lambda: shutil.copyfile(self._folder / name, path))

    def names(self, folder: str) -> list[str]:
        def list_names() -> list[str]:
            # What begins with a dot is being written, or was when its writer died.
            return sorted(entry.name for entry in (self._folder / folder).iterdir() if entry.name[:1] != ".")

        return self._try(partial(_names_or_none, list_names))

    def remove(self, name: str) -> None:
        self._try(lambda: (self._folder / name).unlink(missing_ok=True))

    def _try(self, action: Callable[[], Result]) -> Result:
        # `atomic_path` gives a disk that is full or gone an error of our own, with the system's as its cause.
        def with_cause() -> Result:
            try:
                return action()
            except OutputError as error:
                raise error.__cause__ or error from error

        return _answer(with_cause, self.url, self._patience_s)


class _Remote:
    def __init__(self, url: str, patience_s: float) -> None:
        self.url, self._patience_s = url.rstrip("/"), patience_s
        self._filesystem, self._root = open_filesystem(self.url)
        protocols = self._filesystem.protocol
        named = {protocols} if isinstance(protocols, str) else set(protocols)
        self._puts_whole = not named.isdisjoint(_OBJECT_STORES)

    def write(self, name: str, content: bytes) -> None:
        self._put(name, lambda path: self._filesystem.pipe_file(path, content))

    def upload(self, name: str, path: Path) -> None:
        self._put(name, lambda target: self._filesystem.put_file(str(path), target))

    def read(self, name: str) -> bytes:
        return bytes(self._try(lambda: self._filesystem.cat_file(self._path(name))))

    def read_if_there(self, name: str) -> bytes | None:
        return self._try(partial(_content_or_none, lambda: self._filesystem.cat_file(self._path(name))))

    def download(self, name: str, path: Path) -> None:
        self._try(lambda: self._filesystem.get_file(self._path(name), str(path)))

    def names(self, folder: str) -> list[str]:
        def list_names() -> list[str]:
            self._filesystem.invalidate_cache()
            found = self._filesystem.ls(self._path(folder), detail=False)
            # Otherwise what a worker writes from now on would not be there for this process.
            self._filesystem.invalidate_cache()
            names = (str(path).rstrip("/").rpartition("/")[2] for path in found)
            return sorted(name for name in names if name[:1] != ".")

        return self._try(partial(_names_or_none, list_names))

    def remove(self, name: str) -> None:
        def remove() -> None:
            try:
                self._filesystem.rm_file(self._path(name))
            except FileNotFoundError:
                return

        self._try(remove)

    def _put(self, name: str, put: Callable[[str], object]) -> None:
        target = self._path(name)

        def put_whole() -> None:
            if self._puts_whole:
                put(target)
                return
            folder, _, last = target.rpartition("/")
            self._filesystem.makedirs(folder, exist_ok=True)
            put(f"{folder}/.{last}")
            self._filesystem.mv(f"{folder}/.{last}", target)

        self._try(put_whole)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _try(self, action: Callable[[], Result]) -> Result:
        return _answer(action, self.url, self._patience_s)


def _content_or_none(read: Callable[[], bytes]) -> bytes | None:
    try:
        return bytes(read())
    except FileNotFoundError:
        return None


def _names_or_none(list_names: Callable[[], list[str]]) -> list[str]:
    try:
        return list_names()
    except FileNotFoundError:
        return []


def _answer(action: Callable[[], Result], url: str, patience_s: float) -> Result:
    try:
        return patiently(action, patience_s)
    except CrackscopeError:
        raise
    except Exception as error:
        waited = f" (tried for {patience_s:.0f} s)" if may_pass(error) else ""
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise StorageError(f"{url}: {reason}{waited}") from error
