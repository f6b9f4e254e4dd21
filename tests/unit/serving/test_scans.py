from __future__ import annotations

import io
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import update

from crackscope.scanning.records import ScanSettings
from crackscope.scanning.results import photo_documents
from crackscope.scanning.scanner import CrackScanner
from crackscope.serving.app import create_app
from crackscope.serving.jobs import MOST_ATTEMPTS
from crackscope.serving.models import Job, Photo, now
from crackscope.serving.settings import Limits, ServeSettings
from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import wait_for_job


def _scan(client: TestClient, *photos: tuple[str, bytes], **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/scan", files=form_files(*photos), data=fields)
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()["job"]
    return wait_for_job(client, job["id"])


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "photos").glob("*/*"))


def test_a_scan_gives_what_the_scanner_gives(client: TestClient, model: Path, tmp_path: Path) -> None:
    data = half_dark_photo()
    _scan(client, ("wall.png", data), mm_per_px="0.5", threshold="0.3", tile_px="120")
    (tmp_path / "wall.png").write_bytes(data)
    settings = ScanSettings(mm_per_px=0.5, threshold=0.3, tile_px=120)
    report = CrackScanner.load(model, settings=settings).scan(tmp_path / "wall.png")
    (expected,) = photo_documents(report)
    (photo,) = client.get("/v1/photos").json()["photos"]
    result = photo["result"]
    for name in ("label", "score", "threshold", "review", "reason", "cracked_share", "regions"):
        assert result[name] == expected[name], name
    assert result["label"] == "Positive"
    assert (photo["width_px"], photo["height_px"], photo["sha256"]) == (640, 480, expected["sha256"])
    assert report.heat is not None
    grid = client.get(f"/v1/photos/{photo['id']}/grid").json()
    assert (grid["rows"], grid["columns"]) == report.heat.scores.shape
    assert grid["scores"][0][-1] == pytest.approx(float(report.heat.scores[0, -1]), abs=1e-4)


def test_pictures_are_upright_small_and_without_metadata(client: TestClient) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    stream = io.BytesIO()
    Image.new("RGB", (400, 200), (10, 20, 30)).save(stream, "JPEG", exif=exif)
    _scan(client, ("turned.jpg", stream.getvalue()))
    (photo,) = client.get("/v1/photos").json()["photos"]
    assert (photo["width_px"], photo["height_px"], photo["camera"]) == (200, 400, "Maker")
    for name, size_wh in (("image?max_px=100", (50, 100)), ("thumbnail", (160, 320))):
        answer = client.get(f"/v1/photos/{photo['id']}/{name}")
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert (picture.format, picture.size) == ("JPEG", size_wh)
            assert not picture.getexif()
    with Image.open(io.BytesIO(client.get(f"/v1/photos/{photo['id']}/overlay").content)) as picture:
        assert picture.format == "PNG"


def test_a_photo_that_is_none_fails_beside_the_others(client: TestClient) -> None:
    job = _scan(client, ("good.png", photo_bytes(0)), ("bad.jpg", b"no photo"))
    assert (job["status"], job["done"], job["total"]) == ("done", 2, 2)
    photos = client.get("/v1/photos").json()["photos"]
    assert [(photo["name"], photo["status"], photo["label"]) for photo in photos] == [
        ("good.png", "done", "Positive"),
        ("bad.jpg", "failed", None),
    ]
    assert client.get(f"/v1/photos/{photos[1]['id']}/grid").status_code == 404
    assert client.get(f"/v1/photos/{photos[1]['id']}/image").status_code == 415


def test_where_all_photos_are_none_nothing_is_kept(client: TestClient, tmp_path: Path) -> None:
    answer = client.post("/v1/scan", files=form_files(("bad.jpg", b"no photo")))
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "not_a_photo")
    assert client.get("/v1/photos").json() == {"total": 0, "photos": []}
    assert client.get("/v1/jobs").json() == []
    assert _files(tmp_path / "data") == []


@pytest.mark.parametrize(
    "fields",
    [{"overlap": "2"}, {"tile_px": "3"}, {"threshold": "nan"}, {"mm_per_px": "inf"}, {"project_id": "x"}],
)
def test_settings_out_of_range_are_refused(client: TestClient, fields: dict[str, str]) -> None:
    answer = client.post("/v1/scan", files=form_files(("a.png", photo_bytes())), data=fields)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_request")
    assert next(iter(fields)) in answer.json()["error"]["message"]


def test_a_photo_belongs_to_a_project_that_exists(client: TestClient) -> None:
    answer = client.post("/v1/scan", files=form_files(("a.png", photo_bytes())), data={"project_id": "7"})
    assert answer.status_code == 404


def test_the_same_photo_is_kept_once_and_until_its_last_row_goes(client: TestClient, tmp_path: Path) -> None:
    _scan(client, ("a.png", photo_bytes(0)), ("b.png", photo_bytes(0)))
    assert len(_files(tmp_path / "data")) == 1
    first, second = (photo["id"] for photo in client.get("/v1/photos").json()["photos"])
    assert client.delete(f"/v1/photos/{first}").status_code == 204
    assert len(_files(tmp_path / "data")) == 1
    assert client.delete(f"/v1/photos/{second}").status_code == 204
    assert _files(tmp_path / "data") == []
    assert client.get(f"/v1/photos/{second}").status_code == 404


def test_photos_outside_projects_expire_and_those_of_a_project_stay(
    client: TestClient, tmp_path: Path
) -> None:
    project = client.post("/v1/projects", json={"name": "Bridge"}).json()
    _scan(client, ("kept.png", photo_bytes(0)), project_id=str(project["id"]))
    _scan(client, ("gone.png", photo_bytes(255)))
    with client.app.state.server.sessions() as session:  # type: ignore[attr-defined]
        session.execute(
            update(Photo).where(Photo.expires_at.is_not(None)).values(expires_at=now() - timedelta(1))
        )
        session.commit()
    _scan(client, ("next.png", photo_bytes(9)))  # the queue tidies up before it works
    assert [photo["name"] for photo in client.get("/v1/photos").json()["photos"]] == ["next.png"]
    kept = client.get("/v1/photos", params={"project_id": project["id"]}).json()["photos"]
    assert [(photo["name"], photo["expires_at"]) for photo in kept] == [("kept.png", None)]
    assert len(_files(tmp_path / "data")) == 2


def test_deleting_a_project_deletes_its_photos(client: TestClient, tmp_path: Path) -> None:
    project = client.post("/v1/projects", json={"name": "Bridge", "inspected_on": "2026-05-01"}).json()
    _scan(client, ("a.png", photo_bytes(0)), project_id=str(project["id"]))
    assert client.get(f"/v1/projects/{project['id']}").json()["photos"] == 1
    changed = client.patch(f"/v1/projects/{project['id']}", json={"element": "Pier 3"}).json()
    assert (changed["name"], changed["element"], changed["inspected_on"]) == (
        "Bridge",
        "Pier 3",
        "2026-05-01",
    )
    assert client.delete(f"/v1/projects/{project['id']}").status_code == 204
    assert _files(tmp_path / "data") == []
    assert client.get("/v1/projects").json() == []


def test_a_full_queue_of_scans_is_429(model: Path, tmp_path: Path) -> None:
    settings = ServeSettings(data_dir=tmp_path, model=model, threads=1, limits=Limits(jobs=1))
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        with client.app.state.server.sessions() as session:  # type: ignore[attr-defined]
            client.app.state.server.runner.close()  # type: ignore[attr-defined]
            session.add(Job(settings={}, total=1))
            session.commit()
        answer = client.post("/v1/scan", files=form_files(("a.png", photo_bytes())))
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "too_many_jobs")
        assert client.get("/readyz").status_code == 503


def test_a_cancelled_scan_begins_no_further_photo(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, go, scan_really = threading.Event(), threading.Event(), CrackScanner.scan

    def slow_scan(self: CrackScanner, photo: Path) -> Any:
        began.set()
        assert go.wait(30)
        return scan_really(self, photo)

    monkeypatch.setattr(CrackScanner, "scan", slow_scan)
    photos = [(f"{grey}.png", photo_bytes(grey)) for grey in range(3)]
    job = client.post("/v1/scan", files=form_files(*photos)).json()["job"]
    assert began.wait(30)
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    go.set()
    _scan(client, ("later.png", photo_bytes(200)))
    assert client.get(f"/v1/jobs/{job['id']}").json()["status"] == "cancelled"
    statuses = [(photo["status"], photo["error"]) for photo in client.get("/v1/photos").json()["photos"]]
    assert statuses == [("done", None), ("failed", "cancelled"), ("failed", "cancelled"), ("done", None)]


def test_a_photo_that_takes_the_server_down_is_given_up(model: Path, tmp_path: Path) -> None:
    settings = ServeSettings(data_dir=tmp_path, model=model, threads=1)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        _scan(client, ("a.png", photo_bytes(0)), ("b.png", photo_bytes(9)))
        with client.app.state.server.sessions() as session:  # type: ignore[attr-defined]
            first = session.get(Photo, 1)
            first.status, first.attempts = "running", MOST_ATTEMPTS
            session.execute(update(Photo).where(Photo.id == 2).values(status="running", attempts=1))
            session.execute(update(Job).values(status="running", done=0))
            session.commit()
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        assert wait_for_job(client, 1)["done"] == 2
        photos = client.get("/v1/photos").json()["photos"]
        assert [photo["status"] for photo in photos] == ["failed", "done"]
        assert "server stopped" in photos[0]["error"]


def test_sorting_and_filtering_of_photos(client: TestClient) -> None:
    photos = [("b.png", photo_bytes(255)), ("a.png", photo_bytes(0)), ("c.png", photo_bytes(120))]
    _scan(client, *photos)

    def names(**query: str) -> list[str]:
        answer = client.get("/v1/photos", params=query)
        assert answer.status_code == 200, answer.text
        return [photo["name"][0] for photo in answer.json()["photos"]]

    assert names() == ["b", "a", "c"]
    assert names(sort="name") == ["a", "b", "c"]
    assert names(sort="score") == ["a", "c", "b"]
    assert names(sort="review")[0] == "c"  # the least sure
    assert names(sort="name", limit="1", offset="1") == ["b"]
    client.post("/v1/photos/1/reviews", json={"action": "confirm"})
    assert names(review="reviewed") == ["b"]
    assert names(review="unreviewed", sort="name") == ["a", "c"]
    assert names(sort="review")[-1] == "b"
    assert client.get("/v1/photos", params={"sort": "size"}).status_code == 422


def test_the_page_knows_scale_and_place_of_a_map(client: TestClient, tmp_path: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    transform = rasterio.transform.from_origin(2_600_000, 1_200_000, 0.002, 0.002)
    profile = {"count": 3, "height": 64, "width": 64, "dtype": "uint8", "driver": "GTiff"}
    with rasterio.open(tmp_path / "a.tif", "w", **profile, crs="EPSG:2056", transform=transform) as out:
        out.write(np.full((3, 64, 64), 5, np.uint8))
    files = [("files", ("a.tif", (tmp_path / "a.tif").read_bytes()))]
    job = client.post("/v1/scan", files=files).json()["job"]["id"]
    wait_for_job(client, job)
    (photo,) = client.get("/v1/photos").json()["photos"]
    assert photo["result"]["settings"]["mm_per_px"] == 2
    assert photo["latitude"] == pytest.approx(46.951, abs=0.001)
    assert photo["longitude"] == pytest.approx(7.4386, abs=0.001)
