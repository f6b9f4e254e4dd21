"""The server is killed in the middle of a scan, and nothing is lost."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.servers import running_server
from tests.helpers.uploads import form_files, photo_bytes
from tests.helpers.waiting import wait_for_job, wait_until

PHOTOS = 30


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_tiny_bundle(tmp_path / "model").folder


def _photos() -> list[tuple[str, bytes]]:
    return [(f"{grey}.png", photo_bytes(grey, (900, 700))) for grey in range(PHOTOS)]


@pytest.mark.slow
def test_after_kill_9_the_scan_goes_on_and_every_review_is_there(model: Path, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with running_server(model, data_dir) as server:
        server.client.post("/v1/projects", json={"name": "Bridge"})
        job = server.client.post("/v1/scan", files=form_files(*_photos()), data={"project_id": "1"}).json()[
            "job"
        ]
        wait_until(server.client, job["id"], lambda seen: seen["done"] >= 2)
        assert server.client.post("/v1/photos/1/reviews", json={"action": "reject"}).status_code == 201
        before = server.client.get("/v1/photos/1").json()
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(30)
    orphan = data_dir / "photos" / "00" / ("0" * 64)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"written, but its row was not")
    with running_server(model, data_dir) as server:
        seen = wait_for_job(server.client, job["id"])
        assert (seen["status"], seen["done"], seen["total"]) == ("done", PHOTOS, PHOTOS)
        photos = server.client.get("/v1/photos?project_id=1").json()["photos"]
        assert [photo["status"] for photo in photos] == ["done"] * PHOTOS
        assert photos[0] == before  # done before the kill, and not done again
        assert server.client.get("/v1/projects/1/reviews").json()[0]["action"] == "reject"
        assert server.client.get(f"/v1/photos/{PHOTOS}/image").status_code == 200
        assert not orphan.exists()


@pytest.mark.slow
def test_a_polite_stop_finishes_the_photo_in_work_and_exits_0(model: Path, tmp_path: Path) -> None:
    with running_server(model, tmp_path / "data") as server:
        job = server.client.post("/v1/scan", files=form_files(*_photos())).json()["job"]
        wait_until(server.client, job["id"], lambda seen: seen["done"] >= 1)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) in (0, -signal.SIGTERM)
    with running_server(model, tmp_path / "data") as server:
        assert wait_for_job(server.client, job["id"])["done"] == PHOTOS
