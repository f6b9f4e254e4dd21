"""A project's places, pictures and labels as files: what people decided, and what they stated."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageChops
from typer.testing import CliRunner

from crackscope.cli.app import app
from tests.helpers.browsers import opened, running_browser
from tests.helpers.servers import running_server
from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import wait_for_job

BOX = [300, 200, 360, 260]


@pytest.fixture
def reviewed(client: TestClient) -> TestClient:
    """A cracked photo whose region was confirmed, a sound one with a drawn box and a finding, one unseen."""
    client.post("/v1/projects", json={"name": "Bridge"})
    photos = [("half.png", half_dark_photo()), ("sound.png", photo_bytes(255, (500, 400)))]
    files = form_files(*photos, ("unseen.png", photo_bytes(0, (500, 400))), ("no.jpg", b"?"))
    job = client.post("/v1/scan", files=files, data={"project_id": "1", "threshold": "0.3", "tile_px": "100"})
    wait_for_job(client, job.json()["job"]["id"])
    for region in client.get("/v1/photos/1").json()["result"]["regions"]:
        box = region["box_ltrb_px"]
        client.post("/v1/photos/1/reviews", json={"action": "confirm", "box_ltrb": box})
    drawn = {"action": "relabel", "new_label": "Positive", "box_ltrb": BOX}
    assert client.post("/v1/photos/2/reviews", json=drawn).status_code == 201
    stated = {"kind": "spalling", "shape": {"kind": "polygon", "points_xy": [[1, 2], [90, 2], [90, 80]]}}
    assert client.post("/v1/photos/2/findings", json=stated).status_code == 201
    return client


def places(client: TestClient, form: str) -> bytes:
    answer = client.get(f"/v1/projects/1/places.{form}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].endswith(f'filename="places-1.{form}"')
    return answer.content


def test_drawn_boxes_and_findings_are_in_the_table(reviewed: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(places(reviewed, "csv").decode())))
    told = [(row["path"], row["place"], row["source"], row["type"]) for row in rows]
    assert [row for row in told if row[0] != "half.png"] == [
        ("sound.png", "A", "drawn box", "crack"),
        ("sound.png", "F1", "finding", "spalling"),
        ("unseen.png", "1", "region", "crack"),
    ]
    assert json.loads(places(reviewed, "geojson"))["features"][-1]["properties"]["seen_by"] is None


def test_pictures_are_drawn_for_every_scanned_photo(reviewed: TestClient) -> None:
    with zipfile.ZipFile(io.BytesIO(places(reviewed, "zip"))) as archive:
        names = archive.namelist()
        with Image.open(io.BytesIO(archive.read(names[0]))) as picture:
            assert picture.format == "JPEG"
    assert names == ["00001-half.jpg", "00002-sound.jpg", "00003-unseen.jpg", "not_drawn.txt"]


def test_findings_are_drawn_on_the_pictures(reviewed: TestClient) -> None:
    def overlay() -> Image.Image:
        return Image.open(io.BytesIO(reviewed.get("/v1/photos/3/overlay").content)).convert("RGB")

    before = overlay()
    line = {"kind": "polyline", "points_xy": [[50, 100], [450, 300]]}
    stated = reviewed.post("/v1/photos/3/findings", json={"kind": "joint", "shape": line})
    assert stated.status_code == 201
    changed = ImageChops.difference(before, overlay()).getbbox()
    assert changed is not None
    assert (changed[2] - changed[0]) / before.width == pytest.approx(400 / 500, abs=0.05)


@pytest.mark.slow
def test_the_page_s_menu_gives_the_files(model: Path, tmp_path: Path) -> None:
    with running_server(model, tmp_path / "data") as server, running_browser() as browser:
        server.client.post("/v1/projects", json={"name": "Bridge"})
        form = {"project_id": "1", "threshold": "0.3", "tile_px": "100"}
        job = server.client.post("/v1/scan", files=form_files(("half.png", half_dark_photo())), data=form)
        wait_for_job(server.client, job.json()["job"]["id"])
        server.client.post("/v1/photos/1/reviews", json={"action": "reject"})
        with opened(browser, f"{server.url}/#/projects/1") as page:
            for button, name in (("CSV, a table", "places-1.csv"), ("YOLO (zip)", "labels-1-yolo.zip")):
                page.locator("summary", has_text="Export").click()
                with page.expect_download() as file:
                    page.get_by_role("button", name=button).click()
                assert file.value.suggested_filename == name
                assert file.value.path().stat().st_size > 0


def test_labels_hold_settled_photos_only(reviewed: TestClient) -> None:
    labels = reviewed.get("/v1/projects/1/labels/coco").json()
    assert [image["file_name"] for image in labels["images"]] == ["half.png", "sound.png"]
    assert labels["annotations"][-2]["bbox"] == [300, 200, 60, 60]
    assert labels["annotations"][-1]["segmentation"] == [[1, 2, 90, 2, 90, 80]]
    everything = reviewed.get("/v1/projects/1/labels/csv", params={"unreviewed": True}).text
    assert "unseen.png" in everything


def test_what_can_t_be_written_says_why_and_leaves_nothing(reviewed: TestClient, tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    answer = reviewed.get("/v1/projects/1/places.gpkg")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "nothing_to_export")
    assert reviewed.get("/v1/projects/9/places.csv").status_code == 404
    assert reviewed.get("/v1/projects/1/places.exe").status_code == 422
    assert list((tmp_path / "data").glob(".export*")) == []


def test_the_command_line_reads_the_data_folder(reviewed: TestClient, tmp_path: Path) -> None:
    for name in ("export-places", "export-labels"):
        words = [name, str(tmp_path / "data"), "-o", str(tmp_path / f"{name}.csv")]
        done = CliRunner().invoke(app, words + (["--form", "csv"] if name == "export-labels" else []))
        assert done.exit_code == 0, done.output
    assert (tmp_path / "export-places.csv").read_bytes() == places(reviewed, "csv")
    assert "left out: unseen.png: nobody has reviewed it" in done.stderr
