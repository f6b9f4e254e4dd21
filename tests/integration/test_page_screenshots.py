"""The pictures of the page in docs/images, made of synthetic photos by one command:

CRACKSCOPE_SCREENSHOTS=docs/images python -m pytest tests/integration/test_page_screenshots.py
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from crackscope.bundle import shipped_bundle_path
from crackscope.dataset.synthetic import make_photo
from tests.helpers.browsers import PHONE, opened, running_browser
from tests.helpers.servers import RunningServer, running_server
from tests.helpers.uploads import form_files
from tests.helpers.waiting import PAGE_PATIENCE_MS, wait_for_job

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FOLDER = os.environ.get("CRACKSCOPE_SCREENSHOTS")
LIMIT_BYTES = 200_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FOLDER is None, reason="CRACKSCOPE_SCREENSHOTS names no folder for the pictures"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(shipped_bundle_path(), tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


def test_the_pictures_of_the_documentation(browser: Browser, server: RunningServer) -> None:
    project = {
        "name": "Isar bridge, main inspection",
        "structure": "Road bridge B11",
        "inspector": "A. Huber",
        "inspected_on": "2026-05-12",
        "condition_list": "aashto",
    }
    client = server.client
    client.post("/v1/projects", json=project)
    elements = ["Pier 3, north face"] * 7 + ["Deck, underside"] * 5
    form = {"project_id": "1", "mm_per_px": "0.4", "elements": elements}
    job = client.post("/v1/scan", files=form_files(*_photos()), data=form).json()["job"]
    wait_for_job(client, job["id"])
    who = {"X-Crackscope-User": "A. Huber"}
    photos = client.get("/v1/photos?project_id=1&sort=score").json()["photos"]
    for photo, fields in zip(
        photos, ({"action": "confirm"}, {"action": "reject", "note": "A joint, not a crack."}), strict=False
    ):
        client.post(f"/v1/photos/{photo['id']}/reviews", json=fields, headers=who)
    best = client.get("/v1/photos?project_id=1&name=pier-07").json()["photos"][0]
    box = best["result"]["regions"][0]["box_ltrb_px"]
    act = {"action": "confirm", "box_ltrb": box, "note": "Width to be measured on site."}
    client.post(f"/v1/photos/{best['id']}/reviews", json=act, headers=who)
    client.post(f"/v1/photos/{best['id']}/findings", json=_finding(), headers=who).raise_for_status()
    gallery, photo = f"{server.url}/#/projects/1", f"{server.url}/#/projects/1/photos/{best['id']}"
    for name, url, ready, options in (
        ("page-gallery", f"{gallery}?t=0.9", ".thumb img", {}),
        ("page-viewer", photo, ".trail li", {}),
        ("page-viewer-dark", photo, ".trail li", {"color_scheme": "dark", "locale": "de-DE"}),
        ("page-phone", photo, ".trail li", {"viewport": PHONE}),
    ):
        with opened(browser, url, **options) as page:
            page.evaluate("localStorage.setItem('crackscope.who', 'A. Huber')")
            page.reload()
            expect(page.locator(ready).first).to_be_visible(timeout=PAGE_PATIENCE_MS)
            _save(page, name)
            if name == "page-viewer":
                page.locator(".findings button").click()
                expect(page.locator(".finding-form")).to_be_visible(timeout=PAGE_PATIENCE_MS)
                _save(page, "page-finding")


def _finding() -> dict[str, Any]:
    """What an inspector states of the crack of pier-07.jpg."""
    return {
        "kind": "crack",
        "shape": {"kind": "polyline", "points_xy": _line_along(_scene(106, 1).mask_hw)},
        "width_mm": 0.3,
        "width_method": "crack ruler",
        "ratings": [{"scale": "", "code": "CS2"}],
        "recommendation": "Seal within a year.",
        "note": "Damp at the lower end.",
    }


def _line_along(mask_hw: np.ndarray) -> list[list[int]]:
    """Points along a painted crack from the left, 80 pixels apart; at a fork the way that is nearer."""
    points: list[list[int]] = []
    for x in range(0, mask_hw.shape[1], 80):
        ys = np.flatnonzero(mask_hw[:, x])
        if len(ys):
            before = points[-1][1] if points else int(np.median(ys))
            points.append([x, int(ys[np.abs(ys - before).argmin()])])
    return points


def _scene(seed: int, cracks: int) -> Any:
    return make_photo(np.random.default_rng(seed), (900, 1200), cracks=cracks)


def _photos() -> list[tuple[str, bytes]]:
    return [
        (
            f"pier-{seed - 99:02}.jpg",
            _jpeg(_scene(seed, cracks)),
        )
        for seed, cracks in zip(range(100, 112), [1, 0, 2, 0, 1, 0] * 2, strict=True)
    ]


def _jpeg(scene: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(scene.pixels_hwc).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def _save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)  # the last frame of the canvas
    assert FOLDER is not None
    target = Path(FOLDER) / f"{name}.jpg"
    page.screenshot(path=target, type="jpeg", quality=80)
    assert target.stat().st_size < LIMIT_BYTES
