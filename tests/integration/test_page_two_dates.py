"""Two inspections of one wall compared on the page, as an inspector would."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from crackscope.bundle import shipped_bundle_path
from tests.helpers.browsers import PHONE, opened, running_browser
from tests.helpers.servers import RunningServer, running_server
from tests.helpers.uploads import form_files
from tests.helpers.waiting import PAGE_PATIENCE_MS, wait_for_job
from tests.unit.revisiting.scenes import crack, view, wall

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Project 1, and project 2 a year later: the same wall from elsewhere, one crack painted longer."""
    half, whole = crack(wall(1), (60, 180), (210, 180)), crack(wall(1), (60, 180), (420, 180))
    model, data_dir = shipped_bundle_path(), tmp_path_factory.mktemp("data")
    with running_server(model, data_dir, "--threads", 1) as running:
        _add(running, "2025-05-01", view(half)[0])
        _add(running, "2026-05-01", view(whole, turn_deg=-3, light=0.95)[0])
        yield running


def _add(server: RunningServer, date: str, pixels_hwc: NDArray[np.uint8]) -> None:
    fields = {"name": "Bridge", "inspected_on": date}
    number = server.client.post("/v1/projects", json=fields).json()["id"]
    out = io.BytesIO()
    Image.fromarray(pixels_hwc).save(out, "PNG")
    form = {"project_id": str(number), "elements": "pier 1"}
    answer = server.client.post("/v1/scan", files=form_files(("a.png", out.getvalue())), data=form)
    wait_for_job(server.client, answer.json()["job"]["id"])


def _expect(subject: Any) -> Any:
    from playwright.sync_api import expect

    expect.set_options(timeout=PAGE_PATIENCE_MS)
    return expect(subject)


def test_a_year_later_the_page_shows_one_grown_crack(server: RunningServer, browser: Browser) -> None:
    with opened(browser, f"{server.url}/#/projects/2") as page:
        page.get_by_text("More", exact=True).click()
        page.get_by_role("button", name="Compare with an earlier inspection").click()
        dialog = page.get_by_role("dialog")
        _expect(dialog.locator("option")).to_have_text(["Bridge · May 1, 2025"])
        dialog.get_by_role("button", name="Compare", exact=True).click()
        _expect(dialog.get_by_role("heading", level=3)).to_have_text(
            "From Bridge (2025-05-01) to Bridge (2026-05-01)"
        )
        counts = ["new: 0", "grown: 1", "the same: 0", "gone: 0", "not comparable: 0"]
        _expect(dialog.locator(".changes li")).to_have_text(counts)
        with page.context.expect_page() as sheet_info:
            dialog.get_by_role("link", name="Look at both dates").click()
        sheet = sheet_info.value
        _expect(sheet.locator("article li")).to_have_count(1)
        _expect(sheet.locator("article li")).to_contain_text("grown by about")
        _expect(sheet.locator("article .swipe img").first).to_be_visible()


def test_the_report_says_it_too(server: RunningServer) -> None:
    job = server.client.post("/v1/projects/2/comparison", json={"earlier": 1}).json()
    assert wait_for_job(server.client, job["id"])["status"] == "done"
    report = server.client.get("/v1/projects/2/report.html").text
    assert "new: 0, grown: 1, the same: 0" in report


def test_in_german_on_a_phone(server: RunningServer, browser: Browser) -> None:
    job = server.client.post("/v1/projects/2/comparison", json={"earlier": 1}).json()
    assert wait_for_job(server.client, job["id"])["status"] == "done"
    with opened(browser, f"{server.url}/#/projects/2", viewport=PHONE, locale="de-DE") as page:
        page.get_by_text("Mehr", exact=True).click()
        page.get_by_role("button", name="Mit früherer Prüfung vergleichen").click()
        dialog = page.get_by_role("dialog")
        _expect(dialog.locator(".changes li").nth(1)).to_have_text("gewachsen: 1")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        with page.context.expect_page() as sheet_info:
            dialog.get_by_role("link", name="Beide Zeitpunkte ansehen").click()
        _expect(sheet_info.value.locator("article li")).to_contain_text("gewachsen um etwa")
