"""``crackscope scan``: which photos are cracked, where in them, how sure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.bars import photo_bar
from crackscope.cli.model_options import (
    DeviceName,
    EngineName,
    ModelFolder,
    OneSite,
    ThresholdScore,
    site_line,
)
from crackscope.cli.scan_options import (
    Every,
    LimitPixels,
    MemoryMb,
    MmPerPx,
    Overlap,
    Scales,
    TilePx,
    scan_settings,
)
from crackscope.errors import RunInterruptedError
from crackscope.inference.engines import Device, Engine
from crackscope.inference.settings import USUAL

if TYPE_CHECKING:
    from crackscope.scanning.folder import ScanSummary


def scan(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Photos, videos, folders (searched to any depth) or patterns.", show_default=False
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for tables and overlays, outside the photos' folders."),
    ],
    model: ModelFolder = None,
    tile_px: TilePx = "auto",
    scales: Scales = "1",
    overlap: Overlap = USUAL.overlap,
    threshold: ThresholdScore = None,
    site: OneSite = False,
    mm_per_px: MmPerPx = None,
    every: Every = 1.0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Photos in work at once; without it one per processor.")
    ] = None,
    engine: EngineName = Engine.ONNXRUNTIME,
    device: DeviceName = Device.AUTO,
    memory_mb: MemoryMb = USUAL.memory_mb,
    limit_pixels: LimitPixels = USUAL.limit_pixels,
    overlays: Annotated[
        bool, typer.Option(help="Draw a heat map over every photo: a copy, in overlays/.")
    ] = True,
    index: Annotated[
        bool, typer.Option(help="Write index.html, a page that shows the results without a server.")
    ] = True,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the photos that an earlier run finished.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if any photo can't be scanned.")] = False,
) -> None:
    """Scan whole photographs of any size: where the cracks are and how sure.

    Writes photos.csv, regions.csv, tiles.csv, results.json, regions.geojson, a page that shows them
    (index.html) and, per photo, an overlay. Run the same command again to go on after an interruption:
    finished photos are not done twice.
    """
    from crackscope.scanning.scanner import CrackScanner

    settings = scan_settings(
        tile_px=tile_px,
        scales=scales,
        overlap=overlap,
        threshold=threshold,
        mm_per_px=mm_per_px,
        memory_mb=memory_mb,
        limit_pixels=limit_pixels,
    )
    scanner = CrackScanner.load(model, settings=settings, jobs=jobs, engine=engine, device=device)
    try:
        with photo_bar("scanning") as progress:
            summary = scanner.scan_paths(
                paths,
                output=output,
                overlays=overlays,
                index=index,
                fresh=fresh,
                every_s=every,
                site=site,
                progress=progress,
            )
    except KeyboardInterrupt:
        raise RunInterruptedError(
            f"stopped; photos that are done are kept in {output}: run the same command again to go on"
        ) from None
    _print_summary(summary, overlays=overlays, index=index)
    if strict and summary.failures:
        raise typer.Exit(1)


def _print_summary(summary: ScanSummary, *, overlays: bool, index: bool) -> None:
    photos = "1 photo" if summary.photos == 1 else f"{summary.photos} photos"
    counts = f"{photos}: {summary.positive} Positive, {summary.review} to review"
    if summary.reused:
        counts += f" ({summary.reused} finished earlier)"
    typer.echo(counts)
    if summary.site is not None:
        typer.echo(site_line(summary.site))
    for failure in summary.failures[:10]:
        typer.echo(f"not scanned: {failure.path}: {failure.error}", err=True)
    if summary.failures:
        typer.echo(f"{len(summary.failures)} could not be scanned; photos.csv has the reasons", err=True)
    drawn = " and overlays/" if overlays else ""
    page = "index.html, which opens in a browser, or " if index else ""
    typer.echo(f"Results are in {summary.output}: begin with {page}photos.csv{drawn}")
