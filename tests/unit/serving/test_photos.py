"""Photos as they are kept: names with folders, copies, order, settings that stay, scans of projects."""

from __future__ import annotations

import io
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import wait_for_job


@pytest.fixture
def project(client: TestClient) -> TestClient:
    client.post("/v1/projects", json={"name": "Pier"})
    return client


def _upload(client: TestClient, *photos: tuple[str, bytes], **form: Any) -> dict[str, Any]:
    answer = client.post("/v1/scan", files=form_files(*photos), data={"project_id": "1", **form})
    assert answer.status_code == 202, answer.text
    wait_for_job(client, answer.json()["job"]["id"])
    uploaded: dict[str, Any] = answer.json()
    return uploaded


def _photos(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get("/v1/photos", params={"project_id": 1, **query}).json()["photos"]
    return found


def test_scanning_again_changes_only_what_was_named(project: TestClient) -> None:
    _upload(project, ("a.png", half_dark_photo()), mm_per_px="0.5", overlap="0.25")
    _upload(project, ("b.png", half_dark_photo((320, 240))), tile_px="64")
    job = project.post("/v1/projects/1/scan", json={"threshold": 0.7}).json()
    wait_for_job(project, job["id"])
    first, second = (photo["result"] for photo in _photos(project))
    assert [first["settings"][name] for name in ("mm_per_px", "overlap", "threshold")] == [0.5, 0.25, 0.7]
    assert first["regions"][0]["width_mm"] is not None
    assert (second["settings"]["tile_px"], second["tile_px"], second["threshold"]) == (64, 64, 0.7)
    job = project.post("/v1/projects/1/scan", json={"mm_per_px": None}).json()
    wait_for_job(project, job["id"])
    assert _photos(project)[0]["result"]["settings"] == {
        **first["settings"],
        "mm_per_px": None,
        "scale": "uncalibrated",
    }


def test_a_copy_is_named_and_skipped_where_asked(project: TestClient) -> None:
    photo = photo_bytes(10)
    _upload(project, ("a.png", photo))
    _upload(project, ("again.png", photo))
    assert [each["same_as"] for each in _photos(project)] == [None, 1]
    done = _upload(project, ("third.png", photo), ("new.png", photo_bytes(11)), skip_copies="true")
    assert done["skipped"] == [{"name": "third.png", "same_as": 1}]
    assert [each["name"] for each in _photos(project)] == ["a.png", "again.png", "new.png"]
    # Elsewhere it is no copy, and nothing but copies is no error.
    project.post("/v1/projects", json={"name": "Deck"})
    assert _upload(project, ("a.png", photo), project_id="2", skip_copies="true")["skipped"] == []
    assert _upload(project, ("a.png", photo), skip_copies="true")["photos"] == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("north/pier 1/a.jpg", "north/pier 1/a.jpg"),
        ("north\\pier 1\\a.jpg", "north/pier 1/a.jpg"),
        ("../../etc/a.jpg", "etc/a.jpg"),
        ("/a.jpg", "a.jpg"),
        ("x" * 300 + "/end.jpg", ("x" * 300 + "/end.jpg")[-255:]),
    ],
)
def test_names_keep_their_folders_and_their_end(project: TestClient, sent: str, kept: str) -> None:
    _upload(project, (sent, photo_bytes(10)))
    assert [photo["name"] for photo in _photos(project)] == [kept]


def _taken(when: str) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = when
    stream = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 200, 200)).save(stream, "JPEG", exif=exif)
    return stream.getvalue()


def test_photos_are_sorted_by_name_without_case_and_by_time_in_both_directions(project: TestClient) -> None:
    _upload(
        project,
        ("b.jpg", _taken("2026:03:01 10:00:00")),
        ("A.jpg", _taken("2026:03:03 10:00:00")),
        ("C.jpg", _taken("2026:03:02 10:00:00")),
        ("none.png", photo_bytes(250)),
    )

    def names(**query: Any) -> str:
        return " ".join(photo["name"].partition(".")[0] for photo in _photos(project, **query))

    assert names(sort="name") == "A b C none"
    assert names(sort="name", descending=True) == "none C b A"
    assert names(sort="taken") == "b C A none"
    assert names(sort="taken", descending=True) == "A C b none"
    ids = project.get("/v1/photos/ids", params={"project_id": 1, "sort": "taken", "descending": True}).json()
    assert ids == [2, 3, 1, 4]


def test_a_video_says_what_to_do(project: TestClient) -> None:
    _upload(project, ("a.png", photo_bytes(10)), ("flight.MP4", b"\0\0\0\x18ftypmp42"))
    assert "crackscope scan" in _photos(project)[1]["error"]


def test_a_scan_knows_its_project(project: TestClient) -> None:
    _upload(project, ("a.png", photo_bytes(10)))
    project.post("/v1/scan", files=form_files(("b.png", photo_bytes(10))))
    again = project.post("/v1/projects/1/scan", json={"threshold": 0.7}).json()["id"]
    wait_for_job(project, again)
    assert [job["project"] for job in project.get("/v1/jobs").json()] == ["Pier", None, "Pier"]


def test_the_trail_names_photo_and_place(project: TestClient) -> None:
    _upload(project, ("half.png", half_dark_photo()), threshold="0.3", tile_px="120")
    (region,) = _photos(project)[0]["result"]["regions"]
    for fields in (
        {"action": "reject", "box_ltrb": region["box_ltrb_px"]},
        {"action": "note", "note": "wet", "box_ltrb": [0, 0, 30, 30]},
        {"action": "confirm"},
    ):
        assert project.post("/v1/photos/1/reviews", json=fields).status_code == 201
    for path in ("/v1/photos/1/reviews", "/v1/projects/1/reviews"):
        trail = project.get(path).json()
        assert [(row["photo_name"], row["place"]) for row in trail] == [
            ("half.png", "1"),
            ("half.png", "A"),
            ("half.png", None),
        ]
