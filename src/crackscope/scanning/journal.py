"""What makes an interrupted scan go on: one line per finished photo, appended and synced, never rewritten."""

from __future__ import annotations

import io
import json
import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crackscope.errors import OutputError

#: Its presence also marks a folder as results, which are never scanned as photos.
JOURNAL_NAME = ".crackscope-scan.jsonl"


class Journal:
    """Documents by key in an append-only file; safe to write from several threads.

    After ``kill -9`` at most the line being written is torn; it is cut off when the journal is opened again.
    """

    def __init__(self, folder: Path, *, fresh: bool = False) -> None:
        self.path = folder / JOURNAL_NAME
        self._places: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what a full disk refused must not be tried again when the file is closed.
            self._stream: io.FileIO = self.path.open("w+b" if fresh else "a+b", buffering=0)
            self._read_places()
        except OSError as error:
            raise OutputError(f"cannot write to {folder}: {error.strerror or error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def read(self, key: str) -> Any:
        """The document last written under a key."""
        with self._lock:
            begin, length = self._places[key]
            self._stream.seek(begin)
            return json.loads(self._stream.read(length))["value"]

    def append(self, key: str, value: Any) -> None:
        """Write a document and sync it to the disk.

        Raises:
            OutputError: The disk is full or the folder went away; what was written before stays.
        """
        line = json.dumps({"key": key, "value": value}, allow_nan=False).encode() + b"\n"
        with self._lock:
            end = self._stream.seek(0, os.SEEK_END)
            try:
                self._write(line)
                os.fsync(self._stream.fileno())
            except OSError as error:
                # Lines that other threads may still write would be lost behind a torn one.
                self._stream.truncate(end)
                raise OutputError(f"cannot write {self.path}: {error.strerror or error}") from error
            self._places[key] = (end, len(line))

    def _write(self, line: bytes) -> None:
        rest = memoryview(line)
        while rest:
            # A disk that is nearly full takes a part, and says so only at the next try.
            rest = rest[self._stream.write(rest) :]

    def _read_places(self) -> None:
        begin = 0
        with self.path.open("rb") as lines:
            for line in lines:
                try:
                    key = json.loads(line)["key"] if line.endswith(b"\n") else None
                except (ValueError, KeyError, TypeError):
                    key = None
                if key is None:
                    break
                self._places[key] = (begin, len(line))
                begin += len(line)
        self._stream.truncate(begin)
