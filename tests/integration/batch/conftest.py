"""A cluster of two nodes on this machine, started once: starting it is most of what these tests cost."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from crackscope.cli.app import app
from tests.helpers.bundles import write_tiny_bundle

#: Ray's processes kill themselves at a photo of this name: a decoder's fault, or memory that is not there.
POISON = "poison.png"

_KILLS_ITSELF = f"""
import os, pathlib
_open = pathlib.Path.open
def open(self, *args, **kwargs):
    if self.name == {POISON!r}:
        os.kill(os.getpid(), 9)
    return _open(self, *args, **kwargs)
pathlib.Path.open = open
"""


@dataclass(frozen=True)
class TwoNodes:
    """Two nodes of a processor each.

    Attributes:
        cluster: Of `ray.cluster_utils`.
        address: For other processes.
    """

    cluster: Any
    address: str


class S3Server:
    """A local server that speaks S3, and a file system of it; what it holds survives a stop.

    Attributes:
        filesystem: Of s3fs.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self.start()

    def start(self) -> None:
        from moto.server import ThreadedMotoServer

        self._server = ThreadedMotoServer(ip_address="127.0.0.1", port=self._port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()

    @property
    def filesystem(self) -> Any:
        import s3fs

        return s3fs.S3FileSystem(use_listings_cache=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def s3_environment() -> Iterator[dict[str, str]]:
    """What tools that speak S3 need to know; set before the cluster starts: workers inherit it."""
    endpoint = os.environ.get("CRACKSCOPE_TEST_S3", f"http://127.0.0.1:{free_port()}")
    names = {"AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
    names |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in names.items():
            patch.setenv(name, value)
        yield names


@pytest.fixture(scope="package")
def s3(s3_environment: dict[str, str]) -> Iterator[S3Server]:
    pytest.importorskip("moto.server", reason="moto, which stands in for S3, is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = S3Server(int(s3_environment["AWS_ENDPOINT_URL"].rpartition(":")[2]))
    yield server
    server.stop()


@pytest.fixture(scope="package")
def two_nodes(tmp_path_factory: pytest.TempPathFactory, s3_environment: dict[str, str]) -> Iterator[TwoNodes]:
    pytest.importorskip("ray", reason="Ray is not installed")
    from crackscope.batch.cluster import ray, silenced

    hooks = tmp_path_factory.mktemp("hooks")
    (hooks / "sitecustomize.py").write_text(_KILLS_ITSELF, encoding="utf-8")
    paths = [str(hooks), os.environ.get("PYTHONPATH", "")]
    if running := os.environ.get("CRACKSCOPE_TEST_RAY"):  # for who runs these tests again and again
        ray.init(address=running, log_to_driver=False, logging_level="ERROR")
        yield TwoNodes(None, running)
        ray.shutdown()
        return
    with pytest.MonkeyPatch.context() as patch, silenced():
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
        cluster = start_cluster(nodes=2)
        ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    yield TwoNodes(cluster, cluster.address)
    with silenced():
        ray.shutdown()
        cluster.shutdown()


def start_cluster(*, nodes: int, port: int = 0) -> Any:
    """Nodes with a processor each; Ray only counts them, so that any machine has enough.

    Args:
        nodes: How many there are.
        port: Of the head; 0 is any.
    """
    from ray.cluster_utils import Cluster

    cluster = Cluster()
    for number in range(nodes):
        try:
            head = {"gcs_server_port": port} if number == 0 else {}
            cluster.add_node(num_cpus=1, include_dashboard=False, object_store_memory=80 << 20, **head)
        except Exception as error:
            cluster.shutdown()
            pytest.skip(f"Ray's node {number} did not start within the 30 s that Ray gives it: {error}")
    return cluster


@pytest.fixture(scope="package")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("model") / "model").folder


def write_photos(folder: Path, count: int, photo_hw: tuple[int, int] = (48, 48)) -> Path:
    """Photos from black to white, so that their scores differ."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        grey = np.full((*photo_hw, 3), number * 255 // max(count - 1, 1), np.uint8)
        Image.fromarray(grey).save(folder / f"{number:04d}.png")
    return folder


def run(*words: object, exit_code: int = 0) -> Result:
    """The command line, in this process, which is connected to the cluster."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == exit_code, f"{result.output}\n{result.exception}"
    return result
