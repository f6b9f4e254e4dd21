"""Two projects compared by the server: the queue, the results, the report."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import select

from crackscope.inspection.changes_file import read_comparison
from crackscope.serving import comparisons
from crackscope.serving.app import create_app
from crackscope.serving.models import Job
from crackscope.serving.settings import ServeSettings
from tests.helpers.uploads import form_files, photo_bytes
from tests.helpers.waiting import wait_for_job
from tests.unit.revisiting.scenes import crack, view, wall


def encoded(pixels_hwc: NDArray[np.uint8]) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels_hwc).save(out, "PNG")
    return out.getvalue()


def add_visit(client: TestClient, date: str, *photos: tuple[str, bytes]) -> int:
    """A project of the bridge with these photos, all of one element, scanned."""
    fields = {"name": "Bridge", "inspected_on": date}
    number: int = client.post("/v1/projects", json=fields).json()["id"]
    form = {"project_id": str(number), "elements": ["pier 1"] * len(photos)}
    answer = client.post("/v1/scan", files=form_files(*photos), data=form)
    wait_for_job(client, answer.json()["job"]["id"])
    return number


def compare(client: TestClient, later: int, earlier: int) -> dict[str, Any]:
    answer = client.post(f"/v1/projects/{later}/comparison", json={"earlier": earlier})
    assert answer.status_code == 202, answer.text
    return wait_for_job(client, answer.json()["id"])


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def grown(data_dir: Path) -> Iterator[TestClient]:
    """Project 2 shows project 1 a year later: one crack is longer, one photo is damaged."""
    with TestClient(
        create_app(ServeSettings(data_dir=data_dir, threads=1)),
        base_url="http://127.0.0.1",
        raise_server_exceptions=False,
    ) as client:
        half, whole = crack(wall(1), (60, 180), (210, 180)), crack(wall(1), (60, 180), (420, 180))
        add_visit(client, "2025-05-01", ("2025/a.png", encoded(view(half)[0])), ("b.png", b"no photo"))
        later = encoded(view(whole, turn_deg=-3, light=0.95)[0])
        add_visit(client, "2026-05-01", ("2026/a.png", later), ("b.png", b"no photo"))
        job = compare(client, 2, 1)
        assert (job["status"], job["kind"], job["done"], job["total"]) == ("done", "comparison", 2, 2), job
        yield client


def test_the_longer_crack_is_the_one_grown_region(grown: TestClient) -> None:
    document = grown.get("/v1/projects/2/comparison").json()
    assert document["job"]["status"] == "done"
    result = document["result"]
    assert (result["earlier"], result["later"]) == ("Bridge (2025-05-01)", "Bridge (2026-05-01)")
    assert (result["compared"], result["not_compared"]) == (1, 1)
    assert result["counts"] == {"new": 0, "grown": 1, "same": 0, "gone": 0, "not comparable": 0}


def test_photos_are_paired_by_element_and_name_and_no_result_names_a_path(
    grown: TestClient, data_dir: Path
) -> None:
    (folder,) = (data_dir / comparisons.FOLDER).iterdir()
    pair, damaged = read_comparison(folder).photos[:2]
    assert (pair.earlier, pair.later, str(pair.paired_by)) == ("pier 1/a.png", "pier 1/a.png", "name")
    assert damaged.reason == "unreadable"
    for name in ("index.html", "changes.csv", "comparison.json"):
        answer = grown.get(f"/v1/projects/2/comparison/{name}")
        assert answer.status_code == 200
        assert "pier 1/a.png" in answer.text
        assert str(data_dir) not in answer.text
        assert "sandbox allow-scripts" in answer.headers["content-security-policy"]


def test_the_report_has_the_chapter(grown: TestClient) -> None:
    text = grown.get("/v1/projects/2/report.html").text
    assert "Bridge (2025-05-01)" in text
    assert "new: 0, grown: 1, the same: 0" in text
    assert "neu: 0, gewachsen: 1, unverändert: 0" in grown.get("/v1/projects/2/report.html?language=de").text
    assert "Bridge (2025-05-01)" not in grown.get("/v1/projects/1/report.html").text


def test_what_was_never_compared_has_no_result(grown: TestClient) -> None:
    assert grown.get("/v1/projects/1/comparison").json() == {"job": None, "result": None}
    assert grown.get("/v1/projects/1/comparison/index.html").status_code == 404
    assert grown.get("/v1/projects/2/comparison/photo.png").status_code == 422
    assert grown.get("/v1/projects/9/comparison").status_code == 404


def code(client: TestClient, later: int, earlier: int) -> tuple[int, str]:
    answer = client.post(f"/v1/projects/{later}/comparison", json={"earlier": earlier})
    return answer.status_code, answer.json()["error"]["code"]


def test_what_can_not_be_compared_is_refused(client: TestClient) -> None:
    add_visit(client, "2025-05-01", ("a.png", photo_bytes(200)))
    client.post("/v1/projects", json={"name": "empty"})
    assert code(client, 1, 1) == (422, "invalid_request")
    assert code(client, 1, 9) == (404, "not_found")
    assert code(client, 1, 2) == code(client, 2, 1) == (409, "no_photos")


def test_without_the_extra_it_is_named(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        add_visit(client, "2025-05-01", ("a.png", photo_bytes(200)))
    for name in [name for name in sys.modules if name.startswith("crackscope.revisiting.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cv2", None)
    answer = client.post("/v1/projects/2/comparison", json={"earlier": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "extra_missing")
    assert "crackscope[compare]" in answer.json()["error"]["message"]


def queued(client: TestClient, photos: int = 2) -> Job:
    """A comparison of two projects that the queue does not see."""
    for date in ("2025-05-01", "2026-05-01"):
        add_visit(client, date, *((f"{n}.png", photo_bytes(200 + n)) for n in range(photos)))
    server = client.app.state.server  # type: ignore[attr-defined]
    server.runner.close()
    job = client.post("/v1/projects/2/comparison", json={"earlier": 1}).json()
    with server.sessions() as session:
        found: Job = session.get(Job, job["id"])
    return found


def comparer(client: TestClient) -> comparisons.Comparer:
    found: comparisons.Comparer = client.app.state.server.runner._comparer  # type: ignore[attr-defined]
    return found


def state(client: TestClient, job: Job) -> tuple[str, int, int]:
    row = client.get(f"/v1/jobs/{job.id}").json()
    return row["status"], row["done"], row["settings"]["attempts"]


def test_one_at_a_time_and_a_cancelled_one_is_not_begun(
    client: TestClient,
) -> None:
    job = queued(client)
    assert code(client, 2, 1) == (409, "comparison_running")
    client.delete(f"/v1/jobs/{job.id}")
    comparer(client).work_on(job.id, lambda: False)
    assert state(client, job) == ("cancelled", 0, 0)


def test_a_stop_leaves_it_to_the_next_start(client: TestClient) -> None:
    job = queued(client)
    comparer(client).work_on(job.id, lambda: True)
    assert state(client, job) == ("running", 0, 0)
    comparer(client).work_on(job.id, lambda: False)
    assert state(client, job) == ("done", 2, 1)


def test_cancelled_after_the_first_photo_it_leaves_nothing(
    client: TestClient,
) -> None:
    job = queued(client)
    asked = iter([False, False])

    def cancelled_meanwhile() -> bool:
        if not next(asked):
            client.delete(f"/v1/jobs/{job.id}")
        return False

    comparer(client).work_on(job.id, cancelled_meanwhile)
    assert state(client, job)[0] == "cancelled"
    assert client.get("/v1/projects/2/comparison").json()["result"] is None


def test_one_that_takes_the_server_down_is_given_up(
    client: TestClient,
) -> None:
    job = queued(client)
    with client.app.state.server.sessions() as session:  # type: ignore[attr-defined]
        row = session.get(Job, job.id)
        row.status, row.settings = "running", {**row.settings, "attempts": comparisons.MOST_ATTEMPTS}
        session.commit()
    comparer(client).work_on(job.id, lambda: False)
    assert state(client, job)[0] == "failed"


@pytest.mark.parametrize("gone", [1, 2])
def test_a_deleted_project_takes_its_comparisons_along(client: TestClient, gone: int) -> None:
    job = queued(client)
    comparer(client).work_on(job.id, lambda: False)
    server = client.app.state.server  # type: ignore[attr-defined]
    assert (server.comparisons / str(job.id)).is_dir()
    client.delete(f"/v1/projects/{gone}")
    assert not (server.comparisons / str(job.id)).exists()
    with server.sessions() as session:
        assert session.scalars(select(Job).where(Job.kind == comparisons.KIND)).all() == []


def test_of_two_comparisons_the_last_one_counts_and_the_first_goes_with_the_next(
    client: TestClient,
) -> None:
    jobs = [queued(client, photos=1)]
    comparer(client).work_on(jobs[0].id, lambda: False)
    for _ in range(2):
        number = client.post("/v1/projects/2/comparison", json={"earlier": 1}).json()["id"]
        comparer(client).work_on(number, lambda: False)
    folder = client.app.state.server.comparisons  # type: ignore[attr-defined]
    assert str(jobs[0].id) not in {each.name for each in folder.iterdir()}
    assert client.get("/v1/projects/2/comparison").json()["job"]["id"] == number
