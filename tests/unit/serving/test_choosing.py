"""Which photos the gallery shows, what it counts, and scanning a project again."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import wait_for_job


@pytest.fixture
def scanned(client: TestClient) -> TestClient:
    """A project: 1 black, 2 half dark, 3 white, 4 no photo; the tiny model's threshold is 0.5."""
    client.post("/v1/projects", json={"name": "Bridge"})
    files = form_files(
        ("black.png", photo_bytes(0)),
        ("half_100%.png", half_dark_photo((120, 90))),
        ("white.png", photo_bytes(255)),
        ("notes.txt", b"no photo"),
    )
    job = client.post("/v1/scan", files=files, data={"project_id": "1"}).json()["job"]
    wait_for_job(client, job["id"])
    return client


def _ids(client: TestClient, **choice: Any) -> list[int]:
    ids: list[int] = client.get("/v1/photos/ids", params={"project_id": 1, **choice}).json()
    listed = client.get("/v1/photos", params={"project_id": 1, **choice}).json()
    assert [photo["id"] for photo in listed["photos"]] == ids
    assert listed["total"] == len(ids)
    return ids


def _counts(client: TestClient, **choice: Any) -> dict[str, Any]:
    counts: dict[str, Any] = client.get("/v1/photos/counts", params={"project_id": 1, **choice}).json()
    return counts


def test_photos_are_chosen_by_label_state_and_a_part_of_the_name(scanned: TestClient) -> None:
    assert _ids(scanned, label="Positive") == [1, 2]
    assert _ids(scanned, label="Negative") == [3]
    assert _ids(scanned, state="failed") == [4]
    assert _ids(scanned, name="BLACK") == [1]
    assert _ids(scanned, name="100%") == [2]  # a percent sign is a percent sign
    assert _ids(scanned, name="_") == [2]


def test_the_label_that_counts_is_the_reviewers(scanned: TestClient) -> None:
    scanned.post("/v1/photos/1/reviews", json={"action": "reject"})
    assert _ids(scanned, label="Negative") == [1, 3]
    assert _ids(scanned, sort="label")[0] == 2
    scanned.post("/v1/reviews/undo", json={"project_id": 1})
    assert _ids(scanned, label="Positive") == [1, 2]


def test_a_threshold_changes_only_labels_nobody_decided(scanned: TestClient) -> None:
    assert _ids(scanned, threshold=0.999, changes=True) == [1, 2]
    scanned.post("/v1/photos/2/reviews", json={"action": "confirm"})
    assert _ids(scanned, threshold=0.999, changes=True) == [1]
    assert _counts(scanned, threshold=0.999)["would_change"] == 1
    assert _counts(scanned)["would_change"] == 0


def test_counts_tell_states_and_their_version_changes_with_every_act(scanned: TestClient) -> None:
    before = _counts(scanned)
    version = before.pop("version")
    assert before == {
        "total": 4,
        "waiting": 0,
        "failed": 1,
        "positive": 2,
        "negative": 1,
        "needed": 0,
        "reviewed": 0,
        "would_change": 0,
        "open_jobs": [],
    }
    assert _counts(scanned)["version"] == version
    scanned.post("/v1/photos/1/reviews", json={"action": "note", "note": "wet"})
    noted = _counts(scanned)["version"]
    scanned.delete("/v1/photos/3")
    assert len({version, noted, _counts(scanned)["version"]}) == 3


def test_an_act_on_a_label_that_changed_meanwhile_is_refused(scanned: TestClient) -> None:
    act = {"action": "reject", "seen_label": "Positive"}
    assert scanned.post("/v1/photos/1/reviews", json=act).status_code == 201
    late = scanned.post("/v1/photos/1/reviews", json=act)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "label_changed")
    assert len(scanned.get("/v1/photos/1/reviews").json()) == 1


def test_a_project_is_scanned_again_with_another_threshold_and_keeps_its_reviews(scanned: TestClient) -> None:
    scanned.post("/v1/photos/1/reviews", json={"action": "confirm"})
    job = scanned.post("/v1/projects/1/scan", json={"threshold": 0.999, "mm_per_px": 0.5}).json()
    assert wait_for_job(scanned, job["id"])["done"] == 4
    photo = scanned.get("/v1/photos/2").json()
    assert (photo["label"], photo["result"]["threshold"]) == ("Negative", 0.999)
    assert photo["result"]["settings"]["mm_per_px"] == 0.5
    decided = scanned.get("/v1/photos/1").json()
    assert (decided["label"], decided["result"]["label"]) == ("Positive", "Negative")
    assert scanned.get("/v1/photos/4").json()["status"] == "failed"


def test_an_empty_project_is_not_scanned_again(client: TestClient) -> None:
    client.post("/v1/projects", json={"name": "Empty"})
    answer = client.post("/v1/projects/1/scan", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no_photos")


def test_who_asks_is_the_typed_name(client: TestClient) -> None:
    assert client.get("/v1/me").json() == {"name": "local", "by_token": False}
    named = client.get("/v1/me", headers={b"X-Crackscope-User": "Jörg".encode()})
    assert named.json()["name"] == "Jörg"
