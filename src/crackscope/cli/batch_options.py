"""What the commands of ``crackscope batch`` share: their options, how far they are, and how they end."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.bars import photo_bar
from crackscope.errors import BatchStoppedError, RunInterruptedError, StorageError
from crackscope.extras import needs_extra

if TYPE_CHECKING:
    from crackscope.batch.records import BatchSummary

Sources = Annotated[
    list[str],
    typer.Argument(
        help="Photos, folders (searched to any depth), patterns, lists of paths (.csv or .parquet with a "
        "column 'path'), each here or as a URL: s3://, gs://, az://, file://.",
        show_default=False,
    ),
]
Destination = Annotated[
    str, typer.Option("--output", "-o", help="Folder or URL that the shards go to.", show_default=False)
]
Address = Annotated[
    str | None,
    typer.Option(
        help="A running Ray cluster: host:port, ray://host:port, or 'auto' for the one of this machine. "
        "Without it Ray starts here and ends with the batch.",
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes that each hold the model; without it as many as there is room for."),
]
WorkerCpus = Annotated[int, typer.Option(min=1, help="Processors of each worker, and its threads.")]
WorkerGpus = Annotated[float, typer.Option(min=0, help="GPUs of each worker.")]
Patience = Annotated[
    float, typer.Option(min=0, help="Seconds that storage which does not answer, or is full, is waited for.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with what --output holds; begin where it holds nothing.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 if any photo has no score.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing on standard error but errors.")]


def absolute_destination(output: str) -> str:
    """The same place from every folder."""
    return output if "://" in output else os.path.abspath(output)  # noqa: PTH100 - no links are resolved


def base_folder(sources: list[str]) -> str | None:
    """What relative local names start from; ``None`` where there are none."""
    relative = any("://" not in source and not os.path.isabs(source) for source in sources)  # noqa: PTH117
    return os.getcwd() if relative else None  # noqa: PTH109


@contextmanager
def batch_run(*, quiet: bool) -> Iterator[Callable[[int, int | None], None]]:
    """Show how far it is; where it stops, say how to go on.

    Raises:
        MissingExtraError: The extra is not installed.
        RunInterruptedError: Ctrl-C.
    """
    try:
        with needs_extra("batch"), photo_bar("", "shards", quiet=quiet) as progress:
            yield progress
    except KeyboardInterrupt:
        raise RunInterruptedError(f"stopped; go on with: {_command_to_resume()}") from None
    except (BatchStoppedError, StorageError) as error:
        raise type(error)(
            f"{error}. Nothing that is done is lost; go on with: {_command_to_resume()}"
        ) from error


def report(summary: BatchSummary, *, quiet: bool, strict: bool) -> None:
    """Say what came out; exit 1 where that was asked for."""
    counts = summary.counts
    if not quiet:
        reused = f", {summary.reused:,} of them finished earlier" if summary.reused else ""
        typer.echo(
            f"{counts.photos:,} photos in {summary.shards:,} shards{reused}: {counts.positive:,} Positive, "
            f"{counts.review:,} to review, {counts.errors:,} errors; shards are in {summary.destination}, "
            "`crackscope batch merge` makes single files of them",
            err=True,
        )
    if strict and counts.errors:
        raise typer.Exit(1)


def _command_to_resume() -> str:
    words = ["crackscope", *sys.argv[1:]]
    return shlex.join(words if "--resume" in words else [*words, "--resume"])
