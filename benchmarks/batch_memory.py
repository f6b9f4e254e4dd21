"""Memory of `crackscope batch predict` over a list of very many small photos; it should not grow with them.

    python benchmarks/batch_memory.py --rows 1000000

The list repeats a thousand photos of 64 pixels, made here. Every process of the batch is looked at each
second; printed is, for each tenth of the rows, the largest memory (resident, without what it shares) of the
driver, of a worker, and of everything else of Ray together. Memory does not depend on what a model costs:
with ``--model`` a small one shows it sooner.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

FILES = 1000
PHOTO_HW = (64, 64)
SHARD_PHOTOS = 1000

#: Memory in MB by kind of process.
Sample = dict[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--model", type=Path, help="Folder of a model; without it the shipped detector")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_list(folder, options.rows)
        print_tenths(options.rows, list(run(options, folder)))


def write_list(folder: Path, rows: int) -> None:
    noise = np.random.default_rng(0)
    names = []
    for number in range(FILES):
        path = folder / f"{number:03d}.jpg"
        Image.fromarray(noise.integers(0, 256, (*PHOTO_HW, 3), dtype=np.uint8)).save(path)
        names.append(f"{path}\n")
    with (folder / "list.csv").open("w", encoding="utf-8") as listed:
        listed.write("path\n")
        listed.writelines(islice(cycle(names), rows))


def run(options: argparse.Namespace, folder: Path) -> Iterator[tuple[int, Sample]]:
    """Rows done, and the memory then, once a second."""
    command = ["batch", "predict", folder / "list.csv", "--output", folder / "shards", "--quiet"]
    command += ["--workers", options.workers, "--shard-photos", SHARD_PHOTOS]
    command += ["--model", options.model] if options.model else []
    began = time.perf_counter()
    driver = subprocess.Popen([sys.executable, "-m", "crackscope", *map(str, command)])
    while driver.poll() is None:
        yield rows_done(folder / "shards"), sample(psutil.Process(driver.pid))
        time.sleep(1)
    if driver.returncode:
        raise SystemExit(driver.returncode)
    print(f"{options.rows:,} rows in {time.perf_counter() - began:.0f} s", flush=True)


def rows_done(shards: Path) -> int:
    return SHARD_PHOTOS * sum(1 for _ in (shards / "manifests").glob("*.json"))


def sample(driver: psutil.Process) -> Sample:
    memory: Sample = defaultdict(float)
    with suppress(psutil.Error):
        memory["driver"] = private_mb(driver)
        for process in driver.children(recursive=True):
            with suppress(psutil.Error):
                if "ray::MapWorker" in " ".join(process.cmdline()):
                    memory["a worker"] = max(memory["a worker"], private_mb(process))
                else:
                    memory["the rest of Ray"] += private_mb(process)
    return memory


def private_mb(process: psutil.Process) -> float:
    memory = process.memory_info()
    return float(memory.rss - getattr(memory, "shared", 0)) / 1e6


def print_tenths(rows: int, samples: list[tuple[int, Sample]]) -> None:
    kinds = ("driver", "a worker", "the rest of Ray")
    print("rows done | " + " | ".join(f"{kind}, MB" for kind in kinds))
    for tenth in range(10):
        low, high = rows * tenth // 10, rows * (tenth + 1) // 10
        found = [memory for done, memory in samples if low < done <= high]
        if found:
            largest = [f"{max(memory.get(kind, 0) for memory in found):.0f}" for kind in kinds]
            print(f"{high:,} | " + " | ".join(largest))


if __name__ == "__main__":
    main()
