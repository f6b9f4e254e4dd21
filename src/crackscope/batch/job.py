"""``batch.json``: what a destination holds; written when the plan is complete, compared on every resume."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from crackscope.batch.places import Place
from crackscope.batch.plan import write_plan
from crackscope.batch.records import Job, Kind
from crackscope.batch.shards import done_shards
from crackscope.errors import ResumeError
from crackscope.inference.find_photos import Found

JOB_NAME = "batch.json"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedJob:
    """A job whose photos are written down."""

    job: Job
    photos: int
    shards: int

    def remaining(self, place: Place) -> list[int]:
        """Shards that are not finished, in order."""
        done = done_shards(place)
        return [shard for shard in range(self.shards) if shard not in done]


def begin_job(place: Place, job: Job, found: Iterable[Found], *, resume: bool) -> PlannedJob:
    """Take up a destination: go on with the same job, or write down what a new one has to do.

    Args:
        place: The destination.
        job: What is asked for.
        found: The photos; not looked at where the job goes on.
        resume: Whether to go on with what is there. Where nothing is, the job begins.

    Raises:
        ResumeError: There is a job and ``resume`` is not given, or it is another job.
    """
    if place.read_if_there(JOB_NAME) is None:
        photos, shards = write_plan(place, found, job.shard_photos)
        planned = PlannedJob(job=job, photos=photos, shards=shards)
        place.write(JOB_NAME, _to_json(planned))
        return planned
    earlier = read_job(place)
    if not resume:
        raise ResumeError(f"{place.url} holds a batch; give --resume to go on with it, or another --output")
    _refuse_another(place.url, earlier.job, job)
    return earlier


def read_job(place: Place) -> PlannedJob:
    """The job of a destination.

    Raises:
        ResumeError: There is none, or this version can't read it.
    """
    content = place.read_if_there(JOB_NAME)
    if content is None:
        raise ResumeError(f"{place.url} holds no batch: it has no {JOB_NAME}")
    document = json.loads(content)
    if document.get("schema_version") != SCHEMA_VERSION:
        found = document.get("schema_version")
        raise ResumeError(f"{place.url}/{JOB_NAME} has schema version {found!r}; expected {SCHEMA_VERSION}")
    values = document["job"]
    job = Job(**{**values, "kind": Kind(values["kind"]), "sources": tuple(values["sources"])})
    return PlannedJob(job=job, photos=document["photos"], shards=document["shards"])


def _to_json(planned: PlannedJob) -> bytes:
    document = {
        "schema_version": SCHEMA_VERSION,
        "photos": planned.photos,
        "shards": planned.shards,
        "job": asdict(planned.job),
    }
    return json.dumps(document, indent=2, allow_nan=False).encode() + b"\n"


def _refuse_another(url: str, earlier: Job, asked: Job) -> None:
    before, now = (json.loads(json.dumps(asdict(job))) for job in (earlier, asked))
    different = [
        f"{name} was {_short(before[name])}, is {_short(now[name])}"
        for name in before
        if before[name] != now[name]
    ]
    if different:
        raise ResumeError(
            f"{url} holds another batch: {'; '.join(different)}; give the same again, or another --output"
        )


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:200]}…"
