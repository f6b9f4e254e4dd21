"""Photos as files named by their content, so that the same photo is kept once."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from crackscope.serving.models import Photo
from crackscope.storage import atomic_path

_CHUNK_BYTES = 1 << 20


class PhotoStore:
    """Files below one folder, two levels: the first two digits of the SHA-256, then all of it.

    Attributes:
        lock: Held from before a file is looked for until its row is committed, and while rows and files are
            deleted; otherwise a file could go just before a new row counts on it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.lock = threading.Lock()

    def path(self, sha256: str) -> Path:
        """Where a photo lies."""
        return self._folder / sha256[:2] / sha256

    def put(self, file: BinaryIO) -> str:
        """Keep a photo, whole and synced to disk; returns its SHA-256. The caller holds the lock.

        ``file`` is left at its end.

        Raises:
            OutputError: The disk is full or can't be written to.
        """
        sha256 = hash_of(file)
        target = self.path(sha256)
        if not target.exists():
            with atomic_path(target) as temporary, temporary.open("wb") as copy:
                file.seek(0)
                shutil.copyfileobj(file, copy, _CHUNK_BYTES)
        return sha256

    def delete_unused(self, session: Session, hashes: Iterable[str]) -> None:
        """Delete the files that no photo of the database is left of. The caller holds the lock."""
        for sha256 in set(hashes):
            if not session.scalar(select(exists().where(Photo.sha256 == sha256))):
                self.path(sha256).unlink(missing_ok=True)

    def sweep(self, used: Collection[str]) -> None:
        """At start: delete files that a killed server wrote without a row, and half-written ones."""
        for path in self._folder.glob("*/*"):
            if path.name not in used:
                path.unlink(missing_ok=True)


def hash_of(file: BinaryIO) -> str:
    """The SHA-256 of a file, which is left at its end."""
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
