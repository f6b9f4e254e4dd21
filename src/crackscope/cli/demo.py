"""``crackscope demo``: everything once, on computed concrete, in minutes and without a network."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.training_display import TrainingDisplay, needs_train_extra

if TYPE_CHECKING:
    from crackscope.training.run import TrainResult


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Takes everything that is made.")] = Path(
        "demo"
    ),
    patches: Annotated[int, typer.Option(min=200, help="Synthetic patches to train on.")] = 2400,
    photos: Annotated[int, typer.Option(min=1, help="Synthetic photos to scan.")] = 3,
    recipe: Annotated[str, typer.Option(help="A ready recipe by name or a TOML file.")] = "demo",
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes other pictures.")] = 0,
) -> None:
    """Make synthetic concrete, train on it, evaluate, predict, and scan photos with the shipped detector.

    The pictures are computed, so the numbers say that the tools work, and nothing about real structures.
    """
    with needs_train_extra(), TrainingDisplay() as display:
        data = _make_concrete(output / "synthetic", patches, photos, seed, display)
        result = _train(data, output / "run", recipe, display)
        _predict(data, result, output / "predictions.csv", display)
        _compare_with_shipped(result, display)
        _scan(data / "photos", output / "scan", display)
    typer.echo(
        f"\nLook at\n"
        f"  {data}          the patches and photos, with masks of their cracks\n"
        f"  {result.folder.figures}        how it learned, and how good it is\n"
        f"  {output / 'scan' / 'overlays'}      where the shipped detector sees cracks in whole photos\n"
        f"  {output / 'predictions.csv'}    one row per patch\n"
        f"  {result.folder.readme}      what lies in the run folder\n"
        f"\nReview photos in a browser, your own or those of {data / 'photos'}:\n"
        f"  {_program()} serve"
    )


def _program() -> str:
    """How to call this program again; `make demo` runs it in an environment that is not on the PATH."""
    if shutil.which("crackscope"):
        return "crackscope"
    python = Path(sys.executable)
    shown = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    return f"{shown} -m crackscope"


def _make_concrete(folder: Path, patches: int, photos: int, seed: int, display: TrainingDisplay) -> Path:
    from crackscope.dataset.synthetic.write import TABLE_NAME, SyntheticPlan, write_synthetic_dataset

    if not (folder / TABLE_NAME).is_file():
        unfinished = folder.with_name(f".{folder.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        display.step(f"make {patches:,} patches and {photos:,} photos of concrete")
        plan = SyntheticPlan(patches=patches, photos=photos, seed=seed, photo_hw=(1500, 2000))
        write_synthetic_dataset(unfinished, plan, progress=display.progress)
        unfinished.replace(folder)
    return folder


def _train(data: Path, output: Path, recipe: str, display: TrainingDisplay) -> TrainResult:
    from crackscope.cli.train import print_result
    from crackscope.training.recipe_file import load_recipe
    from crackscope.training.run import train
    from crackscope.training.run_folder import RunFolder

    finished = RunFolder(output).state().get("state") == "finished"
    result = train([data], load_recipe(recipe), output, overwrite=finished, listener=display)
    print_result(result)
    return result


def _predict(data: Path, result: TrainResult, output: Path, display: TrainingDisplay) -> None:
    from crackscope.inference.classifier import CrackClassifier
    from crackscope.inference.writers import Format, write_outcomes

    display.step("predict every patch with the trained model")
    classifier = CrackClassifier.load(result.bundle)
    paths = sorted(path for name in ("Negative", "Positive") for path in (data / name).iterdir())
    write_outcomes(output, classifier.predict_paths(paths), Format.CSV)
    display.note(f"{len(paths):,} predictions in {output}")


def _compare_with_shipped(result: TrainResult, display: TrainingDisplay) -> None:
    from crackscope.evaluation.evaluate import evaluate
    from crackscope.inference.classifier import CrackClassifier

    display.step("the shipped detector on the same test patches")
    shipped = evaluate(CrackClassifier.load(), result.evaluation.scored.photos, progress=display.progress)
    ours, theirs = (evaluation.metrics for evaluation in (result.evaluation, shipped))
    display.note(
        f"accuracy {theirs.accuracy:.4f} without ever having seen synthetic concrete; "
        f"the model trained on it: {ours.accuracy:.4f}"
    )


def _scan(photos: Path, output: Path, display: TrainingDisplay) -> None:
    from crackscope.scanning.scanner import CrackScanner

    display.step("scan whole photos with the shipped detector")
    summary = CrackScanner.load().scan_paths([photos], output=output, progress=display.progress)
    display.note(f"{summary.photos} photos: {summary.positive} Positive, {summary.review} to review")
