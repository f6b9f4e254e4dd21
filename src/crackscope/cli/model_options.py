"""Options of the commands that run or write a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.inference.engines import Device, Engine
from crackscope.inference.settings import THRESHOLD

if TYPE_CHECKING:
    from crackscope.inference.site_cut import SiteCut

ModelFolder = Annotated[
    Path | None, typer.Option("--model", "-m", help="Folder of a model; without it the shipped detector.")
]
SameModelFolder = Annotated[
    Path | None, typer.Argument(metavar="MODEL", help="The same as --model.", show_default=False)
]
NewModelFolder = Annotated[
    Path, typer.Option("--output", "-o", help="Folder for the new model.", show_default=False)
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the folder named by --output if it is there.")
]
DeviceName = Annotated[
    Device,
    typer.Option(help="Processor that the model runs on; auto takes CUDA where it works, else the CPU."),
]
ThresholdScore = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        min=THRESHOLD.least,
        max=THRESHOLD.most,
        help="Positive from this score on; without it the model's own.",
    ),
]
OneSite = Annotated[
    bool,
    typer.Option(
        "--site",
        help="These photos are one site: where they leave a gap between healthy and cracked ones above the "
        "threshold, Positive begins in it. Needs 20 photos of each.",
    ),
]
TestTimeAugmentation = Annotated[
    bool,
    typer.Option(
        "--tta",
        help="Test-time augmentation: look at each patch's four corners too, and average the odds; tiles of "
        "larger photos overlap by three quarters. Finds more, takes up to five times as long.",
    ),
]
EngineName = Annotated[Engine, typer.Option(help="Program that runs the model; openvino needs its extra.")]


def one_model(argument: Path | None, option: Path | None) -> Path | None:
    """The model that is named either way; ``None`` where none is.

    Raises:
        BadParameter: Two are.
    """
    if argument is not None and option is not None:
        raise typer.BadParameter(f"two models are named, {argument} and {option}", param_hint="--model")
    return option or argument


def site_line(cut: SiteCut) -> str:
    """Where Positive begins on a site, from what, and why, for people."""
    above = f"{cut.positive:,} of {cut.photos:,} photos reach the model's {cut.model_threshold:g}"
    return f"site: Positive from {cut.threshold:g}, {cut.reason}; {above}"
