"""How far a batch is, read from its manifests alone: nobody has to be asked, nothing has to run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial, reduce
from operator import add

from crackscope.batch.job import PlannedJob, read_job
from crackscope.batch.places import Place
from crackscope.batch.records import Counts
from crackscope.batch.shards import Manifest, done_shards, read_manifest

#: Manifests read at once: they wait for the storage.
_READERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """How far a batch is.

    Attributes:
        planned: What there is to do.
        done: Shards that are finished.
        counts: What their photos came to.
        killers: Photos that were given up because they killed their worker.
        machines: Shards by the machine that made them.
        worker_s: Seconds of workers that the finished shards took.
    """

    planned: PlannedJob
    done: int
    counts: Counts
    killers: list[str]
    machines: dict[str, int]
    worker_s: float


def read_status(place: Place) -> BatchStatus:
    """Read how far a batch is.

    Raises:
        ResumeError: The place holds no batch.
        StorageError: It does not answer.
    """
    planned = read_job(place)
    counts, worker_s = Counts(), 0.0
    killers: list[str] = []
    machines: dict[str, int] = {}
    shards = sorted(done_shards(place))
    for manifest in read_manifests(place, shards):
        counts += manifest.counts
        killers += manifest.killers
        machine = f"{manifest.machine['host']}: {manifest.machine['processor']}"
        machines[machine] = machines.get(machine, 0) + 1
        worker_s += manifest.seconds
    return BatchStatus(
        planned=planned,
        done=len(shards),
        counts=counts,
        killers=killers,
        machines=machines,
        worker_s=worker_s,
    )


def read_counts(place: Place, shards: Iterable[int]) -> Counts:
    """What the photos of finished shards came to."""
    return reduce(add, (manifest.counts for manifest in read_manifests(place, shards)), Counts())


def read_manifests(place: Place, shards: Iterable[int]) -> Iterator[Manifest]:
    """Manifests of finished shards, in the order asked for."""
    with ThreadPoolExecutor(_READERS) as readers:
        yield from readers.map(partial(read_manifest, place), shards)
