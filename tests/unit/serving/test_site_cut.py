"""A project whose photos are one site: the cut that `predict --site` finds in them."""

from __future__ import annotations

from pathlib import Path

from fastapi.testclient import TestClient

from crackscope import CrackClassifier
from tests.helpers.uploads import form_files, photo_bytes
from tests.helpers.waiting import wait_for_job


def test_a_project_has_the_cut_of_its_photos(client: TestClient, model: Path) -> None:
    client.post("/v1/projects", json={"name": "Bridge"})
    nothing = client.get("/v1/projects/1/site-cut").json()
    assert (nothing["photos"], nothing["threshold"]) == (0, 0.5)

    greys = [*range(200, 230), *range(5, 35), 123, 124]
    photos = [(f"{grey}.png", photo_bytes(grey)) for grey in greys]
    job = client.post("/v1/scan", files=form_files(*photos), data={"project_id": "1"}).json()["job"]
    wait_for_job(client, job["id"])

    expected = CrackClassifier.load(model).predict_site([data for _, data in photos]).cut
    assert expected.moved
    assert client.get("/v1/projects/1/site-cut").json() == expected.as_row()


def test_a_project_that_is_not_there_has_no_cut(client: TestClient) -> None:
    assert client.get("/v1/projects/9/site-cut").status_code == 404
