"""`crackscope serve --ray`: the page's scans run on a cluster, with the results of the server itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from crackscope.bundle import load_bundle
from crackscope.errors import SettingsError
from crackscope.serving.app import create_app
from crackscope.serving.settings import ServeSettings
from tests.helpers.servers import running_server
from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import wait_for_job
from tests.integration.batch.conftest import TwoNodes, free_port
from tests.integration.batch.doomed import DoomedCluster

pytestmark = pytest.mark.slow

PHOTOS = [
    ("wall.png", half_dark_photo()),
    *((f"{grey}.png", photo_bytes(grey, (300, 200))) for grey in (0, 60, 200)),
    ("damaged.png", half_dark_photo()[:-2000]),
]


@contextmanager
def served(model: Path, data_dir: Path, ray: str | None) -> Iterator[TestClient]:
    settings = ServeSettings(data_dir=data_dir, model=model, threads=1, ray=ray)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


def scan(client: TestClient) -> tuple[dict[str, Any], list[Any]]:
    answer = client.post("/v1/scan", files=form_files(*PHOTOS), data={"mm_per_px": "0.5"})
    job = wait_for_job(client, answer.json()["job"]["id"])
    photos = client.get("/v1/photos").json()["photos"]
    grids = [client.get(f"/v1/photos/{photo['id']}/grid").json() for photo in photos if photo["result"]]
    facts = ("name", "status", "error", "width_px", "height_px", "sha256")
    shown = [{name: photo[name] for name in facts} for photo in photos]
    results = [photo["result"] and {**photo["result"], "created_at": None} for photo in photos]
    return job, [shown, results, grids]


def test_a_scan_on_a_cluster_is_that_of_the_server(two_nodes: TwoNodes, model: Path, tmp_path: Path) -> None:
    with served(model, tmp_path / "here", None) as client:
        here_job, here = scan(client)
    with served(model, tmp_path / "there", two_nodes.address) as client:
        there_job, there = scan(client)
    assert there == here
    for name in ("status", "done", "total"):
        assert there_job[name] == here_job[name]
    assert there_job["done"] == len(PHOTOS)


def test_a_server_outlives_its_cluster_and_scans_on_the_next(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crackscope.batch.pool_process import PoolProcess

    psutil = pytest.importorskip(
        "psutil", reason="psutil, which finds the processes to kill, is not installed"
    )
    # Ray's own is a minute.
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "3")
    port = free_port()
    with (
        closing(DoomedCluster(port=port)) as cluster,
        running_server(model, tmp_path / "data", "--ray", cluster.address) as server,
    ):
        children = psutil.Process(server.process.pid).children()
        [driver] = [process for process in children if "spawn_main" in str(process.cmdline())]
        cluster.close()
        while driver.is_running() and driver.status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.05)
        with pytest.raises(SettingsError, match=f"no Ray cluster at {cluster.address}: Connection refused"):
            PoolProcess(load_bundle(model), cluster.address)
        with closing(DoomedCluster(port=port)):
            answer = server.client.post("/v1/scan", files=form_files(*PHOTOS[:2]))
            assert wait_for_job(server.client, answer.json()["job"]["id"])["status"] == "done"
        photos = server.client.get("/v1/photos").json()["photos"]
        assert [photo["error"] for photo in photos] == [None, None]
