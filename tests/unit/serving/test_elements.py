"""Elements of a structure, and scales that are measured in a photo."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import wait_for_job


def _upload(client: TestClient, photos: dict[str, str], **data: str) -> Any:
    """Photos by name, each with its element."""
    files = form_files(*((name, half_dark_photo((320, 240))) for name in photos))
    form = {"project_id": "1", "threshold": "0.3", "tile_px": "60", "elements": list(photos.values()), **data}
    return client.post("/v1/scan", files=files, data=form)


@pytest.fixture
def scanned(client: TestClient) -> TestClient:
    """Three photos of two elements, and one of none."""
    client.post("/v1/projects", json={"name": "Bridge"})
    photos = {"pier 2/a.png": "pier 2", "deck/b.png": "Deck", "deck/c.png": "Deck", "d.png": ""}
    wait_for_job(client, _upload(client, photos).json()["job"]["id"])
    return client


def _elements(client: TestClient) -> list[dict[str, Any]]:
    elements: list[dict[str, Any]] = client.get("/v1/projects/1/elements").json()
    return elements


def _scales(client: TestClient) -> list[float | None]:
    photos = client.get("/v1/photos?project_id=1").json()["photos"]
    return [photo["scale"]["mm_per_px"] for photo in photos]


def test_an_upload_names_the_element_of_each_photo(scanned: TestClient) -> None:
    found = [
        (each["name"], each["photos"], each["positive"], each["reviewed"]) for each in _elements(scanned)
    ]
    assert found == [("Deck", 2, 2, 0), ("pier 2", 1, 1, 0), ("", 1, 1, 0)]
    deck = _elements(scanned)[0]["id"]
    names = [p["name"] for p in scanned.get(f"/v1/photos?project_id=1&element={deck}").json()["photos"]]
    assert names == ["deck/b.png", "deck/c.png"]
    assert scanned.get("/v1/photos/counts?project_id=1&element=0").json()["total"] == 1


def test_an_element_s_counts_tell_how_far_its_review_is(scanned: TestClient) -> None:
    scanned.post("/v1/photos/2/reviews", json={"action": "reject"})
    box = {"kind": "box", "points_xy": [[200, 10], [240, 50]]}
    kept = scanned.post("/v1/photos/3/findings", json={"kind": "spalling", "shape": box}).json()
    gone = scanned.post("/v1/photos/3/findings", json={"kind": "spalling", "shape": box}).json()
    scanned.delete(f"/v1/findings/{gone['id']}")
    deck = _elements(scanned)[0]
    assert (deck["reviewed"], deck["negative"], deck["findings"]) == (1, 1, 1)
    assert kept["element"] == "Deck"


def test_elements_are_named_anew_joined_and_deleted_and_photos_stay(scanned: TestClient) -> None:
    deck, pier, _ = _elements(scanned)
    assert scanned.patch(f"/v1/elements/{pier['id']}", json={"name": "Pier 2"}).json()["name"] == "Pier 2"
    joined = scanned.patch(f"/v1/elements/{pier['id']}", json={"name": "Deck"}).json()
    assert (joined["id"], joined["photos"]) == (deck["id"], 3)
    assert [each["name"] for each in _elements(scanned)] == ["Deck", ""]
    scanned.delete(f"/v1/elements/{deck['id']}")
    assert [(each["id"], each["photos"]) for each in _elements(scanned)] == [(0, 4)]
    new = scanned.post("/v1/projects/1/elements", json={"name": "Bearing"}).json()
    assert scanned.post("/v1/projects/1/elements", json={"name": "Bearing"}).json()["id"] == new["id"]
    put = {"element_id": new["id"], "photo_ids": [1, 4]}
    assert scanned.put("/v1/projects/1/photos/element", json=put).status_code == 204
    assert [(each["name"], each["photos"]) for each in _elements(scanned)] == [("Bearing", 2), ("", 2)]
    back = {"element_id": None, "photo_ids": [1]}
    scanned.put("/v1/projects/1/photos/element", json=back)
    assert scanned.get("/v1/photos/1").json()["element_id"] is None


def test_photos_and_elements_of_other_projects_stay_apart(scanned: TestClient) -> None:
    scanned.post("/v1/projects", json={"name": "Other"})
    other = scanned.post("/v1/projects/2/elements", json={"name": "Deck"}).json()
    put = {"element_id": other["id"], "photo_ids": [1]}
    assert scanned.put("/v1/projects/1/photos/element", json=put).json()["error"]["code"] == "other_project"
    assert scanned.put("/v1/projects/2/photos/element", json=put).status_code == 404


def test_elements_that_fit_no_files_are_refused(scanned: TestClient) -> None:
    files = form_files(("e.png", photo_bytes(10)))
    for elements in (["a", "b"], ["x" * 201], ["a\x00b"]):
        answer = scanned.post("/v1/scan", files=files, data={"project_id": "1", "elements": elements})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")


def test_copies_that_are_skipped_leave_the_others_their_elements(scanned: TestClient) -> None:
    files = form_files(("a.png", half_dark_photo((320, 240))), ("new.png", photo_bytes(10)))
    form = {"project_id": "1", "skip_copies": "true", "elements": ["Wrong", "Right"]}
    answer = scanned.post("/v1/scan", files=files, data=form).json()
    assert [each["name"] for each in answer["photos"]] == ["new.png"]
    assert [each["name"] for each in _elements(scanned)] == ["Deck", "pier 2", "Right", ""]


MEASURED = {"points_xy": [[10, 20], [50, 50]], "length_mm": 25}


def test_two_points_give_the_photo_s_scale_at_once_and_nothing_had_millimetres_before(
    scanned: TestClient,
) -> None:
    before = scanned.get("/v1/photos/1").json()
    assert before["scale"] == {"mm_per_px": None, "source": "uncalibrated", "measured": None}
    assert all(region["width_mm"] is None for region in before["result"]["regions"])
    answer = scanned.put("/v1/photos/1/scale", json=MEASURED, headers={"X-Crackscope-User": "Anna"}).json()
    assert (answer["mm_per_px"], answer["source"]) == (0.5, "measured in the photo")
    assert answer["measured"] == {**MEASURED, "who": "Anna", "photo_id": None}
    after = scanned.get("/v1/photos/1").json()
    for old, new in zip(before["result"]["regions"], after["result"]["regions"], strict=True):
        left, _, right, _ = old["box_ltrb_px"]
        assert new["width_mm"] == (right - left) / 2
    assert _scales(scanned) == [0.5, None, None, None]


def test_a_length_is_measured_after_the_scale(scanned: TestClient) -> None:
    line = {"kind": "polyline", "points_xy": [[10, 10], [10, 110]]}
    scanned.post("/v1/photos/1/findings", json={"kind": "crack", "shape": line})
    assert scanned.get("/v1/projects/1/findings").json()[0]["length_mm"] is None
    scanned.put("/v1/photos/1/scale", json=MEASURED)
    assert scanned.get("/v1/projects/1/findings").json()[0]["length_mm"] == 50


def test_an_element_s_scale_is_that_of_its_photos_also_of_those_added_later(scanned: TestClient) -> None:
    scanned.put("/v1/photos/2/scale", json={**MEASURED, "of": "element"})
    assert _scales(scanned) == [None, 0.5, 0.5, None]
    assert scanned.get("/v1/photos/3").json()["scale"]["measured"]["photo_id"] == 2
    wait_for_job(scanned, _upload(scanned, {"deck/e.png": "Deck"}).json()["job"]["id"])
    own = _upload(scanned, {"deck/f.png": "Deck"}, mm_per_px="0.2").json()
    wait_for_job(scanned, own["job"]["id"])
    assert _scales(scanned)[4:] == [0.5, 0.2]
    no_element = scanned.put("/v1/photos/4/scale", json={**MEASURED, "of": "element"})
    assert no_element.json()["error"]["code"] == "no_element"
    assert _scales(scanned)[3] is None


def test_another_scan_knows_the_scale_and_a_typed_one_takes_its_place(scanned: TestClient) -> None:
    scanned.put("/v1/photos/1/scale", json=MEASURED)
    wait_for_job(scanned, scanned.post("/v1/projects/1/scan", json={"threshold": 0.4}).json()["id"])
    photo = scanned.get("/v1/photos/1").json()
    assert (photo["scale"]["mm_per_px"], photo["result"]["settings"]["mm_per_px"]) == (0.5, 0.5)
    wait_for_job(scanned, scanned.post("/v1/projects/1/scan", json={"mm_per_px": 0.7}).json()["id"])
    assert _scales(scanned) == [0.7] * 4
    assert scanned.get("/v1/photos/1").json()["scale"]["source"] == "given by the user"


def test_a_scale_is_taken_back(scanned: TestClient) -> None:
    scanned.put("/v1/photos/1/scale", json=MEASURED)
    wait_for_job(scanned, scanned.post("/v1/projects/1/scan", json={"threshold": 0.4}).json()["id"])
    answer = scanned.delete("/v1/photos/1/scale").json()
    assert (answer["mm_per_px"], answer["source"]) == (None, "uncalibrated")
    assert _scales(scanned) == [None] * 4


@pytest.mark.parametrize(
    "fields",
    [
        {"points_xy": [[10, 20], [10, 20]], "length_mm": 25},
        {"points_xy": [[10, 20], [1000, 20]], "length_mm": 25},
        {"points_xy": [[10, 20], [50, 20]], "length_mm": 0},
        {"points_xy": [[10, 20]], "length_mm": 5},
    ],
)
def test_what_gives_no_scale_is_refused(scanned: TestClient, fields: dict[str, Any]) -> None:
    answer = scanned.put("/v1/photos/1/scale", json=fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
