"""``crackscope data synth``: a synthetic data set to try the tools on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.bars import photo_bar


def synth(
    output: Annotated[Path, typer.Argument(help="New or empty folder.")],
    patches: Annotated[int, typer.Option(min=0, help="Patches, half of them cracked.")] = 3000,
    photos: Annotated[int, typer.Option(min=0, help="Whole photos; every third has no crack.")] = 6,
    size: Annotated[int, typer.Option(min=32, max=4096, help="Side of a patch in pixels.")] = 227,
    photo_size: Annotated[str, typer.Option(help="Width x height of a photo in pixels.")] = "4000x3000",
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same pictures.")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; default: one per core.")] = None,
) -> None:
    """Make synthetic concrete: patches in Positive/ and Negative/, whole photos, exact crack masks, a table.

    The pictures are computed, not photographed: good for trying things out and for tests, never for results.
    """
    from crackscope.dataset.synthetic.write import SyntheticPlan, write_synthetic_dataset

    plan = SyntheticPlan(
        patches=patches, photos=photos, seed=seed, patch_px=size, photo_hw=_height_and_width(photo_size)
    )
    with photo_bar("painting", "pictures") as progress:
        table = write_synthetic_dataset(output, plan, jobs=jobs, progress=progress)
    typer.echo(f"patches: {patches}, photos: {photos}, in {output}; what is in each: {table}")


def _height_and_width(size: str) -> tuple[int, int]:
    width, cross, height = size.lower().partition("x")
    if not (cross and width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 64):
        raise typer.BadParameter(
            f"{size} is not a size such as 4000x3000 (64 pixels or more)", param_hint="--photo-size"
        )
    if max(int(width), int(height)) > 12_000:
        raise typer.BadParameter(f"{size} is larger than 12000 pixels a side", param_hint="--photo-size")
    return int(height), int(width)
