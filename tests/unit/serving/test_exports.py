from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from crackscope.dataset.discover import discover
from crackscope.dataset.manifest import read_manifest
from crackscope.labels import Label
from crackscope.serving.tiles import tiles_over
from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import wait_for_job


@pytest.fixture
def scanned(client: TestClient) -> TestClient:
    client.post("/v1/projects", json={"name": "Bridge"})
    photos = [("half.png", half_dark_photo()), ("sound.png", photo_bytes(255, (500, 400)))]
    photos += [("dark.png", photo_bytes(0, (600, 400))), ("unseen.png", photo_bytes(60))]
    answer = client.post(
        "/v1/scan", files=form_files(*photos), data={"project_id": "1", "threshold": "0.3", "tile_px": "100"}
    )
    wait_for_job(client, answer.json()["job"]["id"])
    return client


def _unpack(client: TestClient, folder: Path) -> Path:
    answer = client.get("/v1/projects/1/export")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(folder)
    return folder


def test_reviews_become_a_data_set_that_is_discovered_with_its_origin(
    scanned: TestClient, tmp_path: Path
) -> None:
    for photo, fields in (
        (1, {"action": "confirm"}),
        (1, {"action": "relabel", "new_label": "Positive", "box_ltrb": [300, 200, 640, 480]}),
        (1, {"action": "reject", "box_ltrb": [400, 0, 500, 100], "note": "a shadow"}),
        (2, {"action": "confirm"}),
        (3, {"action": "reject"}),
    ):
        assert scanned.post(f"/v1/photos/{photo}/reviews", json=fields).status_code == 201
    folder = _unpack(scanned, tmp_path / "reviews")
    dataset = discover([folder])
    manifest = read_manifest(folder / "manifest.csv", root=folder)
    assert {row.path: row.label for row in manifest.rows} == {
        photo.path: photo.label for photo in dataset.photos
    }
    with (folder / "origin.csv").open(encoding="utf-8", newline="") as stream:
        origins = {row["path"]: row for row in csv.DictReader(stream)}
    assert origins.keys() == {photo.path for photo in dataset.photos}
    (shadow,) = [row for row in origins.values() if row["note"]]
    assert (shadow["label"], shadow["photo"], shadow["left"]) == ("Negative", "half.png", "400")
    for photo in dataset.photos:
        origin = origins[photo.path]
        with Image.open(folder / photo.path) as tile:
            darkest = tile.convert("L").getextrema()[0]
        if origin["photo"] == "half.png" and photo.label is Label.POSITIVE:
            assert darkest == 0  # the sound half of a cracked photo is not called cracked
            assert not (int(origin["left"]) < 500 and int(origin["right"]) > 400 and int(origin["top"]) < 100)
    photos_of = {Label(row["label"]): set() for row in origins.values()}
    for row in origins.values():
        photos_of[Label(row["label"])].add(row["photo"])
    assert photos_of == {
        Label.POSITIVE: {"half.png"},
        Label.NEGATIVE: {"half.png", "sound.png", "dark.png"},
    }
    assert list((tmp_path / "data").glob(".export*")) == []
    assert list((tmp_path / "data").glob("*.zip")) == []


def test_a_cracked_photo_without_a_place_is_listed_and_not_guessed(
    scanned: TestClient, tmp_path: Path
) -> None:
    scanned.post("/v1/photos/2/reviews", json={"action": "reject"})
    # The model's regions of a photo that is Positive as a whole were seen by nobody.
    scanned.post("/v1/photos/1/reviews", json={"action": "confirm"})
    scanned.post("/v1/photos/3/reviews", json={"action": "confirm", "box_ltrb": [100, 100, 200, 200]})
    plan = scanned.get("/v1/projects/1/export/plan").json()
    assert plan == {
        "positive": 1, "negative": 0,
        "without_place": [{"id": 1, "name": "half.png"}, {"id": 2, "name": "sound.png"}],
    }  # fmt: skip
    folder = _unpack(scanned, tmp_path / "reviews")
    left_out = (folder / "not_exported.csv").read_text(encoding="utf-8")
    assert "sound.png" in left_out
    assert "half.png" in left_out
    (row,) = read_manifest(folder / "manifest.csv", root=folder).rows
    assert (row.label, "photo3" in row.path) == (Label.POSITIVE, True)


def test_what_a_person_took_back_with_the_whole_photo_is_not_exported_as_a_crack(
    scanned: TestClient, tmp_path: Path
) -> None:
    box = [400, 100, 500, 200]
    scanned.post("/v1/photos/1/reviews", json={"action": "confirm", "box_ltrb": box})
    scanned.post("/v1/photos/1/reviews", json={"action": "relabel", "new_label": "Negative"})
    assert scanned.get("/v1/projects/1/export/plan").json()["positive"] == 0
    folder = _unpack(scanned, tmp_path / "reviews")
    assert {row.label for row in read_manifest(folder / "manifest.csv", root=folder).rows} == {Label.NEGATIVE}


def test_without_reviews_there_is_nothing_to_export(scanned: TestClient) -> None:
    assert scanned.get("/v1/projects/1/export").status_code == 409
    scanned.post("/v1/photos/1/reviews", json={"action": "confirm"})
    scanned.post("/v1/reviews/undo", json={"project_id": 1})
    assert scanned.get("/v1/projects/1/export").status_code == 409


@pytest.mark.parametrize(
    ("box", "tiles"),
    [
        ((40, 40, 60, 60), [(0, 0, 100, 100)]),
        ((0, 0, 300, 100), [(0, 0, 100, 100), (100, 0, 200, 100), (200, 0, 300, 100)]),
        ((200, 80, 300, 100), [(200, 40, 300, 140)]),
        ((280, 180, 300, 200), [(200, 100, 300, 200)]),
    ],
)
def test_tiles_cover_a_box_and_stay_inside_the_photo(
    box: tuple[int, ...], tiles: list[tuple[int, ...]]
) -> None:
    assert tiles_over(box, 100, (300, 200)) == tiles
