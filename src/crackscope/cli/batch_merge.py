"""``crackscope batch merge``: from shards to the files of one machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.batch_options import absolute_destination
from crackscope.extras import needs_extra
from crackscope.inference.writers import Format


def merge(
    destination: Annotated[
        str, typer.Argument(help="Folder or URL of a finished batch.", show_default=False)
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="File to write; for a scan, a folder.", show_default=False)
    ],
    form: Annotated[
        Format | None,
        typer.Option(
            "--format", "-f", help="Form of the predictions; without it by the ending of --output, else CSV."
        ),
    ] = None,
) -> None:
    """Write from the shards what `crackscope predict` or `scan` writes for the same photos, byte for byte."""
    with needs_extra("batch"):
        from crackscope.batch.merge import merge as merge_shards
        from crackscope.batch.places import open_place

        photos = merge_shards(open_place(absolute_destination(destination), patience_s=60), output, form)
    typer.echo(f"{photos:,} photos in {output}", err=True)
