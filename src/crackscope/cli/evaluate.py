"""``crackscope evaluate``: how good a model is on photos whose truth is known."""

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
    Prior,
    Resamples,
    Seed,
    load_photos,
    print_failures,
    print_json,
    print_table,
)
from crackscope.cli.labelled_data import (
    CorrectionFiles,
    Folders,
    LabelsFile,
    LabelTilePx,
    Negative,
    Positive,
    folders_of,
    read_correction_files,
)
from crackscope.cli.model_options import (
    DeviceName,
    EngineName,
    ModelFolder,
    TestTimeAugmentation,
    ThresholdScore,
)
from crackscope.extras import needs_extra
from crackscope.inference.engines import Device, Engine


def evaluate(
    context: typer.Context,
    data: Folders = None,
    model: ModelFolder = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for metrics, predictions and figures.")
    ] = None,
    manifest: ManifestFile = None,
    part: PartName = None,
    grouping: GroupingName = "auto",
    positive: Positive = None,
    negative: Negative = None,
    corrections: CorrectionFiles = None,
    labels: LabelsFile = None,
    label_tile_px: LabelTilePx = 128,
    threshold: ThresholdScore = None,
    prior: Prior = None,
    resamples: Resamples = 2000,
    seed: Seed = 0,
    device: DeviceName = Device.AUTO,
    engine: EngineName = Engine.ONNXRUNTIME,
    tta: TestTimeAugmentation = False,
    as_json: AsJson = False,
) -> None:
    """Say how good a model is on labelled photos: every metric with its 95 % interval by group.

    With --output, writes metrics.json, predictions.csv and figures/ there. Photos that can't be read are
    counted and left out. With --corrections, results by the labels as published are followed by those by the
    labels as people saw them.
    """
    with needs_extra("evaluate"):
        from crackscope.evaluation.as_seen import evaluate_as_seen
        from crackscope.evaluation.evaluate import evaluate as evaluate_photos
        from crackscope.evaluation.report import claim_folder, evaluation_document, write_evaluation
        from crackscope.evaluation.tables import evaluation_table
    from crackscope.dataset.discover import DEFAULT_FOLDER
    from crackscope.inference.classifier import CrackClassifier

    folders, seen = data or [DEFAULT_FOLDER], read_correction_files(corrections)
    if output is not None:
        claim_folder(output, folders)
    classifier = CrackClassifier.load(model, engine=engine, device=device, threshold=threshold, tta=tta)
    folders = context.with_resource(folders_of(folders, labels, label_tile_px, manifest))
    photos = load_photos(
        folders,
        manifest=manifest,
        part=part,
        grouping=grouping,
        positive=positive,
        negative=negative,
        corrections=seen,
    )
    with photo_bar("scoring") as progress:
        found = evaluate_photos(
            classifier, photos, prior=prior, n_resamples=resamples, seed=seed, progress=progress
        )
    as_seen = None if seen is None else evaluate_as_seen(found, seen)
    if as_json:
        print_json(evaluation_document(found, as_seen))
    else:
        print_table(evaluation_table(found))
        if as_seen is not None:
            typer.echo(f"\n{as_seen.corrections.sentence()}")
            print_table(evaluation_table(as_seen.evaluation, labels="corrected labels"))
    print_failures(found.scored.failures())
    if output is not None:
        files = write_evaluation(output, found, as_seen)
        typer.echo(f"{len(files)} files are in {output}", err=True)
