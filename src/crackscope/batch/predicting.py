"""``predict`` in shards: rows as Parquet, from which any format of the command can be written."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow

from crackscope import __version__
from crackscope.batch.models import model_facts
from crackscope.batch.photos import PhotoHere
from crackscope.batch.places import Place
from crackscope.batch.records import Job, Kind
from crackscope.batch.shards import Manifest, read_rows, shard_file, table_bytes
from crackscope.batch.tasks import Answer, Outcomes
from crackscope.bundle import Bundle
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.writers import Format, parquet_row, parquet_schema, write_outcomes
from crackscope.records import Failure, Outcome, outcome_from_row

FOLDER = "predictions"

#: The column of a row as it was, where a table's one line of text is not the whole of it; else null.
_RECORD = "record"


def predict_job(
    bundle: Bundle,
    sources: Sequence[str],
    *,
    folder: str | None,
    threshold: float | None,
    tta: bool,
    limit_pixels: int,
    fast_decode: bool,
    engine: str,
    device: str,
    shard_photos: int,
) -> Job:
    """The job of ``batch predict``."""
    settings = {
        "threshold": bundle.config.threshold.value if threshold is None else threshold,
        "tta": tta,
        "limit_pixels": limit_pixels,
        "fast_decode": fast_decode,
    }
    return Job(
        kind=Kind.PREDICT,
        sources=tuple(sources),
        folder=folder,
        model=model_facts(bundle),
        settings=settings,
        engine=str(engine),
        device=str(device),
        header={},
        version=__version__,
        shard_photos=shard_photos,
    )


class PredictTask:
    """`CrackClassifier.predict_paths` over the photos of a shard."""

    def __init__(self, job: Job, bundle: Bundle, *, threads: int, device: str) -> None:
        settings = job.settings
        self.classifier = CrackClassifier.load(
            bundle,
            engine=job.engine,
            device=device,
            threads=threads,
            threshold=settings["threshold"],
            tta=settings["tta"],
        )
        self._reading = {name: settings[name] for name in ("limit_pixels", "fast_decode")}

    def answer(self, photos: Iterable[PhotoHere | Failure]) -> Generator[Answer]:
        """The rows of each photo, in order, under the photos' names."""
        ahead: deque[PhotoHere | Failure] = deque()

        def paths() -> Iterator[str | Failure]:
            for photo in photos:
                ahead.append(photo)
                yield photo if isinstance(photo, Failure) else photo.path

        for outcome in self.classifier.predict_paths(paths(), **self._reading):
            photo = ahead.popleft()
            yield photo, [_named(outcome, photo)]

    def files(self, shard: int, outcomes: Outcomes) -> dict[str, bytes]:
        """``predictions/``: the columns of ``predict --format parquet``."""
        schema = parquet_schema().append(pyarrow.field(_RECORD, pyarrow.string()))
        return {shard_file(FOLDER, shard): table_bytes([_row(outcome) for outcome in outcomes], schema)}

    def upload(self, place: Place) -> None:
        """There is nothing beside the rows."""


def merge_predictions(place: Place, manifests: Iterable[Manifest], output: Path, form: Format) -> None:
    """Write the one file of ``predict``.

    Raises:
        ResumeError: A shard is damaged.
        OutputError: The file can't be written.
    """
    columns = [*parquet_schema().names, _RECORD]
    rows = (row for manifest in manifests for row in read_rows(place, manifest, FOLDER, columns))
    write_outcomes(output, map(_outcome, rows), form)


def _named(outcome: Outcome, photo: PhotoHere | Failure) -> Outcome:
    if isinstance(photo, Failure) or outcome.path == photo.name:
        return outcome
    if isinstance(outcome, Failure):
        return photo.failure(outcome.error)
    return replace(outcome, path=photo.name)


def _row(outcome: Outcome) -> dict[str, Any]:
    row = parquet_row(outcome)
    whole = outcome.as_row()
    return {**row, _RECORD: None if row == whole else json.dumps(whole, allow_nan=False)}


def _outcome(row: dict[str, Any]) -> Outcome:
    record = row.pop(_RECORD)
    return outcome_from_row(row if record is None else json.loads(record))
