"""A write whose answer was lost is sent again with its key, and is there once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import func, insert, select

from crackscope.serving.models import Job, Photo, Review
from tests.helpers.uploads import form_files, photo_bytes
from tests.helpers.waiting import wait_for_job

KEY = {"Idempotency-Key": "a-key-of-the-client"}


def _upload(client: TestClient, *photos: tuple[str, bytes], key: str | None = None) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/v1/scan", files=form_files(*photos), data={"project_id": "1"}, headers=headers)


def _count(client: TestClient, table: Any) -> int:
    with client.app.state.server.sessions() as session:  # type: ignore[attr-defined]
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_an_upload_that_is_sent_again_is_stored_once(client: TestClient) -> None:
    client.post("/v1/projects", json={"name": "Pier"})
    photos = (("a.png", photo_bytes(10)), ("bad.jpg", b"?"))
    assert client.get("/v1/uploads/first-upload").status_code == 404
    first = _upload(client, *photos, key="first-upload").json()
    again = _upload(client, *photos, key="first-upload").json()
    assert [photo["id"] for photo in again["photos"]] == [photo["id"] for photo in first["photos"]] == [1, 2]
    assert client.get("/v1/uploads/first-upload").json()["job"]["id"] == first["job"]["id"]
    # A colleague's files of the same names and sizes are another upload.
    _upload(client, *photos, key="of-a-colleague")
    assert (_count(client, Job), _count(client, Photo)) == (2, 4)


def test_an_upload_is_known_again_behind_two_thousand_newer_photos(client: TestClient) -> None:
    client.post("/v1/projects", json={"name": "Pier"})
    _upload(client, ("a.png", photo_bytes(10)), key="first-upload")
    newer = _upload(client, ("b.png", photo_bytes(10))).json()["job"]["id"]
    rows = [
        {"project_id": 1, "job_id": newer, "name": f"{number}.png", "sha256": "0" * 64, "size_bytes": 99,
         "status": "done"}
        for number in range(2000)
    ]  # fmt: skip
    with client.app.state.server.sessions() as session:  # type: ignore[attr-defined]
        session.execute(insert(Photo), rows)
        session.commit()
    assert [
        p["id"] for p in _upload(client, ("a.png", photo_bytes(10)), key="first-upload").json()["photos"]
    ] == [1]
    assert _count(client, Photo) == 2002


def test_the_same_upload_twice_at_once_is_stored_once(client: TestClient) -> None:
    client.post("/v1/projects", json={"name": "Pier"})
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: _upload(client, ("a.png", photo_bytes(10)), key="at-the-same-time"), range(4))
        )
    assert {answer.status_code for answer in answers} == {202}
    assert (_count(client, Job), _count(client, Photo)) == (1, 1)


def _scanned(client: TestClient) -> None:
    client.post("/v1/projects", json={"name": "Pier"})
    wait_for_job(client, _upload(client, ("a.png", photo_bytes(10))).json()["job"]["id"])


def test_an_act_that_is_sent_again_is_recorded_once(client: TestClient) -> None:
    _scanned(client)
    first = client.post("/v1/photos/1/reviews", json={"action": "reject"}, headers=KEY).json()
    again = client.post("/v1/photos/1/reviews", json={"action": "reject"}, headers=KEY)
    assert (again.status_code, again.json()) == (201, first)
    other = client.post("/v1/photos/1/reviews", json={"action": "confirm"}, headers=KEY)
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_used")
    assert client.get("/v1/photos/1").json()["label"] == "Negative"
    # Without a key, rejecting twice turns the label back.
    client.post("/v1/photos/1/reviews", json={"action": "reject"})
    assert _count(client, Review) == 2


def test_the_same_act_twice_at_once_is_recorded_once(client: TestClient) -> None:
    _scanned(client)

    def act(_: int) -> int:
        return client.post("/v1/photos/1/reviews", json={"action": "reject"}, headers=KEY).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(act, range(4))) == {201}
    assert _count(client, Review) == 1


def test_an_undo_that_is_sent_again_undoes_nothing_more(client: TestClient) -> None:
    _scanned(client)
    for action in ("reject", "confirm"):
        client.post("/v1/photos/1/reviews", json={"action": action})
    undone = [client.post("/v1/reviews/undo", json={"project_id": 1}, headers=KEY).json() for _ in range(2)]
    assert undone[0] == undone[1]
    assert client.get("/v1/photos/1").json()["label"] == "Negative"
