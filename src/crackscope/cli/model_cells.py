"""``crackscope model cells``: how sure the cells of a model's scans may be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from crackscope.cli.bars import photo_bar
from crackscope.cli.evaluated_photos import print_table
from crackscope.cli.model_options import DeviceName, EngineName, ModelFolder, SameModelFolder, one_model
from crackscope.errors import SettingsError
from crackscope.extras import needs_extra
from crackscope.inference.engines import Device, Engine


def cells(
    healthy: Annotated[
        list[Path],
        typer.Option(
            help="Folder of photos or patches of intact concrete, one source each. Repeatable.",
            show_default=False,
        ),
    ],
    folder: SameModelFolder = None,
    model: ModelFolder = None,
    walls: Annotated[int, typer.Option(min=4, help="Walls made of each folder.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other walls and cracks.")] = 0,
    write: Annotated[
        bool, typer.Option("--write", help="Put the numbers into the model's model.json.")
    ] = False,
    device: DeviceName = Device.AUTO,
    engine: EngineName = Engine.ONNXRUNTIME,
) -> None:
    """Fit how sure the cells of a scan's heat map may be, on walls of intact concrete with painted cracks.

    Walls are joined of patches, or cut from photos many patches large; every second one is cracked. Prints
    the numbers that the model has and those that fit; --write puts these into its folder, where every scan
    takes them from.
    """
    with needs_extra("evaluate"):
        from crackscope.scan_calibration.cells import cells_table, fit_cells
    from crackscope.bundle import Bundle, write_config
    from crackscope.scanning.scanner import CrackScanner

    model = one_model(folder, model)
    if write and model is None:
        raise SettingsError("--write needs the folder of a model; copy the shipped detector to change it")
    scanner = CrackScanner.load(model, engine=engine, device=device)
    bundle = scanner.classifier.bundle
    with photo_bar("scanning walls") as progress:
        fit = fit_cells(scanner, healthy, walls_per_source=walls, seed=seed, progress=progress)
    print_table(cells_table(fit, bundle.config.cells))
    if write:
        write_config(Bundle(bundle.folder, replace(bundle.config, cells=fit.cells)))
        typer.echo(f"wrote the fitted numbers to {bundle.folder}", err=True)
