"""Which photos each shard has: written once, before the first is looked at, and the same on every resume."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import pyarrow
from pyarrow import parquet

from crackscope.batch.places import Place
from crackscope.inference.find_photos import Found
from crackscope.records import Failure

Item = TypeVar("Item")

FOLDER = "plan"

#: Shards whose photos stand in one file of the plan, each a row group of its own.
_SHARDS_PER_FILE = 64

# Names are bytes because a file's name need not be UTF-8.
_SCHEMA = pyarrow.schema([("name", pyarrow.binary()), ("error", pyarrow.binary())])


def write_plan(place: Place, found: Iterable[Found], shard_photos: int) -> tuple[int, int]:
    """Write the photos down as they are found, in memory that does not grow.

    Returns:
        Photos, and shards.
    """
    photos = shards = 0
    chunks = _cut(found, shard_photos)
    for number, group in enumerate(_cut(chunks, _SHARDS_PER_FILE)):
        place.write(_file_name(number), _to_bytes(group))
        photos += sum(map(len, group))
        shards += len(group)
    return photos, shards


def read_plan(place: Place, shard: int) -> list[Found]:
    """The photos of one shard."""
    number, row_group = divmod(shard, _SHARDS_PER_FILE)
    file = parquet.ParquetFile(io.BytesIO(place.read(_file_name(number))))
    names, errors = (column.to_pylist() for column in file.read_row_group(row_group).columns)
    return list(map(_found, names, errors))


def inputs_sha256(found: Iterable[Found]) -> str:
    """What a shard's photos are known by."""
    digest = hashlib.sha256()
    for each in found:
        digest.update(_name_of(each) + b"\0")
    return digest.hexdigest()


def _to_bytes(group: Iterable[list[Found]]) -> bytes:
    buffer = io.BytesIO()
    with parquet.ParquetWriter(buffer, _SCHEMA, compression="zstd") as writer:
        for chunk in group:
            columns = list(zip(*_rows(chunk), strict=True))
            table = pyarrow.table(
                [pyarrow.array(c, f.type) for c, f in zip(columns, _SCHEMA, strict=True)], _SCHEMA
            )
            writer.write_table(table, row_group_size=len(chunk))
    return buffer.getvalue()


def _rows(chunk: Iterable[Found]) -> Iterator[tuple[bytes, bytes | None]]:
    for each in chunk:
        yield _name_of(each), os.fsencode(each.error) if isinstance(each, Failure) else None


def _name_of(each: Found) -> bytes:
    return os.fsencode(each.path if isinstance(each, Failure) else each)


def _found(name: bytes, error: bytes | None) -> Found:
    text = os.fsdecode(name)
    return text if error is None else Failure(path=text, error=os.fsdecode(error))


def _cut(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    stream = iter(items)
    while part := list(islice(stream, size)):
        yield part


def _file_name(number: int) -> str:
    return f"{FOLDER}/{number:06d}.parquet"
