"""One run of a batch: shards that are not finished go to the workers, and what they say comes back."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from crackscope.batch.cluster import count_workers, from_afar, ray, ray_cluster
from crackscope.batch.job import PlannedJob, begin_job
from crackscope.batch.models import pack_model
from crackscope.batch.places import open_place
from crackscope.batch.records import BatchSummary, Counts, Job, Resources
from crackscope.batch.status import read_counts
from crackscope.batch.tasks import find_photos_of
from crackscope.batch.worker import ShardEnd, ShardWorker, Work
from crackscope.bundle import Bundle
from crackscope.errors import BatchStoppedError
from crackscope.inference.engines import Device

#: Ray keeps books of every block; a block of several shards is still worked on shard by shard.
_MOST_BLOCKS = 4000

Progress = Callable[[int, int], None]


def run_batch(
    job: Job,
    bundle: Bundle,
    *,
    destination: str,
    resources: Resources,
    resume: bool = False,
    progress: Progress | None = None,
) -> BatchSummary:
    """Make every shard that is not there yet.

    Args:
        job: What is done.
        bundle: The model of the job.
        destination: A folder or URL.
        resources: Where it runs.
        resume: Whether to go on with what the destination holds.
        progress: Called with shards done and shards in all.

    Raises:
        NoPhotosError: There is nothing to do.
        ResumeError: The destination holds another batch, or ``resume`` is not given.
        BatchStoppedError: It can't go on; finished shards are kept, and it can be resumed.
        StorageError: The destination does not answer.
    """
    place = open_place(destination, resources.patience_s)
    found = find_photos_of(job, place.url, resources.patience_s)
    planned = begin_job(place, job, found, resume=resume)
    remaining = planned.remaining(place)
    tell = progress or (lambda done, total: None)
    reused = planned.shards - len(remaining)
    tell(reused, planned.shards)
    if remaining:
        _make_shards(planned, remaining, bundle, destination=place.url, resources=resources, tell=tell)
    return BatchSummary(
        destination=place.url,
        shards=planned.shards,
        reused=reused,
        counts=read_counts(place, range(planned.shards)),
    )


def _make_shards(
    planned: PlannedJob,
    remaining: list[int],
    bundle: Bundle,
    *,
    destination: str,
    resources: Resources,
    tell: Progress,
) -> None:
    done = planned.shards - len(remaining)
    with ray_cluster(resources.address):
        work = Work(
            run=uuid4().hex,
            destination=destination,
            job=planned.job,
            model=ray.put(pack_model(bundle, planned.job.engine)),
            cpus=resources.worker_cpus,
            device=_device(planned.job, resources),
            patience_s=resources.patience_s,
        )
        ends = _ends_from_afar if from_afar() else _ends
        for end in ends(work, remaining, resources):
            if end.problem is not None:
                raise BatchStoppedError(f"{end.problem}; {done} of {planned.shards} shards are done")
            done += 1
            tell(done, planned.shards)


def _ends(work: Work, shards: list[int], resources: Resources) -> Iterator[ShardEnd]:
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    wanted = count_workers(resources.workers, cpus=resources.worker_cpus, gpus=resources.worker_gpus)
    workers = min(wanted, len(shards))
    tasks = ray.data.from_items(
        [{"shard": shard} for shard in shards], override_num_blocks=min(len(shards), _MOST_BLOCKS)
    )
    ends = tasks.map_batches(
        ShardWorker,
        fn_constructor_args=(work,),
        batch_size=1,
        # A shard that waits at a busy worker would be late at the end.
        compute=ray.data.ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=1),
        num_cpus=resources.worker_cpus,
        num_gpus=resources.worker_gpus,
    )
    try:
        yield from (_end(row) for row in ends.iter_rows())
    except ray.exceptions.RayError as error:
        raise BatchStoppedError(f"Ray stopped: {str(error).strip().splitlines()[0]}") from error


class _Driver:
    """The actor that drives a batch of which the command is outside: Ray Data runs in the cluster only."""

    def __init__(self, work: Work, shards: list[int], resources: Resources) -> None:
        self._ends = _ends(work, shards, resources)

    def next_end(self) -> ShardEnd | None:
        return next(self._ends, None)


def _ends_from_afar(work: Work, shards: list[int], resources: Resources) -> Iterator[ShardEnd]:
    driver = ray.remote(num_cpus=0)(_Driver).remote(work, shards, resources)
    try:
        while (end := ray.get(driver.next_end.remote())) is not None:
            yield end
    except (ray.exceptions.RayError, ConnectionError) as error:
        raise BatchStoppedError(f"Ray stopped: {str(error).strip().splitlines()[-1]}") from error


def _end(row: dict[str, Any]) -> ShardEnd:
    document = json.loads(row["end"])
    return ShardEnd(**{**document, "counts": Counts(**document["counts"])})


def _device(job: Job, resources: Resources) -> str:
    # Without a GPU from Ray, a worker must not take one that Ray gave to others.
    return Device.CPU if job.device == Device.AUTO and not resources.worker_gpus else job.device
