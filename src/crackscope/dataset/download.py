"""Fetch one file over HTTP: resumed where it broke off, and verified by its SHA-256 ever after."""

from __future__ import annotations

import json
import queue
import re
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from crackscope.errors import ChecksumError, DownloadError, OutputError, SettingsError
from crackscope.storage import sha256_file, write_json, write_text

Progress = Callable[[int, int | None], None]

_CHUNK_BYTES = 1 << 18
_PARTIAL_CONTENT = 206
_RANGE_NOT_SATISFIABLE = 416


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait for the server's first answer, name look-up included, and for more data."""

    answer_s: float = 8
    stall_s: float = 30


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    progress: Progress | None = None,
    timeouts: Timeouts | None = None,
) -> str:
    """Fetch ``url`` to ``target``, unless it is there, and return its SHA-256.

    What has arrived of a broken transfer is kept in ``<target>.partial`` and continued if the server still
    has the same file. The SHA-256 is recorded in ``<target>.sha256`` (for ``sha256sum -c``); a file that is
    already there is checked against the record and against ``sha256``.

    Args:
        url: An http or https address.
        target: The file to write.
        sha256: What the file's SHA-256 must be, where that is known.
        progress: Told bytes done and, where the server says so, in all.
        timeouts: How long to wait for the server.

    Raises:
        DownloadError: The server can't be reached, refuses, or the transfer breaks again and again.
        ChecksumError: The file is not the one expected or recorded.
        OutputError: The target can't be written.
        SettingsError: ``url`` is no http or https address.
    """
    if target.exists():
        return verify_file(target, sha256)
    transfer = _Transfer(url, target, progress or _silent, timeouts or Timeouts())
    transfer.run()
    found = sha256_file(transfer.partial)
    if sha256 is not None and found != sha256.lower():
        # Kept, it would be "resumed" for ever.
        transfer.forget()
        raise ChecksumError(f"{url} gave a file with SHA-256 {found}; expected {sha256.lower()}")
    transfer.partial.replace(target)
    transfer.forget()
    _record(target, found)
    return found


def verify_file(path: Path, sha256: str | None = None) -> str:
    """Check a file against ``sha256`` and its record; without a record, make one. Returns its SHA-256.

    Raises:
        ChecksumError: It differs from either.
    """
    found = sha256_file(path)
    record = _beside(path, ".sha256")
    recorded = record.read_text(encoding="utf-8").split(maxsplit=1)[0] if record.is_file() else None
    for expected, origin in ((sha256, "the one asked for"), (recorded, f"recorded in {record.name}")):
        if expected is not None and found != expected.lower():
            raise ChecksumError(
                f"{path} has SHA-256 {found}, but {expected.lower()} is {origin}; "
                f"the file is damaged or another one: delete or rename it and fetch it again"
            )
    if recorded is None:
        _record(path, found)
    return found


def _record(path: Path, sha256: str) -> None:
    write_text(_beside(path, ".sha256"), f"{sha256}  {path.name}\n")


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _silent(done: int, total: int | None) -> None:
    pass


class _Transfer:
    """One file on its way: the partial file, and beside it which file on the server it is a part of."""

    def __init__(self, url: str, target: Path, progress: Progress, timeouts: Timeouts) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise SettingsError(f"{url} is no address to fetch from; expected http:// or https://")
        self.partial = _beside(target, ".partial")
        self._origin = _beside(target, ".partial.json")
        self._url = url
        self._progress = progress
        self._timeouts = timeouts

    def run(self) -> None:
        """Transfer until the file is whole, trying again as long as each try brings more."""
        broken: Exception | None = None
        before = -1
        while (size := self._size()) > before:
            before = size
            try:
                self._attempt()
            except (OSError, HTTPException) as error:
                broken = error
            else:
                return
        raise DownloadError(
            f"the transfer of {self._url} broke off at {size:,} bytes ({broken or type(broken).__name__}); "
            f"run the command again to go on from there"
        ) from broken

    def forget(self) -> None:
        """Remove what is left of the transfer."""
        self.partial.unlink(missing_ok=True)
        self._origin.unlink(missing_ok=True)

    def _size(self) -> int:
        return self.partial.stat().st_size if self.partial.is_file() else 0

    def _attempt(self) -> None:
        with self._open(self._range_headers()) as response:
            start = self._size() if response.status == _PARTIAL_CONTENT else 0
            if response.status == _PARTIAL_CONTENT and _range_start(response) != start:
                raise DownloadError(f"{self._url}: the server sent another part than asked for")
            length = response.headers.get("Content-Length")
            total = None if length is None else start + int(length)
            self._remember(response)
            self._receive(response, start, total)

    def _range_headers(self) -> dict[str, str]:
        """Ask for the rest, if what is there is a part of a file that the server can recognise."""
        if not self._origin.is_file() or not self._size():
            return {}
        try:
            origin = json.loads(self._origin.read_text(encoding="utf-8"))
            validator = origin["validator"] if origin["url"] == self._url else None
        except (ValueError, KeyError, TypeError):
            validator = None
        return {} if validator is None else {"Range": f"bytes={self._size()}-", "If-Range": validator}

    def _remember(self, response: HTTPResponse) -> None:
        etag = response.headers.get("ETag", "")
        # A weak ETag does not promise the same bytes, so it is no ground to go on from.
        strong = etag if etag and not etag.startswith("W/") else None
        validator = strong or response.headers.get("Last-Modified")
        write_json(self._origin, {"url": self._url, "validator": validator})

    def _receive(self, response: HTTPResponse, start: int, total: int | None) -> None:
        done = start
        try:
            stream = self.partial.open("ab" if start else "wb")
        except OSError as error:
            raise OutputError(f"cannot write {self.partial}: {error.strerror or error}") from error
        with stream:
            self._progress(done, total)
            while chunk := response.read(_CHUNK_BYTES):
                try:
                    stream.write(chunk)
                    stream.flush()
                except OSError as error:
                    raise OutputError(f"cannot write {self.partial}: {error.strerror or error}") from error
                done += len(chunk)
                self._progress(done, total)
        if total is not None and done < total:
            raise ConnectionError(f"{done:,} of {total:,} bytes arrived")

    def _open(self, headers: dict[str, str]) -> HTTPResponse:
        request = urllib.request.Request(
            self._url, headers={"User-Agent": "crackscope", "Accept-Encoding": "identity", **headers}
        )
        try:
            return _answer_within(request, self._timeouts)
        except HTTPError as error:
            if error.code == _RANGE_NOT_SATISFIABLE and headers:
                self.forget()
                return self._open({})
            raise DownloadError(f"{self._url}: the server answered {error.code} {error.reason}") from error
        except (URLError, TimeoutError) as error:
            reason = getattr(error, "reason", None) or error
            raise DownloadError(f"cannot reach {urlsplit(self._url).hostname}: {reason}") from error


def _answer_within(request: urllib.request.Request, timeouts: Timeouts) -> HTTPResponse:
    """The answer to a request, or `TimeoutError`.

    In a thread of its own, because a look-up of the server's name can't be given a limit, and takes longer
    than anybody waits where there is no network.
    """
    answers: queue.SimpleQueue[HTTPResponse | BaseException] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(urllib.request.urlopen(request, timeout=timeouts.stall_s))
        except BaseException as error:
            answers.put(error)

    Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=timeouts.answer_s)
    except queue.Empty:
        raise TimeoutError(f"no answer within {timeouts.answer_s:g} seconds") from None
    if isinstance(answer, BaseException):
        raise answer
    return answer


def _range_start(response: HTTPResponse) -> int:
    """Where the part begins that ``Content-Range: bytes 100-199/200`` announces; -1 if it can't be told."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else -1
