"""A server waits for a cluster that is gone, and says so where it does not come back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from crackscope.batch import pool_process
from crackscope.batch.pool_process import PoolProcess
from crackscope.bundle import Bundle
from crackscope.errors import BatchStoppedError, PhotoError, SettingsError
from crackscope.scanning.records import ScanSettings
from tests.helpers.bundles import write_tiny_bundle


class Cluster:
    """What stands in for the process that is connected to one.

    Attributes:
        answers: What the next tries to scan come to: a report, or an error that is raised.
        away: How many tries to connect fail from now on.
        connections: How many were made.
    """

    def __init__(self) -> None:
        self.answers: list[object] = []
        self.away = self.connections = 0

    def driver(self, bundle: Bundle, address: str) -> Cluster:
        if self.away:
            self.away -= 1
            raise SettingsError(f"no Ray cluster at {address}")
        self.connections += 1
        return self

    @property
    def pool(self) -> Cluster:
        return self

    workers = 3

    def scan(self, path: Path, settings: ScanSettings) -> object:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def end(self) -> None: ...


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    cluster = Cluster()
    monkeypatch.setattr(pool_process, "_Driver", cluster.driver)
    monkeypatch.setattr(pool_process, "_PAUSE_S", 0)
    return cluster


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return write_tiny_bundle(tmp_path / "model")


@pytest.fixture
def scan(cluster: Cluster, bundle: Bundle) -> Callable[[], object]:
    pool = PoolProcess(bundle, "head:6379", patience_s=60)
    return lambda: pool.scan(Path("wall.jpg"), ScanSettings())


@pytest.mark.parametrize(
    "end", [EOFError(), ConnectionResetError(), BatchStoppedError("the cluster is gone")]
)
def test_a_photo_whose_cluster_goes_is_scanned_on_the_next(
    cluster: Cluster, scan: Callable[[], object], end: Exception
) -> None:
    cluster.answers, cluster.away = [end, "report"], 4
    assert scan() == "report"
    assert (cluster.away, cluster.connections) == (0, 2)


def test_a_cluster_that_does_not_come_back_is_asked_once_for_each_photo(
    cluster: Cluster, bundle: Bundle
) -> None:
    pool = PoolProcess(bundle, "head:6379", patience_s=0)
    cluster.answers, cluster.away = [EOFError(), "report"], 2
    for _ in range(2):
        with pytest.raises(BatchStoppedError, match="no Ray cluster at head:6379; it is gone since"):
            pool.scan(Path("wall.jpg"), ScanSettings())
    assert pool.scan(Path("wall.jpg"), ScanSettings()) == "report"


def test_a_photo_that_ends_every_connection_is_given_up(cluster: Cluster, scan: Callable[[], object]) -> None:
    cluster.answers = [EOFError() for _ in range(9)]
    with pytest.raises(BatchStoppedError, match="was gone each time"):
        scan()
    assert cluster.connections <= 4


def test_a_bad_photo_is_no_matter_of_the_cluster(cluster: Cluster, scan: Callable[[], object]) -> None:
    cluster.answers = [PhotoError("not an image")]
    with pytest.raises(PhotoError, match="not an image"):
        scan()
    assert cluster.connections == 1
