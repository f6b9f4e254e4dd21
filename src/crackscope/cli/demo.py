"""``crackscope demo``: everything once, on computed concrete, in minutes and without a network."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.training_display import TrainingDisplay
from crackscope.extras import needs_extra

if TYPE_CHECKING:
    from crackscope.dataset.synthetic.write import SyntheticPlan
    from crackscope.training.run import TrainResult


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for everything that is made.")
    ] = Path("demo"),
    patches: Annotated[
        int, typer.Option(min=200, help="Synthetic patches: most to train on, the rest to test on.")
    ] = 2000,
    photos: Annotated[int, typer.Option(min=1, help="Synthetic photos that the shipped detector scans.")] = 3,
    recipe: Annotated[str, typer.Option(help="A ready recipe by name or a TOML file.")] = "demo",
    seed: Annotated[int, typer.Option(min=0, help="Another seed makes other patches and photos.")] = 0,
) -> None:
    """Scan photos with the shipped detector, then train a model of your own on synthetic patches.

    The pictures are computed, so the numbers say that the tools work, and nothing about real structures.
    """
    with needs_extra("train"), TrainingDisplay() as display:
        whole = _paint(output / "photos", _photo_plan(photos, seed), display)
        _scan(whole / "photos", output / "scan", display)
        data = _paint(output / "patches", _patch_plan(patches, seed), display)
        _predict(data, output / "predictions.csv", display)
        result = _train(data, output / "run", recipe, display)
        _compare_with_shipped(result, display)
    typer.echo(
        f"\nLook at\n"
        f"  {output / 'scan' / 'overlays'}      where the shipped detector sees cracks in whole photos\n"
        f"  {output / 'predictions.csv'}    what it says of patches, one row for each\n"
        f"  {data}           the patches, with masks of their cracks\n"
        f"  {result.folder.figures}       how your model learned, and how good it is\n"
        f"  {result.folder.readme}     what lies in the run folder\n"
        f"\nReview photos in a browser, your own or those of {whole / 'photos'}:\n"
        f"  {_program()} serve"
    )


def _program() -> str:
    """How to call this program again; `make demo` runs it in an environment that is not on the PATH."""
    if shutil.which("crackscope"):
        return "crackscope"
    python = Path(sys.executable)
    shown = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    return f"{shown} -m crackscope"


def _photo_plan(photos: int, seed: int) -> SyntheticPlan:
    from crackscope.dataset.synthetic.write import SyntheticPlan

    return SyntheticPlan(patches=0, photos=photos, seed=seed, photo_hw=(1500, 2000))


def _patch_plan(patches: int, seed: int) -> SyntheticPlan:
    """Cracks that can be seen at the size that the demo's network sees; hairlines need a longer training."""
    from crackscope.dataset.synthetic.cracks import CrackOptions, CrackTone
    from crackscope.dataset.synthetic.write import SyntheticPlan

    cracks = CrackOptions(width_px=(4.0, 24.0), darkness=(0.3, 0.9), visibility=2.5, tone=CrackTone.DARK)
    return SyntheticPlan(patches=patches, photos=0, seed=seed, cracks=cracks)


def _paint(folder: Path, plan: SyntheticPlan, display: TrainingDisplay) -> Path:
    from crackscope.dataset.synthetic.write import TABLE_NAME, write_synthetic_dataset

    if not (folder / TABLE_NAME).is_file():
        unfinished = folder.with_name(f".{folder.name}")
        shutil.rmtree(unfinished, ignore_errors=True)
        pictures = f"{plan.patches:,} patches" if plan.patches else f"{plan.photos:,} photos"
        display.step(f"paint {pictures} of concrete")
        write_synthetic_dataset(unfinished, plan, progress=display.progress)
        unfinished.replace(folder)
    return folder


def _scan(photos: Path, output: Path, display: TrainingDisplay) -> None:
    from crackscope.scanning.scanner import CrackScanner

    display.step("scan the photos with the shipped detector")
    summary = CrackScanner.load().scan_paths([photos], output=output, progress=display.progress)
    display.note(f"{summary.photos} photos: {summary.positive} Positive, {summary.review} to review")
    display.note(f"cracks are marked in {output / 'overlays'}: have a look while the rest goes on")
    display.note(f"a page for photos of your own: {_program()} serve")


def _predict(data: Path, output: Path, display: TrainingDisplay) -> None:
    from crackscope.inference.classifier import CrackClassifier
    from crackscope.inference.writers import Format, write_outcomes

    display.step("predict every patch with the shipped detector")
    paths = sorted(path for name in ("Negative", "Positive") for path in (data / name).iterdir())
    write_outcomes(output, CrackClassifier.load().predict_paths(paths), Format.CSV)
    display.note(f"{len(paths):,} predictions in {output}")


def _train(data: Path, output: Path, recipe: str, display: TrainingDisplay) -> TrainResult:
    from crackscope.cli.train import print_result
    from crackscope.training.recipe_file import load_recipe
    from crackscope.training.run import train
    from crackscope.training.run_folder import RunFolder

    finished = RunFolder(output).state().get("state") == "finished"
    result = train([data], load_recipe(recipe), output, overwrite=finished, listener=display)
    print_result(result)
    return result


def _compare_with_shipped(result: TrainResult, display: TrainingDisplay) -> None:
    from crackscope.evaluation.evaluate import evaluate
    from crackscope.inference.classifier import CrackClassifier

    display.step("the shipped detector on the same test patches")
    shipped = evaluate(CrackClassifier.load(), result.evaluation.scored.photos, progress=display.progress)
    ours, theirs = (evaluation.metrics for evaluation in (result.evaluation, shipped))
    display.note(
        f"accuracy {theirs.accuracy:.4f} having learned from photographs; "
        f"the model trained on it: {ours.accuracy:.4f}"
    )
