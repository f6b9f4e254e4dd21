"""What a batch is asked for, what its shards say of themselves, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from crackscope.errors import SettingsError


class Kind(StrEnum):
    """What is done with every photo."""

    PREDICT = "predict"
    SCAN = "scan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """Where a batch runs; nothing of it changes a number in the results.

    Attributes:
        address: Of a running Ray cluster, ``auto`` for the one of this machine; ``None`` starts one here that
            ends with the batch.
        workers: Processes that each hold the model; ``None`` is as many as the cluster has room for.
        worker_cpus: Processors of each, and its threads.
        worker_gpus: GPUs of each.
        patience_s: How long storage that does not answer is waited for.
    """

    address: str | None = None
    workers: int | None = None
    worker_cpus: int = 1
    worker_gpus: float = 0
    patience_s: float = 180.0

    def __post_init__(self) -> None:
        least: tuple[tuple[str, float | None, float], ...] = (
            ("workers", self.workers, 1),
            ("worker_cpus", self.worker_cpus, 1),
            ("worker_gpus", self.worker_gpus, 0),
            ("patience_s", self.patience_s, 0),
        )
        for name, value, smallest in least:
            if value is not None and value < smallest:
                raise SettingsError(f"{name} is {value}; expected {smallest} or more")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything the numbers of a batch follow from; the same on every run of it.

    Attributes:
        kind: What is done.
        sources: As the user named them.
        folder: What relative local names start from; ``None`` where there are none.
        model: Name of the model, SHA-256 of its network and of ``model.json``.
        settings: Of the kind, ready for JSON.
        engine: What runs the model; engines agree only to 1e-5.
        device: Where it runs.
        header: What stands before the photos in the single files, where they have such a place.
        version: Of crackscope.
        shard_photos: Photos of a shard.
    """

    kind: Kind
    sources: tuple[str, ...]
    folder: str | None
    model: dict[str, str]
    settings: dict[str, Any]
    engine: str
    device: str
    header: dict[str, Any]
    version: str
    shard_photos: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the photos of a shard, or of a batch, came to."""

    photos: int = 0
    positive: int = 0
    review: int = 0
    errors: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            photos=self.photos + other.photos,
            positive=self.positive + other.positive,
            review=self.review + other.review,
            errors=self.errors + other.errors,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSummary:
    """How a batch ended.

    Attributes:
        destination: Where the shards are.
        shards: How many there are.
        reused: Those that an earlier run had finished.
        counts: Over all of them.
    """

    destination: str
    shards: int
    reused: int
    counts: Counts
