"""``crackscope batch status``: how far a batch is."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.batch_options import absolute_destination
from crackscope.extras import needs_extra

if TYPE_CHECKING:
    from crackscope.batch.status import BatchStatus


def status(
    destination: Annotated[str, typer.Argument(help="Folder or URL of a batch.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how far a batch is, also while it runs: shards, photos, errors, and which machines answered."""
    with needs_extra("batch"):
        from crackscope.batch.places import open_place
        from crackscope.batch.status import read_status

        found = read_status(open_place(absolute_destination(destination), patience_s=10))
    if as_json:
        typer.echo(json.dumps(_document(found), indent=2, ensure_ascii=False))
    else:
        _print(found)


def _document(status: BatchStatus) -> dict[str, object]:
    return {
        "finished": status.done == status.planned.shards,
        "shards": {"done": status.done, "total": status.planned.shards},
        "photos": {"planned": status.planned.photos, **asdict(status.counts)},
        "killers": status.killers,
        "machines": status.machines,
        "worker_s": round(status.worker_s, 1),
        "job": asdict(status.planned.job),
    }


def _print(status: BatchStatus) -> None:
    planned, counts = status.planned, status.counts
    typer.echo(f"{planned.job.kind} with {planned.job.model['name']} ({planned.job.model['sha256'][:12]}…)")
    typer.echo(f"{status.done:,} of {planned.shards:,} shards, {planned.photos:,} photos and videos in all")
    typer.echo(
        f"done: {counts.photos:,} rows, {counts.positive:,} Positive, {counts.review:,} to review, "
        f"{counts.errors:,} errors"
    )
    if status.worker_s:
        typer.echo(f"{counts.photos / status.worker_s:,.0f} rows a second and worker")
    for machine, shards in sorted(status.machines.items()):
        typer.echo(f"  {shards:,} shards by {machine}")
    for name in status.killers:
        typer.echo(f"  given up, its process died each time: {name}")
    if status.done < planned.shards:
        typer.echo("not finished; if nothing works on it, run its command again with --resume")
