"""Where photos were taken: metres on a plane that page and report share, maps with what lies on them."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import ExifTags, Image

from tests.helpers.browsers import DESKTOP, PHONE, opened, running_browser
from tests.helpers.servers import running_server
from tests.helpers.uploads import form_files, photo_bytes
from tests.helpers.waiting import wait_for_job
from tests.unit.scanning.conftest import wall


def photo_at(level: int, latitude_s: float, longitude_s: float) -> bytes:
    """A JPEG so many seconds north and east of 46° 57′ N, 7° 26′ E."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLatitude: (46, 57, latitude_s),
            ExifTags.GPS.GPSLongitudeRef: "E",
            ExifTags.GPS.GPSLongitude: (7, 26, longitude_s),
        }
    )
    out = io.BytesIO()
    Image.new("RGB", (300, 200), (level,) * 3).save(out, "JPEG", exif=exif)
    return out.getvalue()


def map_bytes() -> bytes:
    """A GeoTIFF of 40 by 30 metres with a dark square, near there."""
    rasterio = pytest.importorskip("rasterio")
    from rasterio.io import MemoryFile

    to_ground = rasterio.transform.from_origin(2_600_010, 1_200_000, 0.1, 0.1)
    with MemoryFile() as file:
        with file.open(
            driver="GTiff",
            width=400,
            height=300,
            count=3,
            dtype="uint8",
            crs="EPSG:2056",
            transform=to_ground,
        ) as out:
            out.write(np.moveaxis(wall(300, 400, (96, 96, 192, 192)), -1, 0))
        content: bytes = file.read()
    return content


def upload(client: TestClient, *photos: tuple[str, bytes]) -> None:
    client.post("/v1/projects", json={"name": "Aare"})
    form = {"project_id": "1", "threshold": "0.3", "tile_px": "100"}
    answer = client.post("/v1/scan", files=form_files(*photos), data=form)
    wait_for_job(client, answer.json()["job"]["id"])


def test_photos_lie_in_metres_around_their_middle(client: TestClient) -> None:
    photos = [("a.jpg", photo_at(0, 0, 0)), ("b.jpg", photo_at(255, 1, 2)), ("c.png", photo_bytes(255))]
    upload(client, *photos)
    plan = client.get("/v1/projects/1/plan").json()
    assert (plan["latitude"], plan["longitude"]) == pytest.approx(
        (46.95 + 0.5 / 3600, 7 + 26 / 60 + 1 / 3600)
    )
    assert plan["without_position"] == 1
    dark, pale = plan["photos"]
    assert (dark["name"], dark["label"], pale["label"]) == ("a.jpg", "Positive", "Negative")
    # A second of latitude is 30.9 m, of longitude there 21.1 m.
    assert dark["at_m"] == pytest.approx([-21.1, -15.46], abs=0.05)
    assert pale["at_m"] == pytest.approx([21.1, 15.46], abs=0.05)
    assert dark["outline"] is None


def test_a_map_has_its_outline_and_the_places_that_count_on_it(client: TestClient) -> None:
    upload(client, ("deck.tif", map_bytes()))
    (deck,) = client.get("/v1/projects/1/plan").json()["photos"]
    easts, norths = zip(*deck["outline"]["points_m"], strict=True)
    assert max(easts) - min(easts) == pytest.approx(40, rel=0.01)
    assert max(norths) - min(norths) == pytest.approx(30, rel=0.01)
    (place,) = deck["places"]
    assert -11 < min(x for x, _ in place["points_m"]) < max(x for x, _ in place["points_m"]) < 0
    assert place["closed"]
    box = client.get("/v1/photos/1").json()["result"]["regions"][0]["box_ltrb_px"]
    client.post("/v1/photos/1/reviews", json={"action": "reject", "box_ltrb": box})
    assert client.get("/v1/projects/1/plan").json()["photos"][0]["places"] == []


def test_without_any_position_there_is_no_plan(client: TestClient) -> None:
    upload(client, ("c.png", photo_bytes(255)))
    plan = client.get("/v1/projects/1/plan").json()
    assert plan == {"latitude": None, "longitude": None, "photos": [], "without_position": 1}
    assert client.get("/v1/projects/2/plan").status_code == 404


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["en-GB", "de-CH"])
def test_the_page_shows_the_map_and_opens_photos_from_it(locale: str, model: Path, tmp_path: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    german = locale == "de-CH"
    with running_server(model, tmp_path / "data") as server, running_browser() as browser:
        photos = [("a.jpg", photo_at(0, 0, 0)), ("b.jpg", photo_at(255, 1, 2)), ("deck.tif", map_bytes())]
        upload(server.client, *photos)  # type: ignore[arg-type]
        address = f"{server.url}/#/projects/1"
        with opened(browser, address, locale=locale, bypass_csp=True) as page:
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            page.get_by_role("link", name="Karte" if german else "Map").click()
            page.get_by_role("link", name="b.jpg").wait_for()
            assert page.locator(".plan .outline").count() == 1
            assert page.locator(".plan .place").count() == 1
            assert re.fullmatch(r"\d+ m", page.locator(".map-bar").inner_text())
            for viewport in (DESKTOP, PHONE):
                page.set_viewport_size(viewport)
                assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
                violations = axe.run(page).response["violations"]
                assert [
                    (v["id"], v["help"]) for v in violations if v["impact"] in ("serious", "critical")
                ] == []
            whole = page.locator(".plan").get_attribute("viewBox")
            page.get_by_role("button", name="Größer" if german else "Zoom in").click()
            assert page.locator(".plan").get_attribute("viewBox") != whole
            page.keyboard.press("0")
            assert page.locator(".plan").get_attribute("viewBox") == whole
            page.get_by_role("link", name="b.jpg").click()
            page.wait_for_url("**/#/projects/1/photos/2")
            assert all(url.startswith((server.url, "blob:")) for url in asked)
