from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.helpers.uploads import form_files, photo_bytes
from tests.helpers.waiting import wait_for_job


def _patchwork(tones: list[tuple[int, int, int]], side_px: int = 100) -> bytes:
    """Plain squares side by side, each a tile of its own; the tiny bundle's score is its darkness."""
    pixels = np.concatenate([np.full((side_px, side_px, 3), tone, np.uint8) for tone in tones], axis=1)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


#: A photo of tiles of which three are near the threshold: two alike and grey, one reddish.
_GREYS = [(128, 128, 128), (129, 129, 129), (250, 64, 64), (255, 255, 255)]


@pytest.fixture
def project(client: TestClient) -> TestClient:
    client.post("/v1/projects", json={"name": "Bridge"})
    photos = [("unsure.png", _patchwork(_GREYS)), ("white.png", photo_bytes(255, (400, 100)))]
    data = {"project_id": "1", "tile_px": "100", "overlap": "0"}
    answer = client.post("/v1/scan", files=form_files(*photos), data=data)
    assert wait_for_job(client, answer.json()["job"]["id"])["status"] == "done"
    return client


def _suggestions(client: TestClient, n: int = 2) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/projects/1/suggestions?n={n}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found


def test_unsure_tiles_that_differ_are_suggested_with_the_model_s_score(project: TestClient) -> None:
    first, second = _suggestions(project)
    assert first["photo_id"] == second["photo_id"] == 1
    assert first["score"] == pytest.approx(0.5, abs=0.01)
    assert (first["reason"], second["reason"]) == ("uncertain", "different")
    assert second["box_ltrb"] == [200, 0, 300, 100]  # not the other grey one
    tile = _patchwork(_GREYS[2:3])
    alone = project.post("/v1/predict", files=form_files(("tile.png", tile))).json()
    assert second["score"] == alone[0]["score"]


def test_the_same_is_suggested_until_something_is_reviewed(project: TestClient) -> None:
    first = _suggestions(project)
    assert _suggestions(project) == first
    review = {"action": "confirm", "box_ltrb": first[0]["box_ltrb"]}
    assert project.post("/v1/photos/1/reviews", json=review).status_code == 201
    later = _suggestions(project, 50)
    assert first[0]["box_ltrb"] not in [one["box_ltrb"] for one in later if one["photo_id"] == 1]
    assert project.post("/v1/photos/1/reviews", json={"action": "confirm"}).status_code == 201
    assert {one["photo_id"] for one in _suggestions(project, 50)} == {2}
    assert project.post("/v1/photos/2/reviews", json={"action": "confirm"}).status_code == 201
    assert _suggestions(project) == []
    project.post("/v1/reviews/undo", json={"project_id": 1})
    assert _suggestions(project) != []


def test_a_photo_lends_only_a_few_tiles(project: TestClient) -> None:
    many = _patchwork([(128, 128, 128)] * 12)
    data = {"project_id": "1", "tile_px": "100", "overlap": "0"}
    job = project.post("/v1/scan", files=form_files(("many.png", many)), data=data).json()["job"]
    wait_for_job(project, job["id"])
    photos = [one["photo_id"] for one in _suggestions(project, 50)]
    assert photos.count(3) == 4


def test_a_project_without_photos_has_no_suggestions_and_no_project_is_404(project: TestClient) -> None:
    project.post("/v1/projects", json={"name": "Empty"})
    assert project.get("/v1/projects/2/suggestions").json() == []
    assert project.get("/v1/projects/3/suggestions").status_code == 404
    assert project.get("/v1/projects/1/suggestions?n=0").status_code == 422
