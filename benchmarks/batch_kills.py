"""A whole archive on two nodes of Ray, a worker and then the driver killed on the way, against `predict`.

    python benchmarks/batch_kills.py --photos ../shared/data/metu
    python benchmarks/batch_kills.py --photos ../shared/data/metu --s3

Both nodes are on this machine. After a resume the merged shards must be byte for byte what
`crackscope predict` writes for the same photos; else it exits with 1. With ``--s3`` the photos are copied to
a local server that speaks S3 (moto) first, and the shards go there too; in the paths, the bucket's name then
stands for the folder's.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from crackscope.batch.job import JOB_NAME, read_job
from crackscope.batch.places import open_place
from crackscope.batch.shards import done_shards

_S3 = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, required=True, help="Folder of photos")
    parser.add_argument("--shard-photos", type=int, default=500)
    parser.add_argument("--s3", action="store_true", help="From and to a local server that speaks S3")
    parser.add_argument(
        "--answers", type=Path, help="What `crackscope predict` wrote for the photos earlier (.csv)"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, storage(options, Path(folder)) as (source, target):
        one, many = options.answers or Path(folder, "one.csv"), Path(folder, "many.csv")
        if options.answers is None:
            crackscope("predict", options.photos, "--output", one, "--quiet")
        rows = len(one.read_bytes().splitlines()) - 1
        print(f"predict: {rows:,} rows", flush=True)
        with two_nodes() as address:
            batch = ["batch", "predict", source, "--output", target, "--address", address, "--resume"]
            batch += ["--shard-photos", options.shard_photos, "--quiet"]
            kill_and_resume(batch, target)
        crackscope("batch", "merge", target, "--output", many)
        same = many.read_bytes().replace(source.encode(), str(options.photos).encode()) == one.read_bytes()
        print("byte for byte equal" if same else "NOT EQUAL", flush=True)
        return 0 if same else 1


@contextmanager
def storage(options: argparse.Namespace, folder: Path) -> Iterator[tuple[str, str]]:
    """Where the photos are and where the shards go."""
    if not options.s3:
        yield str(options.photos), str(folder / "shards")
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    os.environ |= {**_S3, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    command = [
        sys.executable,
        "-c",
        "from moto.server import main; main()",
        "-H",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), server)
        copy_to_bucket(options.photos)
        yield "s3://archive/photos", "s3://archive/shards"
    finally:
        server.kill()
        server.wait()


def copy_to_bucket(photos: Path) -> None:
    import fsspec

    began = time.perf_counter()
    bucket = fsspec.filesystem("s3", use_listings_cache=False)
    bucket.mkdir("archive")
    bucket.put(f"{photos}/", "archive/photos", recursive=True)
    print(f"copied to the bucket: {time.perf_counter() - began:.0f} s", flush=True)


@contextmanager
def two_nodes() -> Iterator[str]:
    from crackscope.batch.cluster import silenced

    with silenced():
        from ray.cluster_utils import Cluster

        cluster = Cluster()
        for _ in range(2):
            cluster.add_node(num_cpus=1, include_dashboard=False, object_store_memory=80 << 20)
    try:
        yield str(cluster.address)
    finally:
        with silenced():
            cluster.shutdown()


def kill_and_resume(batch: list[Any], target: str) -> None:
    """A worker at a quarter of the shards, the driver at a half; then the rest."""
    began = time.perf_counter()
    driver = subprocess.Popen(words(*batch))
    wait_until(lambda: 4 * done(target) >= total(target) > 0, driver)
    victim = next(each for each in workers())
    victim.send_signal(signal.SIGKILL)
    print(f"worker {victim.pid} killed -9 at {done(target)} of {total(target)} shards", flush=True)
    wait_until(lambda: 2 * done(target) >= total(target), driver)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = done(target)
    print(
        f"driver killed -9 at {before} of {total(target)} shards, {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    began = time.perf_counter()
    crackscope(*batch)
    print(f"resumed: {total(target) - before} shards in {time.perf_counter() - began:.0f} s", flush=True)


def done(target: str) -> int:
    return len(done_shards(open_place(target, patience_s=10)))


def total(target: str) -> int:
    """Shards in all; 0 before the plan is written."""
    place = open_place(target, patience_s=10)
    return 0 if place.read_if_there(JOB_NAME) is None else read_job(place).shards


def workers() -> list[psutil.Process]:
    title = "ray::MapWorker(MapBatches(ShardWorker"
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if " ".join(process.info["cmdline"] or []).startswith(title)
        and process.parents()
        and os.getpid() in {parent.pid for parent in process.parents()}
    ]


def crackscope(*arguments: object) -> None:
    subprocess.run(words(*arguments), check=True)


def words(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "crackscope", *map(str, arguments)]


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not reached():
        if process.poll() is not None:
            raise SystemExit(f"{process.args!r} ended too early, with {process.returncode}")
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
