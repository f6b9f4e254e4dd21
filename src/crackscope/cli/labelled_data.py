"""What the ``data`` commands share: find photos, fingerprint them under a bar, and say what was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.bars import photo_bar
from crackscope.errors import SettingsError

if TYPE_CHECKING:
    from crackscope.dataset.corrections import Corrections
    from crackscope.dataset.records import Dataset, Fingerprint
    from crackscope.dataset.tiles import TileCounts

Folders = Annotated[
    list[Path] | None,
    typer.Argument(help="Folders of labelled photos; without any, datasets/.", show_default=False),
]
Positive = Annotated[str | None, typer.Option(help="Folder of cracked photos, by name or path.")]
Negative = Annotated[str | None, typer.Option(help="Folder of uncracked photos, by name or path.")]

CorrectionFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--corrections",
        help="Labels as people saw them: a corrections.csv, or metu or sdnet2018, which come with "
        "crackscope. Repeatable.",
    ),
]

LabelsFile = Annotated[
    Path | None,
    typer.Option(
        help="Labels of the photos in DATA, to cut tiles from: COCO, Label Studio, .csv, or YOLO's folder."
    ),
]
LabelTilePx = Annotated[
    int, typer.Option(min=32, max=4096, help="Side of the tiles cut for --labels, in pixels.")
]


@contextmanager
def folders_of(
    folders: Sequence[Path], labels: Path | None, tile_px: int, manifest: Path | None = None
) -> Iterator[list[Path]]:
    """The data folders; where there are labels of another tool, a folder of tiles that goes away at the end.

    Raises:
        SettingsError: There are labels, and several folders or a manifest.
        DataError: The labels can't be read, or a photo they name is not there.
    """
    from crackscope.dataset.tiles import TileRule, write_labelled_tiles

    if labels is None:
        yield list(folders)
        return
    if len(folders) != 1 or manifest is not None:
        raise SettingsError("--labels needs one folder, that of the photos, and no --manifest")
    with TemporaryDirectory(prefix="crackscope-tiles-") as name:
        with photo_bar("cutting") as progress:
            rule = TileRule(tile_px=tile_px)
            counts = write_labelled_tiles(
                folders[0], labels, Path(name) / "tiles", rule=rule, progress=progress
            )
        typer.echo(tiles_sentence(counts), err=True)
        yield [Path(name) / "tiles"]


def tiles_sentence(counts: TileCounts) -> str:
    """What was cut and what was left out."""
    return (
        f"{counts.photos:,} photos: {counts.positive:,} Positive tiles, {counts.negative_plain:,} plain "
        f"Negative tiles, {counts.negative_planking:,} with planking; {counts.ambiguous:,} ambiguous left out"
    )


def read_correction_files(names: Sequence[str] | None) -> Corrections | None:
    """Read all of them as one; ``None`` where there are none."""
    from crackscope.dataset.corrections import read_corrections

    return read_corrections(*names) if names else None


def find_photos(folders: Sequence[Path] | None, positive: str | None, negative: str | None) -> Dataset:
    """Find the photos and print how many there are of each class."""
    from crackscope.dataset.discover import DEFAULT_FOLDER, discover

    dataset = discover(folders or [DEFAULT_FOLDER], positive=positive, negative=negative)
    typer.echo(f"{describe_counts(dataset)} below {dataset.root}")
    if dataset.unlabelled:
        typer.echo(f"{dataset.unlabelled:,} images are in no class folder and are not used")
    return dataset


def describe_counts(dataset: Dataset) -> str:
    """Such as ``10,500 Positive and 10,500 Negative photos``."""
    counts = dataset.counts()
    return " and ".join(f"{counts[label]:,} {label}" for label in sorted(counts, reverse=True)) + " photos"


def fingerprint_with_bar(dataset: Dataset) -> list[Fingerprint]:
    """Fingerprint all photos; a bar on standard error where that is a terminal."""
    from crackscope.dataset.fingerprints import fingerprint_photos

    with photo_bar("reading") as progress:
        return fingerprint_photos(dataset, progress=progress)


def count(number: int, noun: str) -> str:
    """``1 file``, ``2 files``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
