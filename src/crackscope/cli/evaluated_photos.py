"""What the commands on labelled photos share: their options, and photos, bars and tables in a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crackscope.cli.bars import photo_bar

if TYPE_CHECKING:
    from crackscope.dataset.corrections import Corrections
    from crackscope.evaluation.photos import GroupedPhoto
    from crackscope.evaluation.tables import Table
    from crackscope.records import Failure

ManifestFile = Annotated[
    Path | None,
    typer.Option(help="A split's manifest.csv: labels, groups and parts, with paths relative to DATA."),
]
PartName = Annotated[
    str | None,
    typer.Option(
        help="train, validation, calibration, test or all; without it test of a manifest, else all."
    ),
]
GroupingName = Annotated[
    str, typer.Option(help="What belongs together, without a manifest: auto, duplicates, blocks ...")
]
Prior = Annotated[
    float | None,
    typer.Option(min=0, max=1, help="Say what precision would be where this share of photos is cracked."),
]
Resamples = Annotated[
    int, typer.Option(min=1, help="Bootstrap draws behind the 95 % intervals: more is finer and slower.")
]
Seed = Annotated[
    int,
    typer.Option(min=0, help="Number that fixes what is drawn by chance: the same seed, the same intervals."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

#: Of the photos without a score.
_FAILURES_SHOWN = 10


def load_photos(
    folders: Sequence[Path],
    *,
    manifest: Path | None,
    part: str | None,
    grouping: str,
    positive: str | None,
    negative: str | None,
    corrections: Corrections | None = None,
) -> tuple[GroupedPhoto, ...]:
    """Labelled photos with their groups; a bar while they are read for grouping."""
    from crackscope.evaluation.photos import find_labelled_photos

    with photo_bar("grouping") as progress:
        return find_labelled_photos(
            folders,
            manifest=manifest,
            part=part,
            grouping=grouping,
            positive=positive,
            negative=negative,
            corrections=corrections,
            progress=progress,
        )


def print_failures(failures: Sequence[Failure]) -> None:
    """Say on standard error which photos have no score, and why; of many the first ones."""
    from crackscope.table_text import one_line

    for failure in failures[:_FAILURES_SHOWN]:
        typer.echo(one_line(f"not scored: {failure.path}: {failure.error}"), err=True)
    if len(failures) > _FAILURES_SHOWN:
        typer.echo(f"... and {len(failures) - _FAILURES_SHOWN:,} more", err=True)


def print_json(document: dict[str, Any]) -> None:
    """Print a document on standard output; UTF-8, never NaN."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def print_table(table: Table) -> None:
    """Print a table and its notes on standard output."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(title=Text(table.title), title_justify="left", box=box.SIMPLE_HEAD)
    for index, column in enumerate(table.columns):
        drawn.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    console = Console(highlight=False)
    # Rather wider than the terminal than without the last columns.
    console.width = max(console.width, Console(width=1000).measure(drawn).maximum)
    console.print(drawn)
    for note in table.notes:
        typer.echo(note)
