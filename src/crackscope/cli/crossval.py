"""``crackscope crossval``: how good a recipe is on concrete it has not seen."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.evaluated_photos import GroupingName, Resamples, print_table
from crackscope.cli.labelled_data import CorrectionFiles, Negative, Positive, read_correction_files
from crackscope.cli.train import parse_settings
from crackscope.cli.training_display import TrainingDisplay
from crackscope.errors import RunInterruptedError, SettingsError
from crackscope.extras import needs_extra

#: The arm that every recipe is to beat: a linear probe on the frozen features.
_BASELINE = "baseline"


class SettingName(StrEnum):
    """The settings of `crackscope.training.crossval.folds`, known without loading it."""

    WITHIN = "within"
    POOLED = "pooled"
    LOSO = "loso"


def crossval(
    data: Annotated[
        list[Path], typer.Argument(help="Folders of labelled photos; each is a source, called by its name.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder of the results. Finished folds in it are kept.")
    ] = Path("runs/crossval"),
    test_only: Annotated[
        list[Path] | None,
        typer.Option(help="A source that is tested on and never trained on. Repeatable."),
    ] = None,
    recipe: Annotated[
        str, typer.Option(help="What is compared with the baseline: a ready recipe by name or a TOML file.")
    ] = "detector",
    arms: Annotated[
        str, typer.Option(help="baseline (linear probe on frozen features), recipe, or both.")
    ] = "baseline,recipe",
    only: Annotated[
        list[SettingName] | None,
        typer.Option(
            help="within (the source alone), pooled (all sources at once), loso (the source left out); "
            "may be repeated. Without it all three."
        ),
    ] = None,
    seeds: Annotated[
        str, typer.Option(help="Repeat everything with each of these seeds: other photos share a part.")
    ] = "0,1,2",
    folds: Annotated[
        int,
        typer.Option(
            min=2, help="Parts that within and pooled divide each source into: each is tested on once."
        ),
    ] = 5,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="Train on at most so many photos per source and class; test on all."),
    ] = None,
    real_cracks: Annotated[
        bool,
        typer.Option(
            "--real-cracks/--no-real-cracks",
            help="Without: train on Negative photos and cracks painted on them only.",
        ),
    ] = True,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Change a key of the recipe, such as finetune.epochs=2; may be repeated.",
        ),
    ] = None,
    positive: Positive = None,
    negative: Negative = None,
    corrections: CorrectionFiles = None,
    grouping: GroupingName = "auto",
    resamples: Resamples = 1000,
) -> None:
    """Cross-validate by source: folds by group within sources, and every source left out once.

    Baseline and recipe go through the same folds. Calibration, threshold and review band of each fold are
    fitted on groups used for nothing else. Writes crossval.md, crossval.json and predictions.csv. Run the
    same command again to go on after an interruption.
    """
    with needs_extra("train"):
        from crackscope.training.crossval.folds import Setting
        from crackscope.training.crossval.run import CrossvalPlan
        from crackscope.training.crossval.run import crossval as run_crossval
        from crackscope.training.fit import TrainerOptions
        from crackscope.training.recipe_file import load_recipe

    seen = read_correction_files(corrections)
    overrides = parse_settings(settings or [])
    recipes = {
        _BASELINE: lambda: load_recipe(recipe, {**overrides, "finetune.enabled": False}),
        "recipe": lambda: load_recipe(recipe, overrides),
    }
    names = [name.strip() for name in arms.split(",")]
    if unknown := [name for name in names if name not in recipes]:
        raise SettingsError(f"no arm {unknown[0]!r}; valid: {', '.join(recipes)}")
    plan = CrossvalPlan(
        settings=tuple(Setting(name) for name in only or SettingName),
        seeds=_numbers(seeds),
        folds=folds,
        limit=limit,
        real_cracks=real_cracks,
        grouping=grouping,
        n_resamples=resamples,
    )
    with TrainingDisplay() as display:
        try:
            result = run_crossval(
                data,
                {name if name == _BASELINE else Path(recipe).stem: recipes[name]() for name in names},
                plan,
                output,
                test_only=test_only or [],
                positive=positive,
                negative=negative,
                corrections=seen,
                options=TrainerOptions(devices=1),
                listener=display,
            )
        except KeyboardInterrupt:
            raise RunInterruptedError(
                f"stopped; finished folds are kept in {output}: run the same command again to go on"
            ) from None
    print_table(result.table)
    typer.echo(f"table, numbers and predictions are in {result.folder}")


def _numbers(text: str) -> tuple[int, ...]:
    try:
        found = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError as error:
        raise SettingsError(f"--seeds {text}: expected whole numbers, such as 0,1,2") from error
    if min(found) < 0:
        raise SettingsError(f"--seeds {text}: expected numbers from 0 up")
    return found
