"""The page beside the results: it opens from a disk, and names of files are text in it and nothing else."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from crackscope.labels import Label
from crackscope.records import Failure
from crackscope.scanning.index_page import INDEX_HTML, write_index
from crackscope.scanning.results import ScanOutcome, write_results
from tests.helpers.browsers import DESKTOP, PHONE, opened, running_browser
from tests.unit.scanning.test_results import HEADER, REPORT

BAD_NAME = '/mnt/disk/site/</script><img src=x onerror="document.title=1">.jpg'
OUTCOMES: tuple[ScanOutcome, ...] = (
    dataclasses.replace(REPORT, path="/mnt/disk/site/pier 1/a & b.jpg", overlay="overlays/a &é.jpg"),
    dataclasses.replace(
        REPORT,
        path=BAD_NAME,
        label=Label.NEGATIVE,
        score=0.25,
        reason=None,
        regions=(),
        cracked_share=0.0,
        overlay=None,
    ),
    Failure(path="/mnt/disk/site/pier 2/bad.jpg", error="the file is empty"),
)


def page_of(folder: Path, outcomes: tuple[ScanOutcome, ...] = OUTCOMES) -> Path:
    write_results(folder, outcomes, HEADER)
    write_index(folder)
    return folder / INDEX_HTML


def photos_in(page: Path) -> list[list[Any]]:
    data = re.search(r'<script id="photos"[^>]*>(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert data is not None
    rows: list[list[Any]] = json.loads(data[1])
    return rows


def test_every_photo_is_in_it_by_a_name_without_the_machine_s_folders(tmp_path: Path) -> None:
    page = page_of(tmp_path)
    assert photos_in(page) == [
        ["pier 1/a & b.jpg", "Positive", 0.75, "uncertain", "", 0.25, 1, "overlays/a &é.jpg"],
        ['</script><img src=x onerror="document.title=1">.jpg', "Negative", 0.25, "", "", 0.0, 0, ""],
        ["pier 2/bad.jpg", "", None, "", "the file is empty", None, None, ""],
    ]
    assert "/mnt/disk" not in page.read_text(encoding="utf-8")


def test_the_page_asks_for_nothing_from_elsewhere(tmp_path: Path) -> None:
    assert not re.search(r"https?:|src=\"|href=|@import", page_of(tmp_path, ()).read_text(encoding="utf-8"))


def test_a_name_that_is_no_utf_8_and_an_empty_table_can_be_shown(tmp_path: Path) -> None:
    assert photos_in(page_of(tmp_path / "none", ())) == []
    odd = dataclasses.replace(REPORT, path="x/\udcff.jpg")
    assert photos_in(page_of(tmp_path / "odd", (odd,)))[0][0] == "\\udcff.jpg"


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["en-GB", "de-CH"])
def test_it_sorts_filters_and_shows_pictures_from_a_disk(locale: str, tmp_path: Path) -> None:
    page_file = page_of(tmp_path)
    (tmp_path / "overlays").mkdir()
    Image.new("RGB", (320, 200), (200, 90, 30)).save(tmp_path / "overlays" / "a &é.jpg")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    german = locale == "de-CH"
    with running_browser() as browser, opened(browser, page_file.as_uri(), locale=locale) as page:
        names = page.locator("tbody td:nth-child(2)")
        assert names.all_inner_texts()[1] == '</script><img src=x onerror="document.title=1">.jpg'
        page.get_by_role("button", name="Wert" if german else "Score").click()
        assert names.all_inner_texts()[0] == "pier 1/a & b.jpg"
        page.get_by_role("button", name="Nicht untersucht" if german else "Not scanned").click()
        assert names.all_inner_texts() == ["pier 2/bad.jpg"]
        page.get_by_role("button", name="Positiv").click()
        assert page.locator("tbody td:nth-child(4)").all_inner_texts() == ["0,750" if german else "0.750"]
        page.locator("tbody img").evaluate("image => image.decode()")
        page.get_by_role("button", name="groß zeigen" if german else "large").click()
        assert (
            page.get_by_role("dialog")
            .locator("img")
            .evaluate("image => image.decode().then(() => image.naturalWidth)")
            == 320
        )
        page.keyboard.press("Escape")
        for viewport in (DESKTOP, PHONE):
            page.set_viewport_size(viewport)
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
            violations = axe.run(page).response["violations"]
            assert [(v["id"], v["help"]) for v in violations if v["impact"] in ("serious", "critical")] == []


@pytest.mark.slow
def test_ten_thousand_photos_are_a_hundred_rows_at_a_time(tmp_path: Path) -> None:
    many = tuple(dataclasses.replace(REPORT, path=f"p/{n:05}.jpg", score=n / 10_000) for n in range(10_000))
    with running_browser() as browser, opened(browser, page_of(tmp_path, many).as_uri()) as page:
        assert page.locator("tbody tr").count() == 100
        assert page.locator("tbody img").count() == 100
        page.get_by_role("button", name="Next page").click()
        assert page.locator("tbody td:nth-child(2)").first.inner_text() == "00100.jpg"
        page.get_by_placeholder("Find by name").fill("09999")
        assert page.locator("tbody td:nth-child(2)").all_inner_texts() == ["09999.jpg"]
