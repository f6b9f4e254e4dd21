"""From shards to the single files of one machine, byte for byte."""

from __future__ import annotations

from pathlib import Path

from crackscope.batch.job import read_job
from crackscope.batch.places import Place
from crackscope.batch.predicting import merge_predictions
from crackscope.batch.records import Kind
from crackscope.batch.scanning import merge_scan
from crackscope.batch.shards import done_shards
from crackscope.batch.status import read_manifests
from crackscope.errors import ResumeError
from crackscope.inference.writers import Format


def merge(place: Place, output: Path, form: Format | None) -> int:
    """Write what ``predict`` or ``scan`` would have written for the same photos.

    Args:
        place: A finished batch.
        output: A file; a folder for a scan.
        form: Of the file; ``None`` is by its ending, else CSV.

    Returns:
        Photos.

    Raises:
        ResumeError: It is not finished, or a shard is damaged.
        OutputError: The output can't be written.
    """
    planned = read_job(place)
    missing = planned.shards - len(done_shards(place))
    if missing:
        raise ResumeError(
            f"{missing} of {planned.shards} shards are not done; run the batch with --resume first"
        )
    manifests = read_manifests(place, range(planned.shards))
    if planned.job.kind is Kind.SCAN:
        merge_scan(place, planned.job, manifests, output)
    else:
        merge_predictions(place, manifests, output, form or _form_of(output))
    return planned.photos


def _form_of(output: Path) -> Format:
    ending = output.suffix.lower().removeprefix(".")
    return Format(ending) if ending in set(Format) else Format.CSV
