"""``crackscope train``: from a folder of labelled photos to an evaluated model folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crackscope.cli.labelled_data import CorrectionFiles, read_correction_files
from crackscope.cli.training_display import TrainingDisplay
from crackscope.errors import RecipeError, RunInterruptedError
from crackscope.extras import needs_extra

if TYPE_CHECKING:
    from crackscope.training.run import TrainResult


def train(
    data: Annotated[
        list[Path] | None, typer.Argument(help="Folders of labelled photos; without any, datasets/.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The run's folder. An interrupted run in it goes on.")
    ] = Path("runs/train"),
    recipe: Annotated[
        str, typer.Option(help="A ready recipe by name (default, seed, ...) or a TOML file.")
    ] = "default",
    positive: Annotated[str | None, typer.Option(help="Folder of cracked photos, by name or path.")] = None,
    negative: Annotated[str | None, typer.Option(help="Folder of uncracked photos, by name or path.")] = None,
    corrections: CorrectionFiles = None,
    backbone: Annotated[
        str | None, typer.Option(help="Network to start from, by timm's name (recipe: network.backbone).")
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Weights to start from: imagenet, none, crackscope or a file (recipe: network.weights)."
        ),
    ] = None,
    input_px: Annotated[
        int | None,
        typer.Option(min=16, help="Side that photos are resized to, in pixels (recipe: network.input_px)."),
    ] = None,
    grouping: Annotated[
        str | None,
        typer.Option(
            help="What the split keeps together: auto, duplicates, blocks or source-photo "
            "(recipe: data.grouping)."
        ),
    ] = None,
    finetune: Annotated[
        bool | None,
        typer.Option(
            "--finetune/--no-finetune",
            help="Train the whole network after its head (recipe: finetune.enabled).",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Times that fine-tuning sees each photo (recipe: finetune.epochs)."),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Photos per step of fine-tuning (recipe: finetune.batch_size).")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="Numbers that fine-tuning computes with, such as bf16-mixed (recipe: finetune.precision)."
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, help="Fixes what is drawn by chance: weights, batches, augmentation (recipe: run.seed)."
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change any other key of the recipe, such as head.l2=0.001; may be repeated.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete the run in the output folder and start afresh.")
    ] = False,
    accelerator: Annotated[
        str, typer.Option(help="What fine-tuning runs on: auto, cpu, gpu, mps, ...")
    ] = "auto",
    devices: Annotated[
        str, typer.Option(help="How many devices share fine-tuning, or which ones, such as 0,1.")
    ] = "auto",
    nodes: Annotated[
        int, typer.Option(min=1, help="How many machines share fine-tuning; start the command on each.")
    ] = 1,
    strategy: Annotated[
        str, typer.Option(help="How several devices share fine-tuning, such as ddp.")
    ] = "auto",
) -> None:
    """Train a crack classifier, evaluate it, and export it as a model folder.

    Splits the photos by group (copies stay together), fits a head on a frozen base, fine-tunes if the recipe
    says so, calibrates, exports to ONNX and reads the test part once. Run the same command again to go on
    after an interruption.
    """
    with needs_extra("train"):
        from crackscope.training.fit import TrainerOptions
        from crackscope.training.processes import follow, is_follower
        from crackscope.training.recipe_file import load_recipe
        from crackscope.training.run import train as run_training

    flags = {
        "network.backbone": backbone,
        "network.weights": weights,
        "network.input_px": input_px,
        "data.grouping": grouping,
        "finetune.enabled": finetune,
        "finetune.epochs": epochs,
        "finetune.batch_size": batch_size,
        "finetune.precision": precision,
        "run.seed": seed,
    }
    overrides = {key: value for key, value in flags.items() if value is not None} | parse_settings(
        settings or []
    )
    folders, resolved = data or [Path("datasets")], load_recipe(recipe, overrides)
    seen = read_correction_files(corrections)
    classes = {"positive": positive, "negative": negative}
    with TrainingDisplay() as display:
        options = TrainerOptions(
            accelerator=accelerator,
            devices=devices,
            nodes=nodes,
            strategy=strategy,
        )
        if is_follower():
            follow(folders, resolved, output, options=options, **classes)
            return
        try:
            result = run_training(
                folders,
                resolved,
                output,
                corrections=seen,
                overwrite=overwrite,
                options=options,
                listener=display,
                **classes,
            )
        except KeyboardInterrupt:
            raise RunInterruptedError(
                f"stopped; what was finished is kept in {output}: run the same command again to go on"
            ) from None
    print_result(result)


def print_result(result: TrainResult) -> None:
    """The test metrics with their intervals, and where everything is."""
    from rich.console import Console
    from rich.table import Table

    test: dict[str, Any] = result.bundle.config.training["test"]
    table = Table(title=f"{test['n']:,} test photos")
    for column in ("", "value", "95 % interval"):
        table.add_column(column, justify="left" if not column else "right")
    for name, value in test["metrics"].items():
        interval = test["intervals"].get(name)
        span = f"{interval[0]:.4f} to {interval[1]:.4f}" if interval else ""
        table.add_row(name.replace("_", " "), f"{value:.4f}", span)
    Console().print(table)
    folder = result.folder
    typer.echo(f"model    {folder.model}")
    typer.echo(f"figures  {folder.figures}")
    typer.echo(f"all of it is explained in {folder.readme}")


def parse_settings(pairs: list[str]) -> dict[str, str]:
    """``KEY=VALUE`` pairs of ``--set`` as overrides of a recipe."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise RecipeError(f"--set {pair}: expected KEY=VALUE, such as --set head.epochs=50")
        settings[key.strip()] = value.strip()
    return settings
