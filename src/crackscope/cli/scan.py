"""``crackscope scan``: which photos are cracked, where in them, how sure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.model_options import DeviceName, EngineName, ModelFolder
from crackscope.errors import SettingsError
from crackscope.inference.engines import Device, Engine

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
    tile_px: Annotated[
        str, typer.Option(help="Side of a tile in pixels of the photo, or 'auto' to fit each photo.")
    ] = "auto",
    scales: Annotated[
        str, typer.Option(help="Scan at several sizes at once: multiples of the tile, such as 0.5,1,2.")
    ] = "1",
    overlap: Annotated[
        float, typer.Option(min=0, max=0.9, help="Share of a tile that its neighbour covers too.")
    ] = 0.5,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Positive from this score on; without it the model's own."),
    ] = None,
    mm_per_px: Annotated[
        float | None,
        typer.Option(min=0.0001, help="Millimetres per pixel, if you know them: lengths are given in mm."),
    ] = None,
    every: Annotated[
        float, typer.Option(min=0.001, help="Seconds between the frames taken from a video.")
    ] = 1.0,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Photos in work at once; without it one per processor.")
    ] = None,
    engine: EngineName = Engine.ONNXRUNTIME,
    device: DeviceName = Device.AUTO,
    memory_mb: Annotated[
        int, typer.Option(min=1, help="A photo that needs more than this decoded is read piece by piece.")
    ] = 1024,
    limit_pixels: Annotated[
        int, typer.Option(min=1, help="Photos with more pixels than this are refused.")
    ] = 4_000_000_000,
    overlays: Annotated[
        bool, typer.Option(help="Draw a heat map over every photo: a copy, in overlays/.")
    ] = True,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the photos that an earlier run finished.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if any photo can't be scanned.")] = False,
) -> None:
    """Scan whole photographs of any size: where the cracks are and how sure.

    Writes photos.csv, regions.csv, tiles.csv, results.json, regions.geojson and, per photo, an overlay. Run
    the same command again to go on after an interruption: finished photos are not done twice.
    """
    from rich.console import Console
    from rich.progress import Progress

    from crackscope.scanning.records import ScanSettings
    from crackscope.scanning.scanner import CrackScanner

    settings = ScanSettings(
        tile_px=tile_side_px(tile_px),
        scales=scale_numbers(scales),
        overlap=overlap,
        threshold=threshold,
        mm_per_px=mm_per_px,
        memory_mb=memory_mb,
        limit_pixels=limit_pixels,
    )
    scanner = CrackScanner.load(model, settings=settings, jobs=jobs, engine=engine, device=device)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("photos", total=None)
        summary = scanner.scan_paths(
            paths,
            output=output,
            overlays=overlays,
            fresh=fresh,
            every_s=every,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _print_summary(summary, overlays=overlays)
    if strict and summary.failures:
        raise typer.Exit(1)


def tile_side_px(text: str) -> int | None:
    """What ``--tile-px`` says; ``None`` is one for each photo."""
    return None if text == "auto" else int(_number(text, "--tile-px"))


def scale_numbers(text: str) -> tuple[float, ...]:
    """What ``--scales`` says."""
    return tuple(_number(scale, "--scales") for scale in text.split(","))


def _number(text: str, flag: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise SettingsError(f"{flag} has {text!r}; expected a number") from None


def _print_summary(summary: ScanSummary, *, overlays: bool) -> None:
    photos = "1 photo" if summary.photos == 1 else f"{summary.photos} photos"
    counts = f"{photos}: {summary.positive} Positive, {summary.review} to review"
    if summary.reused:
        counts += f" ({summary.reused} finished earlier)"
    typer.echo(counts)
    for failure in summary.failures[:10]:
        typer.echo(f"not scanned: {failure.path}: {failure.error}", err=True)
    if summary.failures:
        typer.echo(f"{len(summary.failures)} could not be scanned; photos.csv has the reasons", err=True)
    drawn = " and overlays/" if overlays else ""
    typer.echo(f"Results are in {summary.output}: begin with photos.csv{drawn}")
