"""``crackscope batch predict``: Positive or Negative for millions of photos."""

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
from crackscope.cli.model_options import (
    DeviceName,
    EngineName,
    ModelFolder,
    TestTimeAugmentation,
    ThresholdScore,
)
from crackscope.cli.scan_options import LimitPixels
from crackscope.inference.engines import Device, Engine
from crackscope.inference.settings import USUAL


def predict(
    sources: Sources,
    output: Destination,
    model: ModelFolder = None,
    threshold: ThresholdScore = None,
    tta: TestTimeAugmentation = False,
    limit_pixels: LimitPixels = USUAL.limit_pixels,
    fast_decode: Annotated[
        bool, typer.Option("--fast-decode", help="Decode large JPEGs at a reduced size: see `predict`.")
    ] = False,
    engine: EngineName = Engine.ONNXRUNTIME,
    device: DeviceName = Device.AUTO,
    address: Address = None,
    workers: Workers = None,
    worker_cpus: WorkerCpus = 1,
    worker_gpus: WorkerGpus = 0,
    shard_photos: Annotated[
        int, typer.Option(min=1, help="Photos of a shard: what is done again at most where a worker dies.")
    ] = 1000,
    patience: Patience = 180,
    resume: Resume = False,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """Say Positive (cracked) or Negative of photos of concrete, in Parquet shards.

    The answers are those of `crackscope predict`; `crackscope batch merge` writes its files from the shards.
    What stops on the way goes on with --resume: nothing is lost, done twice or half-written.
    """
    with batch_run(quiet=quiet) as progress:
        from crackscope.batch.predicting import predict_job
        from crackscope.batch.records import Resources
        from crackscope.batch.run import run_batch
        from crackscope.bundle import load_bundle

        bundle = load_bundle(model)
        job = predict_job(
            bundle,
            sources,
            folder=base_folder(sources),
            threshold=threshold,
            tta=tta,
            limit_pixels=limit_pixels,
            fast_decode=fast_decode,
            engine=engine,
            device=device,
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
