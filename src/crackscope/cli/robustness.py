"""``crackscope robustness``: how a model holds up where photos are worse than those it was tested on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.bars import photo_bar
from crackscope.cli.evaluated_photos import (
    AsJson,
    GroupingName,
    ManifestFile,
    PartName,
    Resamples,
    load_photos,
    print_failures,
    print_json,
    print_table,
)
from crackscope.cli.labelled_data import Folders, Negative, Positive
from crackscope.cli.model_options import DeviceName, EngineName, ModelFolder
from crackscope.extras import needs_extra
from crackscope.inference.engines import Device, Engine


def robustness(
    data: Folders = None,
    model: ModelFolder = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for robustness.json and robustness.png.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="At most so many photos of each class, evenly over groups; without it all."),
    ] = None,
    manifest: ManifestFile = None,
    part: PartName = None,
    grouping: GroupingName = "auto",
    positive: Positive = None,
    negative: Negative = None,
    resamples: Resamples = 1000,
    seed: Annotated[
        int, typer.Option(min=0, help="Another seed draws other photos, noise and resamples.")
    ] = 0,
    device: DeviceName = Device.AUTO,
    engine: EngineName = Engine.ONNXRUNTIME,
    as_json: AsJson = False,
) -> None:
    """Measure recall, specificity and AUROC on distorted photos, with 95 % intervals by group.

    Blur, motion blur, noise, JPEG, brightness, contrast, scale and rotation, each at several strengths, at
    the model's own threshold. The same seed distorts the same photos alike.
    """
    with needs_extra("evaluate"):
        from crackscope.evaluation.report import claim_folder
        from crackscope.evaluation.robustness import measure_robustness
        from crackscope.evaluation.robustness_report import (
            robustness_document,
            robustness_table,
            write_robustness,
        )
    from crackscope.dataset.discover import DEFAULT_FOLDER
    from crackscope.inference.classifier import CrackClassifier

    folders = data or [DEFAULT_FOLDER]
    if output is not None:
        claim_folder(output, folders)
    classifier = CrackClassifier.load(model, engine=engine, device=device)
    photos = load_photos(
        folders, manifest=manifest, part=part, grouping=grouping, positive=positive, negative=negative
    )
    with photo_bar("distorting") as progress:
        found = measure_robustness(
            classifier, photos, limit=limit, seed=seed, n_resamples=resamples, progress=progress
        )
    if as_json:
        print_json(robustness_document(found))
    else:
        print_table(robustness_table(found))
    print_failures(found.failures)
    if output is not None:
        written = write_robustness(output, found)
        typer.echo(f"wrote {', '.join(map(str, written))}", err=True)
