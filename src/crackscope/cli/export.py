"""``crackscope export``: a model in another precision, if it still says the same."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.bars import photo_bar
from crackscope.cli.evaluated_photos import (
    GroupingName,
    ManifestFile,
    PartName,
    load_photos,
)
from crackscope.cli.labelled_data import Negative, Positive
from crackscope.cli.model_options import ModelFolder, NewModelFolder, Overwrite, SameModelFolder, one_model
from crackscope.errors import OutputError
from crackscope.extras import needs_extra


class PrecisionName(StrEnum):
    """The precisions of `crackscope.precision.variants`, known without loading it."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


def export(
    output: NewModelFolder,
    precision: Annotated[
        PrecisionName,
        typer.Option(help="fp32; fp16: weights stored in half; int8: convolutions on 8-bit integers."),
    ],
    data: Annotated[
        list[Path],
        typer.Option(
            help="Folder of real labelled photos for ranges and gate. Repeatable.", show_default=False
        ),
    ],
    folder: SameModelFolder = None,
    model: ModelFolder = None,
    manifest: ManifestFile = None,
    part: PartName = None,
    grouping: GroupingName = "auto",
    positive: Positive = None,
    negative: Negative = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Another seed sets other photos aside for the ranges of int8.")
    ] = 0,
    overwrite: Overwrite = False,
) -> None:
    """Write a model in another precision, through a gate on real photos.

    Refused, with its numbers, where AUROC or recall drops by more than 0.2 points or more than 0.5 % of the
    labels differ.
    """
    with needs_extra("evaluate"):
        from crackscope.precision.export import export_variant
        from crackscope.precision.variants import Precision

    model = one_model(folder, model)
    if output.exists() and not overwrite:
        raise OutputError(f"{output} is there already; name another folder, or add --overwrite")
    photos = load_photos(
        data, manifest=manifest, part=part, grouping=grouping, positive=positive, negative=negative
    )
    with photo_bar("comparing") as progress:
        found = export_variant(model, Precision(precision), photos, output, seed=seed, progress=progress)
    typer.echo(f"passed: {found.gate}")
    typer.echo(f"{found.bytes_before / 1e6:.1f} MB before, {found.bytes_after / 1e6:.1f} MB now, in {output}")
