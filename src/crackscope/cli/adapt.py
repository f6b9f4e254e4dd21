"""``crackscope adapt``: fit a model to one site from a few labels, or from its healthy concrete alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.bars import photo_bar
from crackscope.cli.evaluated_photos import (
    AsJson,
    GroupingName,
    Prior,
    Seed,
    print_json,
    print_table,
)
from crackscope.cli.labelled_data import LabelsFile, LabelTilePx, Negative, Positive, folders_of
from crackscope.cli.model_options import DeviceName, EngineName, ModelFolder, NewModelFolder, Overwrite
from crackscope.errors import NoPhotosError, NotBetterError, OutputError
from crackscope.extras import needs_extra
from crackscope.inference.engines import Device, Engine


def adapt(
    context: typer.Context,
    output: NewModelFolder,
    data: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of labelled tiles of the site: Positive/ and Negative/."),
    ] = None,
    healthy: Annotated[
        list[Path] | None,
        typer.Option(help="Folder of photos of the site's intact concrete; no label needed. Repeatable."),
    ] = None,
    labels: LabelsFile = None,
    label_tile_px: LabelTilePx = 128,
    model: ModelFolder = None,
    positive: Positive = None,
    negative: Negative = None,
    grouping: GroupingName = "auto",
    alpha: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Error rate per class that the review band is made for.")
    ] = 0.05,
    review_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the site's photos that may go to review.")
    ] = 0.2,
    prior: Prior = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write the model also where the verdict is no-go.")
    ] = False,
    device: DeviceName = Device.AUTO,
    engine: EngineName = Engine.ONNXRUNTIME,
    as_json: AsJson = False,
) -> None:
    """Fit a model to one site, and say whether that is better than the model as it is.

    Re-fits head, threshold, calibration and review band from labelled tiles, from photos of healthy concrete
    on which cracks are painted, or from both. Prints what to expect before and after, with 95 % intervals,
    and writes it into the new model's folder as adaptation.json. Where the new model is not shown to be
    better (no-go), nothing is written and the exit code is 1, unless --force is given.
    """
    with needs_extra("evaluate"):
        from crackscope.adaptation.adapt import AdaptSettings
        from crackscope.adaptation.adapt import adapt as adapt_model
        from crackscope.adaptation.photos import find_site_photos
        from crackscope.adaptation.write import adaptation_document, notes, sheet_table, write_adaptation
    from crackscope.inference.classifier import CrackClassifier

    if output.exists() and not overwrite:
        raise OutputError(f"{output} is there already; name another folder, or add --overwrite")
    if not data and not healthy:
        raise NoPhotosError(
            "no photo of the site was given; name a folder of labelled tiles (Positive/ and Negative/), "
            "--healthy FOLDER with photos of intact concrete, or both"
        )
    classifier = CrackClassifier.load(model, engine=engine, device=device)
    folders = context.with_resource(folders_of(data or [], labels, label_tile_px))
    with photo_bar("grouping") as progress:
        site = find_site_photos(
            folders,
            healthy or [],
            grouping=grouping,
            positive=positive,
            negative=negative,
            progress=progress,
        )
    settings = AdaptSettings(seed=seed, alpha=alpha, max_review_share=review_share, prior=prior)
    with photo_bar("embedding") as progress:
        found = adapt_model(
            classifier, labelled=site.labelled, healthy=site.healthy, settings=settings, progress=progress
        )
    write = found.sheet.go or force
    if write:
        write_adaptation(output, found)
    if as_json:
        print_json(adaptation_document(found))
    else:
        print_table(sheet_table(found.sheet))
        for note in notes(found):
            typer.echo(note)
    if not write:
        raise NotBetterError("no-go: nothing was written; --force writes the model all the same")
    typer.echo(f"the adapted model is in {output}", err=True)
    if not found.sheet.go:
        typer.echo("NO-GO: it is not shown to be better than the model it was adapted from", err=True)
