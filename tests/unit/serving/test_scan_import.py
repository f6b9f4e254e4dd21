"""A scan's folder of the command line becomes a project: its own results, its own photos, nothing made up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from crackscope import CrackScanner, ScanSettings
from crackscope.errors import DataError
from crackscope.serving.context import Server
from crackscope.serving.scan_import import OpenedScan, grid_of_tiles, open_scan
from tests.helpers.servers import running_server
from tests.unit.scanning.conftest import save_wall


@pytest.fixture
def scan(model: Path, tmp_path: Path) -> Path:
    """A cracked photo in a sub-folder, a sound one, and one that is none."""
    photos = tmp_path / "photos"
    save_wall(photos / "pier 1" / "a.png", 200, 300, (96, 96, 192, 192))
    save_wall(photos / "b.png", 200, 300)
    (photos / "empty.jpg").write_bytes(b"")
    settings = ScanSettings(tile_px=64, threshold=0.3, mm_per_px=0.5)
    scanner = CrackScanner.load(model, settings=settings, jobs=1)
    scanner.scan_paths([photos], output=tmp_path / "Aare bridge")
    return tmp_path / "Aare bridge"


def opened(client: TestClient, scan: Path, photos: Path | None = None) -> OpenedScan:
    server: Server = client.app.state.server  # type: ignore[attr-defined]
    with server.sessions() as session:
        return open_scan(session, server.store, server.settings, scan, photos)


def photos_of(client: TestClient) -> dict[str, dict[str, Any]]:
    return {photo["name"]: photo for photo in client.get("/v1/photos?project_id=1").json()["photos"]}


def test_results_are_those_of_the_scan_and_nothing_is_scanned_again(client: TestClient, scan: Path) -> None:
    made = opened(client, scan)
    assert (made.photos, made.again) == (3, False)
    assert client.get("/v1/projects/1").json()["name"] == "Aare bridge"
    written = json.loads((scan / "results.json").read_text())["photos"]
    told = {each["path"].split("/photos/")[1]: each for each in written}
    here = photos_of(client)
    assert here.keys() == told.keys()
    for name in ("pier 1/a.png", "b.png"):
        result, photo = here[name]["result"], told[name]
        assert result["model_sha256"] == made.model_sha256
        for field in ("score", "threshold", "label", "reason", "regions", "cracked_share"):
            assert result[field] == photo[field], field
        assert here[name]["scale"]["mm_per_px"] == 0.5
        assert here[name]["settings"]["tile_px"] == 64
    assert here["pier 1/a.png"]["result"]["regions"]
    assert (here["empty.jpg"]["status"], here["b.png"]["status"]) == ("failed", "done")
    (job,) = client.get("/v1/jobs").json()
    assert (job["kind"], job["status"], job["done"]) == ("import", "done", 3)
    (element, _) = sorted(client.get("/v1/projects/1/elements").json(), key=lambda each: -each["id"])
    assert (element["name"], element["photos"]) == ("pier 1", 1)


def test_pictures_and_tiles_to_review_can_be_had_of_it(client: TestClient, scan: Path) -> None:
    opened(client, scan)
    number = photos_of(client)["pier 1/a.png"]["id"]
    assert client.get(f"/v1/photos/{number}/overlay").headers["content-type"] == "image/png"
    grid = client.get(f"/v1/photos/{number}/grid").json()
    assert (grid["rows"], grid["columns"]) == (25, 38)
    assert max(map(max, grid["scores"])) > 0.5
    assert client.post(f"/v1/photos/{number}/reviews", json={"action": "confirm"}).status_code == 201
    assert client.get("/v1/projects/1/report.html").status_code == 200


def test_the_same_scan_is_opened_once_until_its_project_is_deleted(client: TestClient, scan: Path) -> None:
    first, second = opened(client, scan), opened(client, scan)
    assert (second.project_id, second.photos, second.again) == (first.project_id, 3, True)
    assert client.delete("/v1/projects/1").status_code == 204
    assert not opened(client, scan).again
    assert len(client.get("/v1/projects").json()) == 1


def test_photos_that_are_gone_or_changed_are_named_and_nothing_is_kept(
    client: TestClient, scan: Path, tmp_path: Path
) -> None:
    Image.new("L", (300, 200), 9).save(tmp_path / "photos" / "b.png")
    (tmp_path / "photos" / "pier 1" / "a.png").unlink()
    said = r"2 of 2 photos .*: b\.png is another file than was scanned; pier 1/a\.png is not there any more"
    with pytest.raises(DataError, match=said):
        opened(client, scan)
    assert client.get("/v1/projects").json() == []
    assert list((tmp_path / "data" / "photos").glob("*/*")) == []


def test_photos_that_moved_are_found_where_they_lie_now(
    client: TestClient, scan: Path, tmp_path: Path
) -> None:
    shutil.move(tmp_path / "photos", tmp_path / "elsewhere")
    with pytest.raises(DataError, match="--photos"):
        opened(client, scan)
    assert opened(client, scan, tmp_path / "elsewhere").photos == 3


def test_a_cell_has_the_mean_of_the_tiles_over_it_and_none_where_there_was_none() -> None:
    grid = grid_of_tiles((64, 128), 64, [((0, 0, 64, 64), 0.8), ((32, 0, 96, 64), 0.4)])
    assert (grid["rows"], grid["columns"]) == (8, 16)
    assert [grid["scores"][0][column] for column in (0, 4, 8, 12)] == pytest.approx([0.8, 0.6, 0.4, 0])


@pytest.mark.slow
def test_serve_opens_it_and_says_where(model: Path, scan: Path, tmp_path: Path) -> None:
    with running_server(model, tmp_path / "new", "--open", scan) as server:
        assert server.process.stdout is not None
        told = server.process.stdout.readline()
        assert told == f"The scan is open: 3 photos, at {server.url}/#/projects/1\n"
        assert server.client.get("/v1/projects/1").json()["photos"] == 3
