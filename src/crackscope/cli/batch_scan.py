"""``crackscope batch scan``: where the cracks are, in millions of whole photographs."""

from __future__ import annotations

from typing import Annotated

import typer

from crackscope.cli.batch_options import (
    Address,
    Destination,
    Patience,
    Quiet,
    Resume,
    Sources,
    Strict,
    WorkerCpus,
    WorkerGpus,
    Workers,
    absolute_destination,
    base_folder,
    batch_run,
    report,
)
from crackscope.cli.model_options import DeviceName, EngineName, ModelFolder
from crackscope.cli.scan import scale_numbers, tile_side_px
from crackscope.inference.engines import Device, Engine


def scan(
    sources: Sources,
    output: Destination,
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
    memory_mb: Annotated[
        int, typer.Option(min=1, help="A photo that needs more than this decoded is read piece by piece.")
    ] = 1024,
    limit_pixels: Annotated[
        int, typer.Option(min=1, help="Photos with more pixels than this are refused.")
    ] = 4_000_000_000,
    overlays: Annotated[bool, typer.Option(help="Draw a heat map over every photo.")] = True,
    engine: EngineName = Engine.ONNXRUNTIME,
    device: DeviceName = Device.AUTO,
    address: Address = None,
    workers: Workers = None,
    worker_cpus: WorkerCpus = 1,
    worker_gpus: WorkerGpus = 0,
    shard_photos: Annotated[
        int, typer.Option(min=1, help="Photos and videos of a shard: done again at most where a worker dies.")
    ] = 50,
    patience: Patience = 180,
    resume: Resume = False,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """Scan whole photographs: tables in Parquet shards, GeoJSON, and an overlay per photo.

    The answers are those of `crackscope scan`; `crackscope batch merge` writes its files from the shards.
    What stops on the way goes on with --resume: nothing is lost, done twice or half-written.
    """
    with batch_run(quiet=quiet) as progress:
        from crackscope.batch.records import Resources
        from crackscope.batch.run import run_batch
        from crackscope.batch.scanning import scan_job
        from crackscope.bundle import load_bundle
        from crackscope.scanning.records import ScanSettings

        bundle = load_bundle(model)
        job = scan_job(
            bundle,
            sources,
            folder=base_folder(sources),
            settings=ScanSettings(
                tile_px=tile_side_px(tile_px),
                scales=scale_numbers(scales),
                overlap=overlap,
                threshold=threshold,
                mm_per_px=mm_per_px,
                memory_mb=memory_mb,
                limit_pixels=limit_pixels,
            ),
            overlays=overlays,
            every_s=every,
            runs_on=(engine, device),
            shard_photos=shard_photos,
        )
        resources = Resources(
            address=address,
            workers=workers,
            worker_cpus=worker_cpus,
            worker_gpus=worker_gpus,
            patience_s=patience,
        )
        summary = run_batch(
            job,
            bundle,
            destination=absolute_destination(output),
            resources=resources,
            resume=resume,
            progress=progress,
        )
    report(summary, quiet=quiet, strict=strict)
