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
    found = _suggestions(project, 4)
    drawn = [one["box_ltrb"] for one in found if one["reason"] == "sample" and one["photo_id"] == 1]
    telling = [one for one in found if one["reason"] != "sample"]
    assert len(found) == 4
    assert len(telling) == 2
    # White tiles are all that is left where chance drew the unsure ones.
    unsure = [box for box in ([0, 0, 100, 100], [100, 0, 200, 100], [200, 0, 300, 100]) if box not in drawn]
    assert telling[0]["box_ltrb"] in unsure or not unsure
    for one in found:
        if one["photo_id"] == 1:
            tile = _patchwork([_GREYS[one["box_ltrb"][0] // 100]])
            alone = project.post("/v1/predict", files=form_files(("tile.png", tile))).json()
            assert one["score"] == alone[0]["score"]


def test_one_suggestion_is_the_most_telling_one(project: TestClient) -> None:
    [only] = _suggestions(project, 1)
    assert (only["photo_id"], only["reason"]) == (1, "uncertain")
    assert only["score"] == pytest.approx(0.5, abs=0.01)


def test_unsure_tiles_that_look_alike_are_not_both_suggested(project: TestClient) -> None:
    found = [one for one in _suggestions(project, 3) if one["reason"] != "sample"]
    boxes = [one["box_ltrb"] for one in found if one["photo_id"] == 1]
    assert not {(0, 0, 100, 100), (100, 0, 200, 100)} <= {tuple(box) for box in boxes}


def test_half_is_a_sample_by_chance_that_stays_when_photos_are_added(project: TestClient) -> None:
    def sample() -> list[dict[str, Any]]:
        return [one for one in _suggestions(project, 8) if one["reason"] == "sample"]

    before = sample()
    assert len(before) == 4
    copy = form_files(("again.png", _patchwork(_GREYS)))
    data = {"project_id": "1", "tile_px": "100", "overlap": "0"}
    job = project.post("/v1/scan", files=copy, data=data).json()["job"]
    wait_for_job(project, job["id"])
    # The same photo twice: its tiles are drawn alike.
    assert {one["box_ltrb"][0] for one in sample()} <= {one["box_ltrb"][0] for one in before}


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
    telling = [one for one in _suggestions(project, 4) if one["reason"] != "sample"]
    assert len(telling) == 2
    photos = [one["photo_id"] for one in _suggestions(project, 50) if one["reason"] != "sample"]
    assert photos.count(3) <= 4


def test_a_project_without_photos_has_no_suggestions_and_no_project_is_404(project: TestClient) -> None:
    project.post("/v1/projects", json={"name": "Empty"})
    assert project.get("/v1/projects/2/suggestions").json() == []
    assert project.get("/v1/projects/3/suggestions").status_code == 404
    assert project.get("/v1/projects/1/suggestions?n=0").status_code == 422
