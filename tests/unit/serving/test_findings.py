"""Findings: numbered for good, stated by people alone, kept once, changed and withdrawn, never lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import wait_for_job

LINE = {"kind": "polyline", "points_xy": [[400, 100], [430, 140], [430, 240]]}
CRACK = {"kind": "crack", "shape": LINE}


@pytest.fixture
def scanned(client: TestClient) -> TestClient:
    """A project with a cracked photo, 1, and a sound one, 2."""
    client.post("/v1/projects", json={"name": "Bridge", "condition_list": "aashto"})
    files = form_files(("half.png", half_dark_photo()), ("sound.png", photo_bytes(255)))
    job = client.post("/v1/scan", files=files, data={"project_id": "1", "threshold": "0.3", "tile_px": "120"})
    wait_for_job(client, job.json()["job"]["id"])
    return client


def _state(client: TestClient, photo: int = 1, **fields: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/photos/{photo}/findings", json={**CRACK, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _numbers(client: TestClient) -> list[int]:
    return [finding["number"] for finding in client.get("/v1/projects/1/findings").json()]


def test_nothing_is_filled_in_that_nobody_said(scanned: TestClient) -> None:
    made = _state(scanned)
    stated = made["statement"]
    assert (stated["width_mm"], stated["width_method"], stated["ratings"]) == (None, None, [])
    assert (stated["recommendation"], stated["note"]) == ("", "")
    assert (made["length_px"], made["length_mm"], made["mm_per_px"]) == (150, None, None)


def test_a_finding_is_stated_in_full_and_read_back(scanned: TestClient) -> None:
    said = {
        "width_mm": 0.3,
        "width_method": "crack ruler",
        "ratings": [{"scale": "", "code": "CS2"}],
        "recommendation": "seal within a year",
        "note": "wet at the lower end",
    }
    answer = scanned.post(
        "/v1/photos/1/findings", json={**CRACK, **said}, headers={"X-Crackscope-User": "Anna"}
    )
    (listed,) = scanned.get("/v1/projects/1/findings").json()
    assert listed == answer.json() == scanned.get("/v1/photos/1/findings").json()[0]
    assert {name: listed["statement"][name] for name in said} == said
    assert (listed["number"], listed["who"], listed["photo"]) == (1, "Anna", "half.png")
    assert scanned.get("/v1/photos/2/findings").json() == []


def test_a_number_is_never_used_again(scanned: TestClient) -> None:
    first, second = (
        _state(scanned),
        _state(scanned, photo=2, shape={"kind": "box", "points_xy": [[0, 0], [9, 9]]}),
    )
    assert (first["number"], second["number"]) == (1, 2)
    assert scanned.delete(f"/v1/findings/{second['id']}").json()["statement"] is None
    assert _numbers(scanned) == [1]
    assert _state(scanned)["number"] == 3
    scanned.delete("/v1/photos/1")
    assert _numbers(scanned) == []
    assert _state(scanned, photo=2, shape={"kind": "box", "points_xy": [[0, 0], [9, 9]]})["number"] == 4


def test_a_withdrawn_finding_is_there_again_when_it_is_stated_again(scanned: TestClient) -> None:
    made = _state(scanned)
    scanned.delete(f"/v1/findings/{made['id']}")
    again = scanned.put(f"/v1/findings/{made['id']}", json={**CRACK, "kind": "joint"}).json()
    assert (again["number"], again["statement"]["kind"]) == (1, "joint")
    history = scanned.get(f"/v1/findings/{made['id']}/history").json()
    assert [act["statement"] and act["statement"]["kind"] for act in history] == ["crack", None, "joint"]


def test_a_finding_that_someone_else_changed_is_not_overwritten_unseen(scanned: TestClient) -> None:
    made = _state(scanned)
    mine = {**CRACK, "note": "mine", "seen_act": made["act_id"]}
    yours = {**CRACK, "note": "yours", "seen_act": made["act_id"]}
    address = f"/v1/findings/{made['id']}"
    assert scanned.put(address, json=yours, headers={"X-Crackscope-User": "Ben"}).status_code == 200
    late = scanned.put(address, json=mine)
    assert (late.status_code, late.json()["error"]["code"]) == (409, "finding_changed")
    assert "Ben changed finding 1" in late.json()["error"]["message"]
    assert scanned.delete(f"{address}?seen_act={made['act_id']}").status_code == 409
    assert scanned.get("/v1/projects/1/findings").json()[0]["statement"]["note"] == "yours"


def test_what_is_sent_again_with_its_key_is_kept_once(scanned: TestClient) -> None:
    key = {"Idempotency-Key": "a-key-of-the-client"}
    first = scanned.post("/v1/photos/1/findings", json=CRACK, headers=key).json()
    assert scanned.post("/v1/photos/1/findings", json=CRACK, headers=key).json() == first
    assert (
        scanned.post("/v1/photos/2/findings", json=CRACK, headers=key).json()["error"]["code"] == "key_used"
    )
    change = {"Idempotency-Key": "a-key-of-a-change"}
    address = f"/v1/findings/{first['id']}"
    changed = {**CRACK, "note": "x", "seen_act": first["act_id"]}
    for _ in range(2):
        assert scanned.put(address, json=changed, headers=change).status_code == 200
    assert len(scanned.get(f"{address}/history").json()) == 2
    assert _numbers(scanned) == [1]


def test_findings_stated_at_once_get_numbers_of_their_own(scanned: TestClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(lambda _: _state(scanned)["number"], range(8)))
    assert sorted(numbers) == list(range(1, 9))


@pytest.mark.parametrize(
    "fields",
    [
        {"width_mm": 0.3},
        {"width_method": "loupe"},
        {"width_mm": 0, "width_method": "loupe"},
        {"width_mm": 0.3, "width_method": "guessed by the model"},
        {"kind": "scratch"},
        {"shape": {"kind": "polygon", "points_xy": [[0, 0], [9, 9]]}},
        {"shape": {"kind": "box", "points_xy": [[0, 0], [9000, 9]]}},
        {"ratings": [{"scale": "", "code": "CS5"}]},
        {"ratings": [{"scale": "S", "code": "CS1"}]},
        {"ratings": [{"scale": "", "code": "CS1"}, {"scale": "", "code": "CS2"}]},
        {"number": 7},
    ],
)
def test_what_makes_no_sense_is_refused(scanned: TestClient, fields: dict[str, Any]) -> None:
    answer = scanned.post("/v1/photos/1/findings", json={**CRACK, **fields})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert _numbers(scanned) == []
    assert _state(scanned)["number"] == 1


def test_a_crack_stated_in_a_sound_photo_asks_what_the_photo_is_now(scanned: TestClient) -> None:
    def question() -> str | None:
        asked: str | None = scanned.get("/v1/photos/2").json()["question"]
        assert scanned.get("/v1/photos/counts?project_id=1&review=needed").json()["total"] == int(bool(asked))
        return asked

    box = {"kind": "box", "points_xy": [[0, 0], [9, 9]]}
    _state(scanned, photo=2, shape=box, kind="spalling")
    assert question() is None
    crack = _state(scanned, photo=2, shape=box)
    assert question() == "crack stated"
    scanned.delete(f"/v1/findings/{crack['id']}")
    assert question() is None
    scanned.put(f"/v1/findings/{crack['id']}", json={**CRACK, "shape": box})
    assert question() == "crack stated"
    scanned.post("/v1/photos/2/reviews", json={"action": "relabel", "new_label": "Positive"})
    assert question() is None
    assert scanned.get("/v1/photos/2").json()["label"] == "Positive"


def test_photos_outside_projects_have_no_findings(client: TestClient) -> None:
    job = client.post("/v1/scan", files=form_files(("half.png", half_dark_photo())))
    wait_for_job(client, job.json()["job"]["id"])
    assert client.post("/v1/photos/1/findings", json=CRACK).json()["error"]["code"] == "no_project"


def test_a_project_chooses_its_condition_list(scanned: TestClient) -> None:
    own = {"condition_list": "own", "own_conditions": "A: fine\nB: repair"}
    assert scanned.patch("/v1/projects/1", json=own).json()["condition_list"] == "own"
    (scale,) = scanned.get("/v1/projects/1/conditions").json()["scales"]
    assert [each["code"] for each in scale["classes"]] == ["A", "B"]
    assert _state(scanned, ratings=[{"scale": "", "code": "B"}])["statement"]["ratings"][0]["code"] == "B"
    bad = scanned.patch("/v1/projects/1", json={"own_conditions": "A: x\nA: y"})
    assert (bad.status_code, bad.json()["error"]["code"]) == (422, "invalid_request")
    assert scanned.patch("/v1/projects/1", json={"condition_list": ""}).status_code == 200
    assert scanned.get("/v1/projects/1/conditions").json() is None
    assert set(scanned.get("/v1/condition-lists").json()) == {"ri-ebw-pruef", "aashto"}
