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
from crackscope.cli.model_options import DeviceName, EngineName, ModelFolder, ThresholdScore
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
from crackscope.inference.engines import Device, Engine
from crackscope.inference.settings import USUAL


def scan(
    sources: Sources,
    output: Destination,
    model: ModelFolder = None,
    tile_px: TilePx = "auto",
    scales: Scales = "1",
    overlap: Overlap = USUAL.overlap,
    threshold: ThresholdScore = None,
    mm_per_px: MmPerPx = None,
    every: Every = 1.0,
    memory_mb: MemoryMb = USUAL.memory_mb,
    limit_pixels: LimitPixels = USUAL.limit_pixels,
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

        bundle = load_bundle(model)
        job = scan_job(
            bundle,
            sources,
            folder=base_folder(sources),
            settings=scan_settings(
                tile_px=tile_px,
                scales=scales,
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
