"""``crackscope data split``: which photo is for training, validation, calibration and test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.labelled_data import (
    CorrectionFiles,
    Folders,
    Negative,
    Positive,
    count,
    find_photos,
    fingerprint_with_bar,
    read_correction_files,
)

if TYPE_CHECKING:
    from rich.table import Table

    from crackscope.dataset.random_split import RandomSplit
    from crackscope.dataset.split import Split


def split(
    data: Folders = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The manifest to write.")] = Path(
        "manifest.csv"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Another seed gives another split.")] = 0,
    grouping: Annotated[
        str, typer.Option(help="What stays together: auto, duplicates, blocks or source-photo.")
    ] = "auto",
    block_length: Annotated[
        int, typer.Option(min=1, help="File numbers per block, for the grouping blocks.")
    ] = 100,
    shares: Annotated[
        str, typer.Option(help="Per cent of training, validation (half of it for calibration) and test.")
    ] = "70/15/15",
    keep_contradictory: Annotated[
        bool, typer.Option("--keep-contradictory", help="Keep copies that carry both labels.")
    ] = False,
    positive: Positive = None,
    negative: Negative = None,
    corrections: CorrectionFiles = None,
) -> None:
    """Split photos by group, so that no copy or sister patch of a test photo is trained on.

    Writes a table of paths; no photo is moved, renamed or deleted. The same photos and seed give the same
    split on every machine.
    """
    from rich.console import Console

    from crackscope.dataset.corrections import apply_corrections
    from crackscope.dataset.groups import Grouping
    from crackscope.dataset.manifest import write_manifest
    from crackscope.dataset.shares import Shares
    from crackscope.dataset.split import split_dataset

    wanted, kept_together = Shares.parse(shares), Grouping.named(grouping)
    seen = read_correction_files(corrections)
    dataset = find_photos(data, positive, negative)
    fingerprints = fingerprint_with_bar(dataset)
    if corrected := apply_corrections(dataset, fingerprints, seen):
        dataset, fingerprints = corrected.dataset, corrected.fingerprints
        typer.echo(corrected.counts.sentence())
    found = split_dataset(
        dataset,
        fingerprints,
        shares=wanted,
        seed=seed,
        grouping=kept_together,
        block_length=block_length,
        keep_contradictory=keep_contradictory,
    )
    write_manifest(output, found.manifest)
    Console().print(_parts_table(found))
    for line in _notes(found):
        typer.echo(line)
    typer.echo(f"written: {output}")


def _parts_table(found: Split) -> Table:
    from rich.table import Table

    from crackscope.labels import Label

    labels = sorted(Label, reverse=True)
    table = Table("part")
    for name in (*labels, "groups"):
        table.add_column(str(name), justify="right")
    for part, counts in found.counts().items():
        groups = len({row.group for row in found.manifest.of(part)})
        table.add_row(str(part), *(f"{counts[label]:,}" for label in labels), f"{groups:,}")
    return table


def _notes(found: Split) -> Iterator[str]:
    """What to know about the split, one sentence a line."""
    yield _note_on_random_split(found.random)
    if found.unreadable:
        first = found.unreadable[0]
        number = count(len(found.unreadable), "unreadable file")
        yield f"left out: {number}, such as {first.path} ({first.error})"
    if found.contradictory:
        number = count(len(found.contradictory), "group")
        yield f"{number} of copies with both labels, such as {', '.join(found.contradictory[0][:3])}"
    if found.across_parts:
        number = count(len(found.across_parts), "group")
        yield (
            f"warning: the folders put {number} of copies into more than one part, such as "
            f"{', '.join(found.across_parts[0][:3])}; results on these flatter"
        )
    for folder in found.unordered_folders:
        yield f"{folder}/: neighbouring numbers have nothing in common; only copies are kept together there"


def _note_on_random_split(random: RandomSplit) -> str:
    shared = [
        f"{number:,} with {what}"
        for number, what in (
            (random.exact, "an exact copy"),
            (random.near, "a near copy"),
            (random.grouped, "another photo of the same group"),
        )
        if number
    ]
    if not shared:
        return f"a random split by file would have shared none of its {count(random.test, 'test photo')}"
    listed = " and ".join(filter(None, [", ".join(shared[:-1]), shared[-1]]))
    return (
        f"of {count(random.test, 'test photo')}, a random split by file would have had {listed} in training"
    )
