"""Debian's Chromium, driven by Playwright; where there is none the tests say so and are skipped."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.helpers.waiting import PAGE_PATIENCE_MS

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser without windows."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api")
    # As root, in a container, Chromium can't make its sandbox.
    args = ["--no-sandbox", "--disable-dev-shm-usage"] if sys.platform == "linux" else []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=args)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, url: str, *, asks_for_name: bool = False, **options: Any) -> Iterator[Page]:
    """A page of a new profile; it fails at the end where a script failed or the page's policy was hurt.

    The page asks a reviewer without a name for one before the first decision; only where ``asks_for_name``.
    """
    with browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB"} | options) as context:
        context.set_default_timeout(PAGE_PATIENCE_MS)
        if not asks_for_name:
            context.add_init_script("sessionStorage.setItem('crackscope.asked', 'yes')")
        page = context.new_page()
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "console", lambda line: problems.append(line.text) if "Content Security" in line.text else None
        )
        page.goto(url)
        yield page
        assert problems == []
