"""``crackscope compare-inspections``: what changed between two dates."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.model_options import DeviceName, EngineName, ModelFolder, ThresholdScore
from crackscope.cli.scan_options import Overlap, Scales, TilePx, scan_settings
from crackscope.errors import OutputError
from crackscope.extras import needs_extra
from crackscope.inference.engines import Device, Engine

if TYPE_CHECKING:
    from crackscope.inspection.changes import Comparison


def compare_inspections(
    earlier: Annotated[
        Path,
        typer.Argument(help="Folder of photos, or of `crackscope scan`'s results.", show_default=False),
    ],
    later: Annotated[
        Path, typer.Argument(help="The same of the later date: photos or results.", show_default=False)
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the page, tables and pictures.")],
    earlier_photos: Annotated[
        Path | None,
        typer.Option(help="Folder where the earlier photos lie now, if they moved since their scan."),
    ] = None,
    later_photos: Annotated[
        Path | None,
        typer.Option(help="Folder where the later photos lie now, if they moved since their scan."),
    ] = None,
    model: ModelFolder = None,
    tile_px: TilePx = "auto",
    scales: Scales = "1",
    overlap: Overlap = 0.5,
    threshold: ThresholdScore = None,
    engine: EngineName = Engine.ONNXRUNTIME,
    device: DeviceName = Device.AUTO,
) -> None:
    """Compare two inspections of the same concrete: which cracks are new, grown, the same or gone.

    Photos of the same place are paired by name, position or content and laid over one another; where they do
    not fit, they are not compared. Both dates are looked at by the same model with the same settings. Writes
    index.html (both photos with a swipe), changes.csv and comparison.json.
    """
    from rich.console import Console
    from rich.progress import Progress

    from crackscope import __version__
    from crackscope.inspection.changes_file import write_comparison
    from crackscope.scanning.scanner import CrackScanner

    with needs_extra("compare"):
        from crackscope.revisiting.compare import VisitNames, compare_visits
    from crackscope.revisiting.sheet import write_sheet
    from crackscope.revisiting.table import write_changes_csv
    from crackscope.revisiting.visits import read_visit

    for folder in (earlier, later):
        if output.resolve().is_relative_to(folder.resolve()):
            raise OutputError(f"the output {output} lies inside {folder}; choose a folder elsewhere")
    settings = scan_settings(
        tile_px=tile_px,
        scales=scales,
        overlap=overlap,
        threshold=threshold,
        mm_per_px=None,
        memory_mb=1024,
        limit_pixels=4_000_000_000,
    )
    before, after = read_visit(earlier, earlier_photos), read_visit(later, later_photos)
    scanner = CrackScanner.load(model, settings=settings, engine=engine, device=device)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("photos", total=len(after))
        comparison = compare_visits(
            before,
            after,
            scanner,
            output,
            VisitNames(earlier.name or str(earlier), later.name or str(later)),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    write_comparison(output, comparison, __version__)
    write_changes_csv(output, comparison)
    shown = write_sheet(output, comparison)
    _print_summary(comparison, output, shown)


def _print_summary(comparison: Comparison, output: Path, shown: int) -> None:
    from crackscope.inspection.changes import REASONS, ChangeKind

    photos = comparison.photos
    compared = sum(photo.registration is not None and not photo.reason for photo in photos)
    later = sum(photo.later is not None for photo in photos)
    typer.echo(
        f"{compared} of {later} later photos compared, {len(photos) - later} earlier ones without a match"
    )
    typer.echo(", ".join(f"{comparison.count(kind)} {kind}" for kind in ChangeKind))
    told = [photo for photo in photos if photo.reason]
    for photo in told[:10]:
        typer.echo(f"not compared: {photo.later or photo.earlier}: {REASONS[photo.reason]}", err=True)
    if len(told) > 10:
        typer.echo(f"{len(told)} were not compared; changes.csv has the reasons", err=True)
    typer.echo(f"Results are in {output}: begin with index.html, which shows {shown} pairs")
