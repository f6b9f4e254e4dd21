"""Labels looked at again: what is in the queue, two people's answers, agreement, corrections."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from crackscope.dataset.corrections import Seen, read_corrections
from crackscope.labels import Label
from tests.helpers.uploads import form_files, photo_bytes
from tests.helpers.waiting import wait_for_job

#: The tiny bundle calls dark photos Positive: two labels are doubted, five are not, one photo has none.
PHOTOS = [
    ("wall/Positive/white.png", photo_bytes(255)),
    ("wall/Negative/black.png", photo_bytes(0)),
    *((f"wall/Negative/{grey}.png", photo_bytes(grey)) for grey in (250, 251, 252, 253, 254)),
    ("else.png", photo_bytes(1)),
]


@pytest.fixture
def project(client: TestClient) -> TestClient:
    client.post("/v1/projects", json={"name": "Wall"})
    answer = client.post("/v1/scan", files=form_files(*PHOTOS), data={"project_id": "1"})
    assert wait_for_job(client, answer.json()["job"]["id"])["status"] == "done"
    return client


def _named(who: str) -> dict[bytes, bytes]:
    return {b"X-Crackscope-User": who.encode()}


def _queue(client: TestClient, who: str = "Ann") -> dict[str, Any]:
    answer = client.get("/v1/projects/1/label-queue", headers=_named(who))
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def _say(client: TestClient, photo: int, seen: str | None, who: str = "Ann") -> None:
    answer = client.post(f"/v1/photos/{photo}/label", json={"seen": seen}, headers=_named(who))
    assert answer.status_code == 200, answer.text


def _corrections(client: TestClient, folder: Path) -> dict[str, Any]:
    file = folder / "corrections.csv"
    file.write_bytes(client.get("/v1/projects/1/corrections.csv").content)
    return {row.file: row for row in read_corrections(file).rows}


def test_doubted_photos_come_with_a_quarter_of_others_and_say_nothing_but_the_picture(
    project: TestClient,
) -> None:
    queue = _queue(project)
    shown = {photo["photo_id"] for photo in queue["photos"]}
    assert {1, 2} < shown
    assert len(shown) == 3
    assert 8 not in shown
    assert (queue["labelled"], queue["without_label"]) == (7, 1)
    assert all(set(photo) == {"photo_id", "sha256", "seen"} for photo in queue["photos"])
    assert [photo["sha256"] for photo in queue["photos"]] == sorted(
        photo["sha256"] for photo in queue["photos"]
    )


def test_a_review_is_a_label_where_no_folder_names_one(project: TestClient) -> None:
    project.post("/v1/photos/8/reviews", json={"action": "relabel", "new_label": "Negative"})
    queue = _queue(project)
    assert 8 in {photo["photo_id"] for photo in queue["photos"]}
    assert (queue["labelled"], queue["without_label"]) == (8, 0)


def test_an_answer_is_the_caller_s_own_is_replaced_and_taken_back(project: TestClient) -> None:
    seen = lambda who: {one["photo_id"]: one["seen"] for one in _queue(project, who)["photos"]}  # noqa: E731
    _say(project, 1, "crack")
    _say(project, 1, "healthy")
    assert (seen("Ann")[1], seen("Ben")[1]) == ("healthy", None)
    _say(project, 1, None)
    assert seen("Ann")[1] is None
    assert _queue(project)["people"] == []


def test_agreement_is_cohen_s_kappa_of_each_two_people(project: TestClient) -> None:
    other = next(photo["photo_id"] for photo in _queue(project)["photos"] if photo["photo_id"] > 2)
    for who, answers in (("Ann", ("crack", "healthy", "healthy")), ("Ben", ("crack", "crack", "healthy"))):
        for photo, seen in zip((1, 2, other), answers, strict=True):
            _say(project, photo, seen, who)
    [pair] = _queue(project)["agreement"]
    # Two of three alike; by chance 4 of 9 would be.
    assert pair == {"first": "Ann", "second": "Ben", "both": 3, "same": 2, "kappa": pytest.approx(0.4)}


def test_corrections_join_what_people_saw(project: TestClient, tmp_path: Path) -> None:
    _say(project, 1, "healthy", "Ann")
    _say(project, 1, "healthy", "Ben")
    _say(project, 2, "crack", "Ann")
    _say(project, 2, "healthy", "Ben")
    rows = _corrections(project, tmp_path)
    white, black = rows["wall/Positive/white.png"], rows["wall/Negative/black.png"]
    assert (white.given, white.seen, white.seen_by) == (Label.POSITIVE, Seen.HEALTHY, "Ann and Ben")
    assert (black.given, black.seen) == (Label.NEGATIVE, Seen.NOT_TO_BE_TOLD)
    assert len(rows) == 2


def test_without_answers_there_are_no_corrections(project: TestClient) -> None:
    answer = project.get("/v1/projects/1/corrections.csv")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "nothing_labelled")


def test_answers_go_with_the_photo(project: TestClient) -> None:
    _say(project, 1, "crack")
    project.delete("/v1/photos/1")
    assert _queue(project)["people"] == []


def test_contrast_is_raised_for_the_eye(project: TestClient) -> None:
    answer = project.get("/v1/photos/1/raised")
    with Image.open(io.BytesIO(answer.content)) as picture:
        assert (picture.format, answer.headers["content-type"]) == ("JPEG", "image/jpeg")


@pytest.mark.parametrize("body", [{"seen": "maybe"}, {}, {"seen": "crack", "more": 1}])
def test_other_answers_are_refused(project: TestClient, body: dict[str, Any]) -> None:
    assert project.post("/v1/photos/1/label", json=body).status_code == 422
