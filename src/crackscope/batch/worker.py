"""The worker: an actor of Ray Data that holds the model and makes shards, each written once and whole."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ray

from crackscope import __version__
from crackscope.batch.lone import KILLER_REASON, LonePhotos
from crackscope.batch.models import PackedModel, refuse_other_scores, unpack_model
from crackscope.batch.photos import PhotoFetcher, PhotoHere
from crackscope.batch.places import Place, open_place, patiently
from crackscope.batch.plan import inputs_sha256, read_plan
from crackscope.batch.records import Counts, Job, Kind
from crackscope.batch.scratch import process_folder
from crackscope.batch.shards import Manifest, find_manifest, sha256, write_shard
from crackscope.batch.tasks import Outcomes, Task
from crackscope.batch.trials import Trial
from crackscope.bundle import Bundle
from crackscope.cpus import available_cpus
from crackscope.errors import CrackscopeError, SettingsError
from crackscope.inference.find_photos import Found
from crackscope.labels import Label
from crackscope.records import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a worker is sent.

    Attributes:
        run: What this run of the batch is known by.
        destination: Where the plan is and the shards go.
        job: What is done.
        model: A `PackedModel` in Ray's object store.
        cpus: Threads.
        device: Where the model runs.
        patience_s: How long storage that does not answer is waited for.
    """

    run: str
    destination: str
    job: Job
    model: Any
    cpus: int
    device: str
    patience_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardEnd:
    """How a shard ended: what its photos came to, or why the batch can't go on."""

    shard: int
    counts: Counts
    problem: str | None = None


class ShardWorker:
    """Called by Ray Data with numbers of shards; everything is loaded at the first."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._bench: _Bench | None = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        """Columns ``shard`` in, ``end`` out: a `ShardEnd` as JSON each."""
        return {"end": [json.dumps(asdict(self._finish(int(shard)))) for shard in batch["shard"]]}

    def _finish(self, shard: int) -> ShardEnd:
        try:
            if self._bench is None:
                self._bench = _Bench(self._work)
            return ShardEnd(shard=shard, counts=self._bench.finish(shard))
        except (CrackscopeError, OSError) as error:
            return ShardEnd(shard=shard, counts=Counts(), problem=f"{platform.node()}: {error}")


class _Bench:
    """A worker with its model, the destination and a folder for what is on its way."""

    def __init__(self, work: Work) -> None:
        _refuse_other_version(work.job)
        self._work = work
        self._place: Place = open_place(work.destination, work.patience_s)
        scratch = process_folder()
        packed: PackedModel = ray.get(work.model)
        self._load = partial(_load, work, scratch)
        self._task: Task = self._load()
        refuse_other_scores(packed, self._task.classifier)
        job = work.job
        self._fetcher = PhotoFetcher(job.folder, job.sources, scratch, work.patience_s)
        self._machine = _machine(work.device)

    def finish(self, shard: int) -> Counts:
        """Make a shard, unless it was made by a worker that died before it could say so."""
        earlier = find_manifest(self._place, shard)
        if earlier is not None:
            return earlier.counts
        trial = Trial(self._place, shard, self._work.run)
        try:
            counts = self._make(shard, trial)
        except (CrackscopeError, OSError):
            # The next run need not look for a photo that kills.
            with suppress(CrackscopeError):
                trial.end()
            raise
        trial.end()
        return counts

    def _make(self, shard: int, trial: Trial) -> Counts:
        began, processor_began = time.monotonic(), time.process_time()
        found = read_plan(self._place, shard)
        outcomes = self._answer(found, trial)
        files = self._task.files(shard, outcomes)
        self._task.upload(self._place)
        took = {"seconds": time.monotonic() - began, "processor_s": time.process_time() - processor_began}
        manifest = self._manifest(shard, found, outcomes, files, took)
        write_shard(self._place, manifest, files)
        return manifest.counts

    def _answer(self, found: list[Found], trial: Trial) -> Outcomes:
        outcomes: Outcomes = []
        look = (
            partial(LonePhotos(self._load).answer_all, trial=trial)
            if trial.after_death
            else self._task.answer
        )
        with closing(self._fetcher.fetch_all(found)) as photos, closing(look(photos)) as answers:
            for photo, rows in answers:
                outcomes += rows if isinstance(photo, Failure) else self._when_there(photo, rows)
        return outcomes

    def _when_there(self, photo: PhotoHere, rows: Outcomes) -> Outcomes:
        """The rows, once more where the file server was away."""
        tries: Iterator[Outcomes] = iter([rows])

        def look() -> Outcomes:
            outcomes = next(tries, None)
            if outcomes is None:
                [(_, outcomes)] = self._task.answer([photo])
            self._fetcher.refuse_outage(photo, outcomes)
            return outcomes

        answered = patiently(look, self._work.patience_s)
        photo.release()
        return answered

    def _manifest(
        self,
        shard: int,
        found: list[Found],
        outcomes: Outcomes,
        files: dict[str, bytes],
        took: dict[str, float],
    ) -> Manifest:
        names = [each.path if isinstance(each, Failure) else each for each in found]
        ends = {"first": _printable(names[0]), "last": _printable(names[-1])}
        killers = [each for each in outcomes if isinstance(each, Failure) and each.error == KILLER_REASON]
        return Manifest(
            shard=shard,
            inputs={"photos": len(found), **ends, "sha256": inputs_sha256(found)},
            counts=_count(outcomes),
            killers=[_printable(killer.path) for killer in killers],
            model_sha256=self._work.job.model["sha256"],
            settings=self._work.job.settings,
            machine=self._machine,
            files={name: sha256(content) for name, content in files.items()},
            seconds=round(took["seconds"], 3),
            processor_s=round(took["processor_s"], 3),
        )


def _count(outcomes: Outcomes) -> Counts:
    """What the rows come to; predictions and reports of scans have the same answers."""
    scored = [outcome for outcome in outcomes if not isinstance(outcome, Failure)]
    return Counts(
        photos=len(outcomes),
        positive=sum(outcome.label is Label.POSITIVE for outcome in scored),
        review=sum(outcome.review for outcome in scored),
        errors=len(outcomes) - len(scored),
    )


def _load(work: Work, scratch: Path) -> Task:
    bundle = unpack_model(ray.get(work.model))
    threads = min(work.cpus, available_cpus())
    return _load_task(work.job, bundle, threads=threads, device=work.device, scratch=scratch)


def _load_task(job: Job, bundle: Bundle, *, threads: int, device: str, scratch: Path) -> Task:
    """The command of a job, with its model loaded."""
    if job.kind is Kind.PREDICT:
        from crackscope.batch.predicting import PredictTask

        return PredictTask(job, bundle, threads=threads, device=device)
    from crackscope.batch.scanning import ScanTask

    return ScanTask(job, bundle, threads=threads, device=device, scratch=scratch)


def _refuse_other_version(job: Job) -> None:
    if job.version != __version__:
        raise SettingsError(f"has crackscope {__version__}; the batch was started with {job.version}")


def _machine(device: str) -> dict[str, str]:
    return {
        "host": platform.node(),
        "system": platform.platform(),
        "processor": _processor(),
        "python": platform.python_version(),
        "onnxruntime": version("onnxruntime"),
        "device": device,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    instructions = [
        name for name in ("avx2", "avx512f", "avx512_vnni") if name in facts.get("flags", "").split()
    ]
    return " ".join([facts.get("model name", platform.machine()), *instructions])


def _printable(name: str) -> str:
    return name.encode("utf-8", errors="backslashreplace").decode("utf-8")
