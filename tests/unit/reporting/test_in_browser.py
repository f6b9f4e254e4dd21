"""The HTML report in a real browser: readable by everyone, at any width, on paper, without a request."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pypdf import PdfReader

from crackscope.reporting.records import Report
from crackscope.reporting.write import write_report
from tests.helpers.browsers import DESKTOP, PHONE, opened, running_browser

if TYPE_CHECKING:
    from playwright.sync_api import Request

SERIOUS = ("serious", "critical")


@pytest.mark.slow
def test_the_page_is_accessible_fits_every_width_prints_and_asks_for_nothing(
    report: Report, tmp_path: Path
) -> None:
    target = tmp_path / "report.html"
    write_report(target, report)
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    # The page's own policy would keep axe out too.
    with running_browser() as browser, opened(browser, target.as_uri(), bypass_csp=True) as page:
        asked: list[str] = []

        def note(request: Request) -> None:
            if not request.url.startswith("data:"):
                asked.append(request.url)

        page.on("request", note)
        page.reload()
        assert asked == [target.as_uri()]
        for viewport in (DESKTOP, PHONE):
            page.set_viewport_size(viewport)
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
            violations = axe.run(page).response["violations"]
            assert [(v["id"], v["help"]) for v in violations if v["impact"] in SERIOUS] == []
        assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
        printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True)))
    pages = [each.extract_text() for each in printed.pages]
    assert all(f"Page {number} of {len(pages)}" in text for number, text in enumerate(pages, start=1))
    assert "Contents" not in pages[0]


@pytest.mark.slow
def test_its_own_policy_lets_the_report_be_seen_whole(report: Report, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    write_report(target, report, language="de")
    with running_browser() as browser, opened(browser, target.as_uri()) as page:
        assert page.locator("figure.photo img").count() == 3
        assert page.evaluate("getComputedStyle(document.querySelector('.tiles')).display") == "grid"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
