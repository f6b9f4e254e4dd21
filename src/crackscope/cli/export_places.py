"""``crackscope export-places``: what was found, for maps, drawings, tables and picture folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.inspected import Database, MovedPhotos, ProjectName, Source, exported_photos


def export_places(
    source: Source,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="File to write, ending in .csv, .geojson, .gpkg, .dxf or .zip (pictures)."
        ),
    ],
    project: ProjectName = None,
    database: Database = None,
    photos: MovedPhotos = None,
    pixels: Annotated[
        bool, typer.Option("--pixels", help="Draw a .dxf in pixels even where photos are maps.")
    ] = False,
) -> None:
    """Write the places that count, regions, drawn boxes and findings, for other programs.

    Rejected places are not in it. Maps (GeoTIFF) give coordinates; a .dxf of other photos has them side by
    side, a pixel a unit. A .zip has the annotated pictures.
    """
    from crackscope.exporting.write import places_form, write_places

    places_form(output)
    with exported_photos(source, project=project, database=database, photos=photos) as known:
        written = write_places(output, known, pixels=pixels)
    typer.echo(f"{written.photos} photos, {written.places} places: {output}")
    if written.left_out:
        typer.echo(f"{written.left_out} have no position or picture and are left out", err=True)
