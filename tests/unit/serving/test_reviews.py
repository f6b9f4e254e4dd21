from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import wait_for_job


@pytest.fixture
def scanned(client: TestClient) -> TestClient:
    """A project with a cracked photo, 1, and a sound one, 2."""
    client.post("/v1/projects", json={"name": "Bridge"})
    files = form_files(("half.png", half_dark_photo()), ("sound.png", photo_bytes(255)))
    job = client.post("/v1/scan", files=files, data={"project_id": "1", "threshold": "0.3", "tile_px": "120"})
    wait_for_job(client, job.json()["job"]["id"])
    return client


def _named(who: str) -> dict[bytes, bytes]:
    return {b"X-Crackscope-User": who.encode()}


def _review(client: TestClient, photo: int, who: str = "Anna", **fields: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/photos/{photo}/reviews", json=fields, headers=_named(who))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _undo(client: TestClient, who: str = "Anna") -> Any:
    return client.post("/v1/reviews/undo", json={"project_id": 1}, headers=_named(who))


def _label(client: TestClient, photo: int) -> tuple[str, bool]:
    document = client.get(f"/v1/photos/{photo}").json()
    return document["label"], document["reviewed"]


def test_confirm_keeps_reject_turns_and_relabel_sets_the_label(scanned: TestClient) -> None:
    assert _label(scanned, 1) == ("Positive", False)
    _review(scanned, 1, action="confirm")
    assert _label(scanned, 1) == ("Positive", True)
    _review(scanned, 1, action="reject")
    assert _label(scanned, 1) == ("Negative", True)
    _review(scanned, 1, action="relabel", new_label="Positive")
    assert _label(scanned, 1) == ("Positive", True)
    _review(scanned, 1, action="note", note="hairline at the bearing")
    assert _label(scanned, 1) == ("Positive", True)


def test_the_trail_says_who_when_what_before_and_by_which_model(scanned: TestClient) -> None:
    _review(scanned, 1, who="Anna", action="reject", note="a shadow")
    _review(scanned, 2, who="Jörg", action="confirm")
    trail = scanned.get("/v1/projects/1/reviews").json()
    assert [(row["photo_id"], row["who"], row["old_label"], row["new_label"]) for row in trail] == [
        (1, "Anna", "Positive", "Negative"),
        (2, "Jörg", "Negative", "Negative"),
    ]
    assert trail[0]["note"] == "a shadow"
    assert trail[0]["model_sha256"] == scanned.get("/v1/model").json()["sha256"]
    assert trail[0]["created_at"].endswith("Z")
    assert scanned.get("/v1/photos/1/reviews").json() == trail[:1]


def test_undo_takes_back_one_s_own_last_act_and_stays_in_the_trail(scanned: TestClient) -> None:
    first = _review(scanned, 1, action="reject")
    second = _review(scanned, 1, action="confirm")
    _review(scanned, 2, who="Ben", action="reject")
    assert _undo(scanned).json()["undoes_id"] == second["id"]
    assert _label(scanned, 1) == ("Negative", True)
    assert _undo(scanned).json()["undoes_id"] == first["id"]
    assert _label(scanned, 1) == ("Positive", False)
    assert _undo(scanned).status_code == 409
    assert _label(scanned, 2) == ("Positive", True)
    trail = scanned.get("/v1/projects/1/reviews").json()
    assert [row["action"] for row in trail] == ["reject", "confirm", "reject", "undo", "undo"]
    assert [row["undone"] for row in trail] == [True, True, False, False, False]


def test_a_box_has_a_label_of_its_own(scanned: TestClient) -> None:
    dark, light = [400, 100, 500, 200], [0, 0, 64, 64]
    assert _review(scanned, 1, action="confirm", box_ltrb=dark)["new_label"] == "Positive"
    assert _review(scanned, 1, action="confirm", box_ltrb=light)["new_label"] == "Negative"
    turned = _review(scanned, 1, action="reject", box_ltrb=dark)
    assert (turned["old_label"], turned["new_label"]) == ("Positive", "Negative")
    assert _label(scanned, 1) == ("Positive", False)


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "relabel"},
        {"action": "confirm", "new_label": "Positive"},
        {"action": "note"},
        {"action": "undo"},
        {"action": "relabel", "new_label": "cracked"},
        {"action": "confirm", "box_ltrb": [0, 0, 10_000, 5]},
        {"action": "confirm", "box_ltrb": [5, 5, 5, 5]},
        {"action": "note", "note": "\ud800"},
        {"action": "note", "note": "a\u0000b"},
        {"action": "confirm", "who": "someone else"},
    ],
)
def test_acts_that_make_no_sense_are_refused(scanned: TestClient, fields: dict[str, Any]) -> None:
    body = json.dumps(fields)  # ASCII, so that half a character gets through
    headers = {"Content-Type": "application/json"}
    answer = scanned.post("/v1/photos/1/reviews", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert scanned.get("/v1/photos/1/reviews").json() == []
