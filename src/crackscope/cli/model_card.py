"""``crackscope model card``: put what was measured of a model into its folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.model_options import SameModelFolder, one_model
from crackscope.errors import SettingsError
from crackscope.extras import needs_extra


def card(
    folder: SameModelFolder = None,
    model: Annotated[
        Path | None, typer.Option("--model", "-m", help="Folder of a model.", show_default=False)
    ] = None,
    evaluation: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=FOLDER: what the photos are called, and what `crackscope evaluate --output` wrote. "
            "Repeatable."
        ),
    ] = None,
    robustness: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME=FOLDER: what the photos are called, and what `crackscope robustness --output` wrote. "
            "Repeatable."
        ),
    ] = None,
) -> None:
    """Put results on named photos into a model's card and model.json, with their intervals.

    Results of another model, at another threshold or with --tta are refused. A name that is there already is
    replaced.
    """
    from crackscope.bundle import CARD_NAME, load_bundle

    with needs_extra("evaluate"):
        from crackscope.evaluation.recorded_results import add_measurements

    chosen = one_model(folder, model)
    if chosen is None:
        raise SettingsError("no model is named; the card of the shipped detector is part of the package")
    evaluations, distorted = _named(evaluation or []), _named(robustness or [])
    if not evaluations and not distorted:
        raise SettingsError("nothing to put into the card: give --evaluation or --robustness NAME=FOLDER")
    bundle = add_measurements(load_bundle(chosen), evaluations, distorted)
    typer.echo(f"wrote {bundle.folder / CARD_NAME}", err=True)


def _named(given: list[str]) -> dict[str, Path]:
    found = {}
    for text in given:
        name, _, folder = text.partition("=")
        if not name or not folder:
            raise SettingsError(f"expected NAME=FOLDER, found {text!r}")
        found[name] = Path(folder)
    return found
