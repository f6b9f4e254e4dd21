"""``crackscope tune``: search for a better recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.train import parse_settings
from crackscope.cli.training_display import TrainingDisplay
from crackscope.errors import RunInterruptedError
from crackscope.extras import needs_extra

if TYPE_CHECKING:
    from crackscope.training.tune import TuneResult


def tune(
    data: Annotated[
        list[Path] | None, typer.Argument(help="Folders of labelled photos; without any, datasets/.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The search's folder. An interrupted search in it goes on.")
    ] = Path("runs/tune"),
    trials: Annotated[
        int, typer.Option("--trials", "-n", min=1, help="Trials in all, those of earlier runs included.")
    ] = 50,
    timeout: Annotated[
        float | None, typer.Option(min=0, metavar="SECONDS", help="Begin no trial after so many seconds.")
    ] = None,
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="A key such as head.l2, or a table such as augment; may be repeated. Keys of augment and "
            "finetune make every trial fine-tune. Without any: the table head, in seconds per trial.",
        ),
    ] = None,
    recipe: Annotated[
        str, typer.Option(help="Where to start: a ready recipe by name or a TOML file.")
    ] = "default",
    positive: Annotated[str | None, typer.Option(help="Folder of cracked photos, by name or path.")] = None,
    negative: Annotated[str | None, typer.Option(help="Folder of uncracked photos, by name or path.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="A key of the recipe that is not searched."),
    ] = None,
) -> None:
    """Search for a better recipe by its validation loss, and say what mattered.

    Photos are embedded once, then each trial fits a head on the embeddings. The calibration and test parts
    are not looked at. Run the same command again to go on after an interruption, or with more --trials.
    """
    with needs_extra("train"):
        from crackscope.training.recipe_file import load_recipe
        from crackscope.training.search_space import DEFAULT_KEYS
        from crackscope.training.tune import tune as run_search

    with TrainingDisplay() as display:
        try:
            result = run_search(
                data or [Path("datasets")],
                load_recipe(recipe, parse_settings(settings or [])),
                output,
                trials=trials,
                timeout_s=timeout,
                keys=search or DEFAULT_KEYS,
                positive=positive,
                negative=negative,
                listener=display,
            )
        except KeyboardInterrupt:
            raise RunInterruptedError(
                f"stopped; finished trials are kept in {output}: run the same command again to go on"
            ) from None
    _print_result(result)


def _print_result(result: TuneResult) -> None:
    start = "given up" if result.start_loss is None else f"{result.start_loss:.3g}"
    typer.echo(
        f"{result.trials} trials; validation loss {start} at the start, {result.best_loss:.3g} at best"
    )
    for key, (before, after) in result.changes.items():
        shown = [f"{value:.3g}" if isinstance(value, float) else value for value in (before, after)]
        typer.echo(f"  {key}: {shown[0]} -> {shown[1]}")
    typer.echo(f"recipe   {result.recipe}  (use it with: crackscope train --recipe {result.recipe})")
    typer.echo(f"figure   {result.figure}")
    typer.echo(f"trials   {result.table}")
