"""``crackscope data tiles``: photos with pixel masks as labelled tiles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.labelled_data import tiles_sentence


def tiles(
    images: Annotated[Path, typer.Argument(help="Folder of photos.")],
    labels: Annotated[
        Path,
        typer.Argument(
            help="Folder of masks, named like the photos; or labels: COCO, Label Studio (.json), .csv, YOLO."
        ),
    ],
    output: Annotated[Path, typer.Argument(help="New or empty folder.")],
    size: Annotated[int, typer.Option(min=32, max=4096, help="Side of a tile in pixels.")] = 128,
    crack: Annotated[int, typer.Option(min=0, max=255, help="Value of crack pixels.")] = 255,
    planking: Annotated[
        int, typer.Option(min=-1, max=255, help="Value of formwork or another look-alike; -1: none.")
    ] = 204,
    crack_class: Annotated[
        list[str] | None,
        typer.Option(
            help="Class of labels that means a crack; without it those named so. May be given several times."
        ),
    ] = None,
) -> None:
    """Cut photos with crack masks or labels into tiles: Positive/, Negative/plain/, Negative/planking/.

    Positive: at least SIZE / 2 crack pixels. Negative: none in the tile, nor 4 pixels around it. Other tiles
    are left out. All that lies in a box or polygon of a crack counts as crack pixels. Also writes tiles.csv,
    and manifest.csv with tiles grouped by photo: DSC00552 and DSC00552b are parts of one.
    """
    from crackscope.cli.bars import photo_bar
    from crackscope.dataset.annotations.read import is_labels
    from crackscope.dataset.tiles import TileRule, write_labelled_tiles, write_tiles

    rule = TileRule(tile_px=size, crack_value=crack, planking_value=None if planking < 0 else planking)
    with photo_bar("cutting") as progress:
        if is_labels(labels):
            counts = write_labelled_tiles(
                images, labels, output, rule=rule, crack_classes=crack_class or (), progress=progress
            )
        else:
            counts = write_tiles(images, labels, output, rule=rule, progress=progress)
    typer.echo(tiles_sentence(counts))
    typer.echo(f"they are in {output}")
