"""Options of the commands that run or write a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crackscope.inference.engines import Device, Engine

ModelFolder = Annotated[
    Path | None, typer.Option("--model", "-m", help="Folder of a model; without it the shipped detector.")
]
NewModelFolder = Annotated[
    Path, typer.Option("--output", "-o", help="Folder of the new model.", show_default=False)
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace the folder named by --output if it is there.")
]
DeviceName = Annotated[Device, typer.Option(help="Where the model runs.")]
TestTimeAugmentation = Annotated[
    bool,
    typer.Option(
        "--tta",
        help="Test-time augmentation: look at each photo's four corners too, and average the odds. Finds "
        "more, takes up to five times as long.",
    ),
]
EngineName = Annotated[Engine, typer.Option(help="What runs the model.")]
