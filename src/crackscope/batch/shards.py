"""Shards: Parquet files with the rows of their photos, and the manifest that says they are complete."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow
from pyarrow import parquet

from crackscope.batch.places import Place
from crackscope.batch.records import Counts
from crackscope.errors import ResumeError

FOLDER = "manifests"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a finished shard says of itself.

    Attributes:
        shard: Its number.
        inputs: Its photos: how many, the first, the last, and the SHA-256 of all names.
        counts: What they came to.
        killers: Photos that are given up because they killed the worker.
        model_sha256: Of the model that answered.
        settings: Of the kind, ready for JSON.
        machine: Which one answered: host, system, processor, versions.
        files: SHA-256 of each of its files, by name.
        seconds: How long it took.
        processor_s: Seconds of processor of the worker, which other programs beside it do not change.
    """

    shard: int
    inputs: dict[str, Any]
    counts: Counts
    killers: list[str]
    model_sha256: str
    settings: dict[str, Any]
    machine: dict[str, str]
    files: dict[str, str]
    seconds: float
    processor_s: float


def shard_file(folder: str, shard: int, suffix: str = "parquet") -> str:
    """The name of a shard's file: ``predictions/000012.parquet``."""
    return f"{folder}/{shard:06d}.{suffix}"


def table_bytes(rows: list[dict[str, Any]], schema: pyarrow.Schema) -> bytes:
    """Rows as a Parquet file; the same rows give the same bytes."""
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), buffer, compression="zstd")
    return buffer.getvalue()


def write_shard(place: Place, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Write a shard's files, then its manifest: from then on, it is finished."""
    for name, content in files.items():
        place.write(name, content)
    document = {"schema_version": SCHEMA_VERSION, **asdict(manifest)}
    place.write(shard_file(FOLDER, manifest.shard, "json"), json.dumps(document, indent=2).encode() + b"\n")


def done_shards(place: Place) -> set[int]:
    """Numbers of the shards that are finished."""
    names = (name.removesuffix(".json") for name in place.names(FOLDER) if name.endswith(".json"))
    return {int(name) for name in names if name.isdecimal()}


def find_manifest(place: Place, shard: int) -> Manifest | None:
    """What a shard says of itself; ``None`` where it is not finished.

    Raises:
        ResumeError: This version can't read it.
    """
    name = shard_file(FOLDER, shard, "json")
    content = place.read_if_there(name)
    if content is None:
        return None
    document = json.loads(content)
    found = document.pop("schema_version", None)
    if found != SCHEMA_VERSION:
        raise ResumeError(f"{place.url}/{name} has schema version {found!r}; expected {SCHEMA_VERSION}")
    return Manifest(**{**document, "counts": Counts(**document["counts"])})


def read_manifest(place: Place, shard: int) -> Manifest:
    """What a finished shard says of itself.

    Raises:
        ResumeError: It is not finished, or this version can't read it.
    """
    manifest = find_manifest(place, shard)
    if manifest is None:
        raise ResumeError(f"shard {shard} of {place.url} is not done; run the batch with --resume first")
    return manifest


def read_rows(place: Place, manifest: Manifest, folder: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    """Rows of one of a shard's tables.

    Raises:
        ResumeError: The file is not the one that the manifest was written for.
    """
    name = shard_file(folder, manifest.shard)
    content = place.read(name)
    if sha256(content) != manifest.files[name]:
        again = f"remove {shard_file(FOLDER, manifest.shard, 'json')} there and resume the batch"
        raise ResumeError(f"{place.url}/{name} was changed after it was written; to make it again, {again}")
    yield from parquet.read_table(io.BytesIO(content), columns=columns).to_pylist()


def sha256(content: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(content).hexdigest()
