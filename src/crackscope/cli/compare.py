"""``crackscope compare``: which of two models is better on the same photos."""

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
    print_json,
    print_table,
)
from crackscope.cli.labelled_data import Folders, Negative, Positive
from crackscope.extras import needs_extra
from crackscope.inference.engines import Device, Engine

#: Names the detector that comes with the package, where a model folder is expected.
SHIPPED = "shipped"


def compare(
    a: Annotated[str, typer.Argument(help="Folder of a model, or 'shipped' for the shipped detector.")],
    b: Annotated[str, typer.Argument(help="Folder of the other model, or 'shipped'.")],
    data: Folders = None,
    manifest: ManifestFile = None,
    part: PartName = None,
    grouping: GroupingName = "auto",
    positive: Positive = None,
    negative: Negative = None,
    prior: Prior = None,
    resamples: Resamples = 2000,
    seed: Seed = 0,
    device: Annotated[Device, typer.Option(help="Processor that the models run on.")] = Device.AUTO,
    engine: Annotated[Engine, typer.Option(help="Program that runs the models.")] = Engine.ONNXRUNTIME,
    as_json: AsJson = False,
) -> None:
    """Compare two models on the same labelled photos, each at its own threshold.

    The same groups of photos are drawn for both (paired bootstrap). Where the interval of a difference holds
    0, these photos can't tell the models apart.
    """
    with needs_extra("evaluate"):
        from crackscope.evaluation.compare import compare as compare_scores
        from crackscope.evaluation.evaluate import score_photos
        from crackscope.evaluation.report import comparison_document
        from crackscope.evaluation.tables import comparison_table
    from crackscope.dataset.discover import DEFAULT_FOLDER
    from crackscope.inference.classifier import CrackClassifier

    folders = data or [DEFAULT_FOLDER]
    models = [None if name == SHIPPED else Path(name) for name in (a, b)]
    classifiers = [CrackClassifier.load(model, engine=engine, device=device) for model in models]
    photos = load_photos(
        folders, manifest=manifest, part=part, grouping=grouping, positive=positive, negative=negative
    )
    scored = []
    for name, classifier in zip("AB", classifiers, strict=True):
        with photo_bar(f"scoring with {name}") as progress:
            scored.append(score_photos(classifier, photos, progress=progress))
    found = compare_scores(*scored, prior=prior, n_resamples=resamples, seed=seed)
    if as_json:
        print_json(comparison_document(found))
    else:
        print_table(comparison_table(found))
