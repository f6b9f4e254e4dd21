"""Files that are whole or not there and never among the data, their SHA-256, and JSON of a known version."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from crackscope.errors import CrackscopeError, OutputError

_CHUNK_BYTES = 1 << 20

#: Other names of the same storage in a URL.
_SAME_PROTOCOL = {"s3a": "s3", "s3n": "s3", "gcs": "gs", "abfs": "az", "abfss": "az"}


def refuse_output_in_data(
    output: Path | str, folders: Iterable[Path | str], *, nor_around: bool = False
) -> None:
    """What is written among photos would be data of the next run.

    Args:
        output: A path or URL.
        folders: Of the data, each a path or URL.
        nor_around: Whether the output must not hold a folder of the data either.

    Raises:
        OutputError: It lies in one of the folders.
    """
    place = _parts(output)
    for folder in folders:
        data = _parts(folder)
        if place[: len(data)] == data:
            raise OutputError(
                f"the output {output} lies in the data folder {folder}, where it would be taken for data; "
                "name another --output"
            )
        if nor_around and data[: len(place)] == place:
            raise OutputError(
                f"the data folder {folder} lies in the output {output}, which must not hold photos; "
                "name another --output"
            )


def _parts(place: Path | str) -> tuple[str, ...]:
    """Where it really is: protocol and names of folders, without links and dots."""
    protocol, is_url, path = str(place).partition("://")
    if not is_url:
        return "file", *Path(place).resolve().parts
    if protocol == "file":
        return "file", *Path(path).resolve().parts
    return _SAME_PROTOCOL.get(protocol, protocol), *PurePosixPath(path.strip("/")).parts


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target`` that replaces it when the block ends without an error.

    A reader sees the old file or the new one, never a part, also after ``kill -9``.

    Raises:
        OutputError: The folder can't be made or written to, or the disk is full.
    """
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # The suffix stays at the end because writers such as Pillow choose a format by it.
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f".{target.stem[:40]}.", suffix=target.suffix
        )
        os.close(handle)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    temporary = Path(name)
    try:
        yield temporary
        _sync(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``target`` that takes its place when the block ends without an error.

    Raises:
        OutputError: The folder can't be made or written to.
    """
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    try:
        yield temporary
        temporary.chmod(0o755)
        if target.exists():
            shutil.rmtree(target)
        temporary.replace(target)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text with LF line ends, atomically."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(target: Path, document: Any) -> None:
    """Write JSON (UTF-8, indented, LF) atomically; NaN and infinity are refused."""
    write_text(target, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_versioned_json(
    path: Path, version: int, *, error: type[CrackscopeError], expected: str, if_damaged: str = ""
) -> dict[str, Any]:
    """Read a JSON object whose ``schema_version`` is the one that this version of crackscope writes.

    Args:
        path: UTF-8.
        version: The only one that is read.
        error: What is raised.
        expected: What the file should be or lie in, for the message where it can't be read.
        if_damaged: What to do where it is no JSON.

    Raises:
        CrackscopeError: The given kind: no file, no JSON, no object, or another version.
    """
    document = read_json(path, error=error, expected=expected, if_damaged=if_damaged)
    found = document.get("schema_version") if isinstance(document, dict) else None
    if found != version:
        raise error(f"{path} has schema version {found!r}; this version reads {version}")
    assert isinstance(document, dict)
    return document


def read_json(path: Path, *, error: type[CrackscopeError], expected: str, if_damaged: str = "") -> Any:
    """Read JSON of any shape.

    Args:
        path: UTF-8, with or without a byte order mark.
        error: What is raised.
        expected: What the file should be or lie in, for the message where it can't be read.
        if_damaged: What to do where it is no JSON.

    Raises:
        CrackscopeError: The given kind: no file, or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as reason:
        raise error(f"cannot read {path}: {reason.strerror or reason}; expected {expected}") from reason
    except (ValueError, RecursionError) as reason:
        advice = f"; {if_damaged}" if if_damaged else ""
        raise error(f"{path} is damaged: {reason}{advice}") from reason


def sha256_file(path: Path) -> str:
    """The file's SHA-256 as 64 hex digits; reads it in chunks."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _umask() -> int:
    # There is no call that only reads the mask.
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
