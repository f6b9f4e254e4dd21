"""``crackscope export-labels``: reviewed places as labels for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.inspected import Database, MovedPhotos, ProjectName, Source, exported_photos
from crackscope.exporting.forms import LabelForm

#: Photos that are named where they are left out.
_NAMED = 10


def export_labels(
    source: Source,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; YOLO's is a zip.")],
    form: Annotated[LabelForm, typer.Option(help="Format of the labels.")] = LabelForm.COCO,
    project: ProjectName = None,
    database: Database = None,
    photos: MovedPhotos = None,
    unreviewed: Annotated[
        bool,
        typer.Option(
            "--unreviewed", help="Take the model's regions where no person has decided, with scores."
        ),
    ] = False,
) -> None:
    """Write what people decided as labels: COCO, YOLO, Label Studio or CSV.

    A photo is labelled where a person settled it and every place on it; others are named and left out. Boxes
    are in pixels of the upright photo. `crackscope data tiles` reads such labels.
    """
    from crackscope.exporting.labels import write_labels

    with exported_photos(source, project=project, database=database, photos=photos) as known:
        written = write_labels(output, form, known, unreviewed=unreviewed)
    typer.echo(f"{written.photos} photos, {written.marks} labels: {output}")
    for name, reason in written.left_out[:_NAMED]:
        typer.echo(f"left out: {name}: {reason}", err=True)
    if len(written.left_out) > _NAMED:
        typer.echo(f"... and {len(written.left_out) - _NAMED} more", err=True)
