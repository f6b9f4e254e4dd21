"""What `crackscope batch predict` costs beside `crackscope predict`, on the same files, in one run.

    python benchmarks/batch.py --photos ../shared/data/metu/Positive

Prints start-up, throughput with one and two workers against `predict` with as many threads, and what a resume
of a batch costs of which half is done. Rates of workers come from the manifests (photos by seconds in work),
so that start-up is apart. Every measurement is repeated, and the median counts; pin it (`taskset`) for ratios
on a machine that others use.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="Folder of photos")
    parser.add_argument(
        "--limit", type=int, default=4000, help="Photos of a run; names repeat where there are fewer"
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--shard-photos", type=int, default=500)
    parser.add_argument("--model", type=Path, help="Folder of a model; without it the shipped detector")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(options, Path(folder))


def measure(options: argparse.Namespace, folder: Path) -> None:
    names = write_list(options, folder / "list.csv")
    for workers in options.workers:
        runs = [measure_once(options, folder, names, workers) for _ in range(options.repeats)]
        print(f"{workers} workers, {options.limit:,} photos, median of {options.repeats}:", flush=True)
        for name in runs[0]:
            print(f"  {name}: {statistics.median(run[name] for run in runs):.2f}", flush=True)


def write_list(options: argparse.Namespace, target: Path) -> list[str]:
    found = sorted(str(path) for path in options.photos.rglob("*") if path.suffix.lower() in (".jpg", ".png"))
    names = list(islice(cycle(found), options.limit))
    target.write_text("path\n" + "\n".join(names) + "\n", encoding="utf-8")
    return names


def measure_once(
    options: argparse.Namespace, folder: Path, names: list[str], workers: int
) -> dict[str, float]:
    shards = folder / "shards"
    shutil.rmtree(shards, ignore_errors=True)
    alone = ["predict", "-", "--threads", workers, "--output", folder / "one.csv"]
    first, first_s = measured(options, alone, names[0])
    one, one_s = measured(options, alone, "\n".join(names))
    command = ["batch", "predict", folder / "list.csv", "--output", shards, "--workers", workers]
    command += ["--shard-photos", options.shard_photos, "--resume"]
    many = seconds(options, command)
    at_work, batch_s = seconds_at_work(shards, workers), processor_s(shards)
    finished = sorted((shards / "manifests").iterdir())
    for manifest in finished[::2]:
        manifest.unlink()
    resumed = seconds(options, command)
    nothing = seconds(options, command)
    return {
        "predict, milliseconds of processor per photo": 1000 * (one_s - first_s) / len(names),
        "batch, milliseconds of processor per photo": 1000 * batch_s / len(names),
        "predict, photos a second after start-up": len(names) / (one - first),
        "batch, photos a second after start-up": len(names) / at_work,
        "batch / predict, after start-up": (one - first) / at_work,
        "predict, start-up seconds": first,
        "batch, start-up and end seconds": many - at_work,
        "resume with half done, share of the whole run": resumed / many,
        "resume with nothing left, seconds": nothing,
    }


def measured(options: argparse.Namespace, words: list[object], stdin: str = "") -> tuple[float, float]:
    """Seconds, and seconds of processor, which other programs of the machine do not change."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = seconds(options, words, stdin)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def seconds(options: argparse.Namespace, words: list[object], stdin: str = "") -> float:
    model = ["--model", options.model] if options.model else []
    command = [sys.executable, "-m", "crackscope", *map(str, [*words, *model, "--quiet"])]
    began = time.perf_counter()
    subprocess.run(command, input=stdin, encoding="utf-8", check=True, env=os.environ)
    return time.perf_counter() - began


def seconds_at_work(shards: Path, workers: int) -> float:
    """Seconds that the shards took, divided among the workers."""
    manifests = [json.loads(path.read_bytes()) for path in (shards / "manifests").iterdir()]
    return float(sum(manifest["seconds"] for manifest in manifests)) / workers


def processor_s(shards: Path) -> float:
    """Seconds of processor that the shards took, by their manifests."""
    manifests = [json.loads(path.read_bytes()) for path in (shards / "manifests").iterdir()]
    return float(sum(manifest["processor_s"] for manifest in manifests))


if __name__ == "__main__":
    main()
