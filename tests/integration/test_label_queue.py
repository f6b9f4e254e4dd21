"""Two people look at a project's labels on the page: keyboard, contrast, zoom, agreement, corrections.csv."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crackscope.dataset.corrections import Seen, read_corrections
from tests.helpers.browsers import DESKTOP, PHONE, opened, running_browser
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.servers import RunningServer, running_server
from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import PAGE_PATIENCE_MS, wait_for_job

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

#: The tiny bundle calls dark photos Positive and bright ones Negative: four of these labels are doubted.
DOUBTED = [
    ("Positive/white.png", photo_bytes(255)),
    ("Positive/pale.png", photo_bytes(250)),
    ("Negative/black.png", photo_bytes(0)),
    ("Negative/half.png", half_dark_photo((240, 180))),
]
OTHERS = [(f"Negative/{grey}.png", photo_bytes(grey)) for grey in range(251, 255)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    model = write_tiny_bundle(tmp_path_factory.mktemp("model")).folder
    with running_server(model, tmp_path_factory.mktemp("data"), "--threads", 1) as running:
        yield running


def _project(server: RunningServer) -> int:
    number: int = server.client.post("/v1/projects", json={"name": "Wall"}).json()["id"]
    files, data = form_files(*DOUBTED, *OTHERS), {"project_id": str(number)}
    wait_for_job(server.client, server.client.post("/v1/scan", files=files, data=data).json()["job"]["id"])
    return number


def _expect(subject: Any) -> Any:
    from playwright.sync_api import expect

    expect.set_options(timeout=PAGE_PATIENCE_MS)
    return expect(subject)


def _named(browser: Browser, server: RunningServer, project: int, who: str, **options: Any) -> Any:
    url = f"{server.url}/#/projects/{project}/labels"
    state = {"cookies": [], "origins": [_origin(server, who)]}
    return opened(browser, url, storage_state=state, **options)


def _origin(server: RunningServer, who: str) -> dict[str, Any]:
    return {"origin": server.url, "localStorage": [{"name": "crackscope.who", "value": who}]}


def _press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_two_people_answer_by_keyboard_see_their_agreement_and_take_corrections_away(
    browser: Browser, server: RunningServer, tmp_path: Path
) -> None:
    project = _project(server)
    with _named(browser, server, project, "Ann") as page:
        _expect(page.locator(".label-count")).to_have_text("Photo 1 of 5, 0 answered")
        assert page.locator("main").inner_text().count("png") == 0  # a file's name would say the label
        _press(page, "c", "h", "t", "u")
        _expect(page.locator(".label-count")).to_have_text("Photo 3 of 5, 2 answered")
        _press(page, "t", "h")
        page.get_by_role("button", name="Crack C").click()
        _expect(page.locator(".label-count")).to_have_text("Photo 5 of 5, 5 answered")
        _expect(page.get_by_role("button", name="Crack C")).to_have_attribute("aria-pressed", "true")
        _expect(page.locator(".label-agreement")).to_contain_text("only Ann has looked")
    with _named(browser, server, project, "Ben") as page:
        _expect(page.locator(".label-count")).to_have_text("Photo 1 of 5, 0 answered")
        _press(page, "c", "c", "t", "h", "c")
        # Four of five alike; by chance 9 of 25 would be.
        _expect(page.locator(".label-agreement")).to_contain_text(
            "Ann and Ben: 4 of 5 alike, Cohen's kappa 0.69"
        )
        page.reload()
        _expect(page.locator(".label-count")).to_have_text("Photo 5 of 5, 5 answered")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download corrections.csv").click()
        download.value.save_as(tmp_path / "corrections.csv")
    rows = read_corrections(tmp_path / "corrections.csv").rows
    assert sorted(row.seen for row in rows) == [
        Seen.CRACK, Seen.CRACK, Seen.HEALTHY, Seen.NOT_TO_BE_TOLD, Seen.NOT_TO_BE_TOLD,
    ]  # fmt: skip
    assert {row.seen_by for row in rows} == {"Ann and Ben"}


def test_the_pictures_are_there_and_grow(browser: Browser, server: RunningServer) -> None:
    with _named(browser, server, _project(server), "Ann") as page:
        pictures = page.locator(".label-pair img")
        _expect(pictures).to_have_count(2)
        page.wait_for_function(
            "[...document.querySelectorAll('.label-pair img')].every((one) => one.naturalWidth > 0)"
        )
        width = "document.querySelector('.label-pair img').getBoundingClientRect().width"
        before = page.evaluate(width)
        _press(page, "z")
        _expect(page.get_by_role("button", name="Zoom")).to_have_attribute("aria-pressed", "true")
        assert page.evaluate(width) > before


def test_an_answer_the_server_did_not_keep_is_taken_back(browser: Browser, server: RunningServer) -> None:
    with _named(browser, server, _project(server), "Ann") as page:
        _expect(page.locator(".label-count")).to_have_text("Photo 1 of 5, 0 answered")
        page.route("**/label", lambda route: route.fulfill(status=500, body="{}"))
        _press(page, "c")
        _expect(page.locator(".toast.problem")).to_be_visible()
        _expect(page.locator(".label-count")).to_have_text("Photo 2 of 5, 0 answered")


def test_whoever_has_no_name_is_asked_and_the_answer_is_of_the_photo_that_was_shown(
    browser: Browser, server: RunningServer
) -> None:
    url = f"{server.url}/#/projects/{_project(server)}/labels"
    with opened(browser, url, asks_for_name=True) as page:
        _expect(page.locator(".label-count")).to_have_text("Photo 1 of 5, 0 answered")
        _press(page, "ArrowRight", "h")
        page.get_by_label("Name", exact=True).fill("Cleo")
        page.get_by_role("button", name="Save").click()
        _expect(page.locator(".label-agreement")).to_contain_text("only Cleo has looked")
        _press(page, "ArrowLeft")
        _expect(page.locator(".label-count")).to_have_text("Photo 2 of 5, 1 answered")
        _expect(page.get_by_role("button", name="Healthy H")).to_have_attribute("aria-pressed", "true")


def test_the_gallery_leads_there_and_a_project_without_labels_says_what_is_missing(
    browser: Browser, server: RunningServer
) -> None:
    number = server.client.post("/v1/projects", json={"name": "Empty"}).json()["id"]
    with opened(browser, f"{server.url}/#/projects/{number}") as page:
        page.get_by_text("More", exact=True).click()
        page.get_by_role("button", name="Check labels").click()
        _expect(page.locator("main .empty")).to_contain_text("No photo here came with a label")
        page.keyboard.press("Escape")
        _expect(page).to_have_url(re.compile(rf"#/projects/{number}$"))


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
def test_axe_finds_nothing_serious_and_the_view_is_also_german(
    browser: Browser, server: RunningServer, theme: str, viewport: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    project = _project(server)
    options = {"color_scheme": theme, "viewport": viewport, "reduced_motion": "reduce", "locale": "de-DE"}
    with _named(browser, server, project, "Änne", **options) as page:
        _expect(page.locator("h1")).to_have_text("Ist ein Riss zu sehen?")
        _expect(page.locator(".label-count")).to_have_text("Foto 1 von 5, 0 beantwortet")
        _press(page, "c")
        _expect(page.locator(".label-agreement")).to_contain_text("nur Änne nachgesehen")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = axe.run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
