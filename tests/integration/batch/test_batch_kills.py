"""Workers, nodes and the driver are killed at random moments; a resumed batch has every row, once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

psutil = pytest.importorskip("psutil", reason="psutil, which finds the processes to kill, is not installed")
pytest.importorskip("ray", reason="Ray is not installed")

from tests.integration.batch.conftest import TwoNodes, run, write_photos
from tests.integration.batch.doomed import DoomedCluster

pytestmark = pytest.mark.slow

PHOTOS, SHARD = 240, 10


@contextmanager
def driver(address: str, photos: Path, model: Path, shards: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`crackscope batch predict --resume` in a process of its own."""
    command = ["batch", "predict", photos, "--model", model, "--output", shards, "--address", address]
    command += ["--shard-photos", SHARD, "--resume", "--quiet"]
    said = shards.with_name("said")
    with said.open("wb") as screen:
        process = subprocess.Popen(
            [sys.executable, "-m", "crackscope", *map(str, command)], stdout=screen, stderr=screen
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
    assert said.read_bytes() == b""  # --quiet is quiet, whoever dies


def wait_until(condition: Callable[[], object], process: subprocess.Popen[bytes]) -> None:
    """Wait, however busy the machine is; a process that ends before that was not caught in its work."""
    while not condition():
        assert process.poll() is None
        time.sleep(0.05)


def workers(address: str) -> list[Any]:
    """Processes of the cluster that make shards."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if (process.info["cmdline"] or [""])[0].startswith("ray::MapWorker(MapBatches(ShardWorker")
        and address in " ".join(process.parent().cmdline())
    ]


def done(shards: Path) -> int:
    return len(list((shards / "manifests").glob("*.json"))) if (shards / "manifests").exists() else 0


def same_as_one_machine(photos: Path, model: Path, shards: Path, folder: Path) -> None:
    run("batch", "merge", shards, "--output", folder / "many.csv")
    run("predict", photos, "--model", model, "--output", folder / "one.csv", "--quiet")
    assert (folder / "many.csv").read_bytes() == (folder / "one.csv").read_bytes()
    leftovers = [path for path in shards.rglob("*") if path.is_file() and path.name.startswith(".")]
    assert leftovers == [] or done(shards) == PHOTOS // SHARD


def test_worker_and_driver_killed_at_random_moments(two_nodes: TwoNodes, model: Path, tmp_path: Path) -> None:
    chance = random.Random(16)
    photos, shards = write_photos(tmp_path / "photos", PHOTOS, photo_hw=(400, 400)), tmp_path / "shards"
    with driver(two_nodes.address, photos, model, shards) as process:
        target = chance.randrange(1, 4)
        wait_until(lambda: done(shards) >= target and workers(two_nodes.address), process)
        time.sleep(chance.random() * 0.3)
        victim, *_ = workers(two_nodes.address)
        victim.send_signal(signal.SIGKILL)
        target = done(shards) + chance.randrange(1, 4)
        wait_until(lambda: done(shards) >= target, process)
        time.sleep(chance.random() * 0.3)
        process.send_signal(signal.SIGKILL)
    before = {path.name: path.stat().st_mtime_ns for path in (shards / "manifests").iterdir()}
    assert 0 < len(before) < PHOTOS // SHARD
    with driver(two_nodes.address, photos, model, shards) as process:
        assert process.wait() == 0
    after = {path.name: path.stat().st_mtime_ns for path in (shards / "manifests").iterdir()}
    assert {name: after[name] for name in before} == before  # nothing is done twice
    same_as_one_machine(photos, model, shards, tmp_path)


def test_a_node_that_dies_takes_nothing_with_it(model: Path, tmp_path: Path) -> None:
    photos, shards = write_photos(tmp_path / "photos", PHOTOS, photo_hw=(400, 400)), tmp_path / "shards"
    with (
        closing(DoomedCluster(nodes=2)) as cluster,
        driver(cluster.address, photos, model, shards) as process,
    ):
        wait_until(lambda: done(shards) >= 3, process)
        cluster.kill_a_node()
        assert process.wait() == 0
    same_as_one_machine(photos, model, shards, tmp_path)
