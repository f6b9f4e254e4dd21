"""Findings, elements and measured scales on the page, walked as an inspector would."""

from __future__ import annotations

import io
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from docx import Document
from openpyxl import load_workbook
from PIL import Image
from pypdf import PdfReader

from crackscope.bundle import ReviewBand
from crackscope.dataset.synthetic import make_photo
from tests.helpers.browsers import PHONE, opened, running_browser
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.servers import RunningServer, running_server
from tests.helpers.uploads import form_files, half_dark_photo
from tests.helpers.waiting import PAGE_PATIENCE_MS, wait_for_job

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

PHOTOS = ("pier 1/a.jpg", "pier 1/b.jpg", "deck underside/c.jpg")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    band = ReviewBand(low=0.02, high=0.9, alpha=0.05, fitted_on="nothing")
    return write_tiny_bundle(tmp_path_factory.mktemp("model"), review=band).folder


@pytest.fixture(scope="module")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(model, tmp_path_factory.mktemp("data"), "--threads", 1) as running:
        yield running


def _folder(folder: Path) -> Path:
    for seed, name in enumerate(PHOTOS):
        target = folder / "Bridge" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        scene = make_photo(np.random.default_rng(seed), (240, 320), cracks=1)
        stream = io.BytesIO()
        Image.fromarray(scene.pixels_hwc).save(stream, "JPEG")
        target.write_bytes(stream.getvalue())
    return folder / "Bridge"


def _project(server: RunningServer, **fields: str) -> int:
    """A project with one photo, white on the left and cracked on the right."""
    number: int = server.client.post("/v1/projects", json={"name": "Pier", **fields}).json()["id"]
    form = {"project_id": str(number), "tile_px": "64", "threshold": "0.3", "elements": "pier 1"}
    files = form_files(("half.png", half_dark_photo((320, 240))))
    wait_for_job(server.client, server.client.post("/v1/scan", files=files, data=form).json()["job"]["id"])
    return number


def _photo(server: RunningServer, project: int) -> dict[str, Any]:
    photo: dict[str, Any] = server.client.get(f"/v1/photos?project_id={project}").json()["photos"][0]
    return photo


def _at(server: RunningServer, project: int) -> str:
    return f"{server.url}/#/projects/{project}/photos/{_photo(server, project)['id']}"


def _findings(server: RunningServer, project: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.client.get(f"/v1/projects/{project}/findings").json()
    return found


def _expect(subject: Any) -> Any:
    from playwright.sync_api import expect

    expect.set_options(timeout=PAGE_PATIENCE_MS)
    return expect(subject)


def _point(page: Page, x: float, y: float) -> tuple[float, float]:
    """A point of the canvas, as shares of its width and height."""
    box = page.locator("canvas.stage").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def _click_along(page: Page, *points: tuple[float, float]) -> None:
    for x, y in points:
        page.mouse.click(*_point(page, x, y))


def _drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*_point(page, *start))
    page.mouse.down()
    page.mouse.move(*_point(page, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    page.mouse.move(*_point(page, *end))
    page.mouse.up()


def test_sub_folders_become_elements_with_counts_that_filter_and_can_be_renamed(
    browser: Browser, server: RunningServer, tmp_path: Path
) -> None:
    number = server.client.post("/v1/projects", json={"name": "Bridge"}).json()["id"]
    with opened(browser, f"{server.url}/#/projects/{number}") as page:
        page.get_by_role("button", name="Add photos").click()
        page.locator("dialog input[type=file]").nth(1).set_input_files(str(_folder(tmp_path)))
        _expect(page.locator(".element b")).to_have_text(["deck underside", "pier 1"])
        _expect(page.locator(".element").nth(1)).to_contain_text("2 photos")
        page.get_by_role("button", name="pier 1 2 photos").click()
        _expect(page.locator(".gallery a")).to_have_count(2)
        page.reload()
        _expect(page.locator(".gallery a")).to_have_count(2)
        page.get_by_role("button", name="Edit pier 1").click()
        page.locator("dialog").get_by_label("Name").fill("Pier 1, north")
        page.get_by_role("button", name="Save", exact=True).click()
        _expect(page.locator(".element b")).to_have_text(["deck underside", "Pier 1, north"])
        page.get_by_text("More", exact=True).click()
        page.get_by_role("button", name="Put the shown photos into an element").click()
        page.locator("dialog").get_by_label("Element").fill("deck underside")
        page.get_by_role("button", name="Put into it").click()
        _expect(page.locator(".element").first).to_contain_text("3 photos")


@pytest.mark.parametrize(
    ("paths", "elements"),
    [
        (["B/pier 1/a.jpg", "B/deck/north/b.jpg", "B/c.jpg"], ["pier 1", "deck / north", ""]),
        (["pier 1/a.jpg", "deck/b.jpg"], ["pier 1", "deck"]),
        (["DCIM/a.jpg", "DCIM/b.jpg"], ["", ""]),
        (["pier 1/a.jpg", "b.jpg"], ["", ""]),
        (["a.jpg", "b.jpg"], ["", ""]),
    ],
)
def test_elements_are_the_folders_below_what_was_chosen(
    browser: Browser, server: RunningServer, paths: list[str], elements: list[str]
) -> None:
    ask = """async (paths) => {
        const files = paths.map((path) => ({ name: path.split("/").pop(), webkitRelativePath: path }));
        const found = (await import("/page/chosen.js")).elementsOf(files);
        return files.map((file) => found.get(file) ?? "");
    }"""
    with opened(browser, server.url) as page:
        assert page.evaluate(ask, paths) == elements


def test_a_finding_is_drawn_stated_changed_and_withdrawn(browser: Browser, server: RunningServer) -> None:
    project = _project(server, condition_list="ri-ebw-pruef")
    with opened(browser, _at(server, project)) as page:
        _expect(page.locator(".findings")).to_contain_text("None stated yet")
        page.keyboard.press("l")
        _click_along(page, (0.6, 0.3), (0.65, 0.5), (0.6, 0.7))
        page.keyboard.press("Enter")
        _expect(page.locator(".finding-form")).to_contain_text("px long")
        assert page.get_by_label("Type").input_value() == ""
        assert page.get_by_label("Width, mm").input_value() == ""
        page.get_by_role("button", name="Save", exact=True).click()  # the type is missing
        page.get_by_label("Type").select_option("crack")
        page.get_by_label("Width, mm").fill("0,3")
        page.get_by_role("button", name="Save", exact=True).click()  # how it was measured is missing
        assert _findings(server, project) == []
        page.get_by_label("Measured with").select_option("crack ruler")
        page.get_by_label("S: Structural safety").select_option("1")
        page.get_by_label("Recommendation").fill("seal it")
        page.get_by_role("button", name="Save", exact=True).click()
        _expect(page.locator(".findings button")).to_contain_text("0.3 mm (crack ruler) · S 1")
        (stated,) = _findings(server, project)
        assert len(stated["statement"]["shape"]["points_xy"]) == 3
        assert (stated["statement"]["width_mm"], stated["statement"]["recommendation"]) == (0.3, "seal it")
        page.locator(".findings button").click()
        page.get_by_label("Note on the finding").fill("wet")
        page.get_by_role("button", name="Save", exact=True).click()
        _expect(page.locator(".finding-form")).to_have_count(0)
        assert _findings(server, project)[0]["statement"]["note"] == "wet"
        page.reload()
        page.locator(".findings button").click()
        page.get_by_text("History").click()
        _expect(page.locator(".finding-form .trail li")).to_have_count(2)
        _expect(page.get_by_label("Type")).to_have_value("crack")
        page.get_by_role("button", name="Withdraw").click()
        _expect(page.locator(".findings")).to_contain_text("None stated yet")
    assert _findings(server, project) == []


def test_a_region_becomes_a_finding_and_shapes_are_drawn_with_keys_alone(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server)
    region = _photo(server, project)["result"]["regions"][0]["box_ltrb_px"]
    with opened(browser, _at(server, project)) as page:
        _expect(page.locator(".regions:not(.findings) button").first).to_be_visible()
        page.keyboard.press("1")
        page.keyboard.press("t")
        page.get_by_label("Type").select_option("joint")
        page.get_by_label("Type").press("Control+Enter")
        _expect(page.locator(".findings button")).to_have_count(1)
        page.keyboard.press("g")
        for keys in ("Space", "ArrowRight ArrowRight Space", "ArrowDown ArrowDown Space"):
            for key in keys.split():
                page.keyboard.press(key)
        page.keyboard.press("Enter")
        page.get_by_label("Type").select_option("spalling")
        page.get_by_label("Type").press("Control+Enter")
        _expect(page.locator(".findings button")).to_have_count(2)
    joint, spalling = (finding["statement"]["shape"] for finding in _findings(server, project))
    assert joint == {"kind": "box", "points_xy": [region[:2], region[2:]]}
    (first, second, third) = spalling["points_xy"]
    assert spalling["kind"] == "polygon"
    assert (second[0] > first[0], second[1] == first[1]) == (True, True)
    assert (third[0] == second[0], third[1] > second[1]) == (True, True)


def test_two_points_set_the_scale_of_the_element_and_lengths_are_measured_afterwards(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server)
    with opened(browser, _at(server, project)) as page:
        _expect(page.locator(".scale-bar")).to_have_text("uncalibrated")
        _expect(page.locator(".panel")).not_to_contain_text("mm/px")
        page.keyboard.press("m")
        _drag(page, (0.3, 0.5), (0.6, 0.5))
        page.get_by_label("True length").fill("200")
        page.get_by_label("for all 1 photos of pier 1").check()
        page.get_by_role("button", name="Set the scale").click()
        _expect(page.locator(".scale-bar")).to_contain_text("mm")
        _expect(page.locator(".panel")).to_contain_text("measured")
        scale = _photo(server, project)["scale"]
        (left, _), (right, _) = scale["measured"]["points_xy"]
        assert scale["mm_per_px"] == pytest.approx(200 / abs(right - left))
        page.keyboard.press("m")
        _click_along(page, (0.3, 0.5), (0.45, 0.5))
        _expect(page.locator(".measured")).to_contain_text("mm long")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Take the scale back").click()
        _expect(page.locator(".scale-bar")).to_have_text("uncalibrated")
    (element,) = server.client.get(f"/v1/projects/{project}/elements").json()
    assert element["mm_per_px"] == pytest.approx(scale["mm_per_px"])


def test_the_server_is_killed_while_a_finding_is_stated_and_it_is_kept_once(
    browser: Browser, model: Path, tmp_path: Path
) -> None:
    with running_server(model, tmp_path, "--threads", 1) as first:
        project = _project(first)
        port = httpx.URL(first.url).port
        with opened(browser, _at(first, project)) as page:
            page.keyboard.press("l")
            _click_along(page, (0.6, 0.3), (0.65, 0.5))
            page.keyboard.press("Enter")
            page.get_by_label("Type").select_option("crack")
            os.kill(first.process.pid, signal.SIGKILL)
            first.process.wait()
            page.get_by_role("button", name="Save", exact=True).click()
            _expect(page.locator("#connection")).to_contain_text("1 review waits")
            with running_server(model, tmp_path, "--threads", 1, "--port", port) as second:
                _expect(page.locator(".findings button")).to_have_count(1)
                assert [finding["number"] for finding in _findings(second, project)] == [1]


def test_an_inspection_from_folder_to_report_survives_a_killed_server(
    browser: Browser, model: Path, tmp_path: Path
) -> None:
    """Two sub-folders, a scale, a rejected region, a typed finding; the report says that and nothing else."""
    for name, size_wh in (("pier 1/a.png", (320, 240)), ("deck/b.png", (300, 240))):
        target = tmp_path / "Bridge" / name
        target.parent.mkdir(parents=True)
        target.write_bytes(half_dark_photo(size_wh))
    with running_server(model, tmp_path / "data", "--threads", 1) as first:
        fields = {"name": "Bridge", "condition_list": "aashto"}
        project = first.client.post("/v1/projects", json=fields).json()["id"]
        port = httpx.URL(first.url).port
        with opened(browser, f"{first.url}/#/projects/{project}") as page:
            page.get_by_role("button", name="Add photos").click()
            page.locator("dialog input[type=file]").nth(1).set_input_files(str(tmp_path / "Bridge"))
            _expect(page.locator(".element b")).to_have_text(["deck", "pier 1"])
            _expect(page.locator(".gallery .badge.positive")).to_have_count(2)
            page.get_by_role("link", name="pier 1/a.png").click()
            page.keyboard.press("m")
            _drag(page, (0.3, 0.5), (0.6, 0.5))
            page.get_by_label("True length").fill("100")
            page.get_by_role("button", name="Set the scale").click()
            _expect(page.locator(".scale-bar")).to_contain_text("mm")
            page.keyboard.press("l")
            _click_along(page, (0.6, 0.3), (0.6, 0.7))
            page.keyboard.press("Enter")
            page.get_by_label("Type").select_option("crack")
            page.get_by_label("Width, mm").fill("0.4")
            page.get_by_label("Measured with").select_option("loupe")
            page.get_by_label("Condition state").select_option("CS3")
            os.kill(first.process.pid, signal.SIGKILL)
            first.process.wait()
            page.get_by_role("button", name="Save", exact=True).click()
            _expect(page.locator("#connection")).to_contain_text("waits")
            with running_server(model, tmp_path / "data", "--threads", 1, "--port", port) as second:
                _expect(page.locator(".findings button")).to_contain_text("0.4 mm (loupe) · CS3")
                page.locator(".steps button:enabled").click()
                _expect(page.locator("h1")).to_contain_text("deck/b.png")
                page.keyboard.press("1")
                page.keyboard.press("x")
                _expect(page.locator(".question")).to_contain_text("Every region is rejected")
                page.get_by_role("button", name="No crack: Negative").click()
                _expect(page.locator(".answer")).to_contain_text("No crack found")
                (finding,) = _findings(second, project)
                _assert_reported(second, project, finding, tmp_path)


def _assert_reported(server: RunningServer, project: int, finding: dict[str, Any], folder: Path) -> None:
    for form in ("html", "pdf", "xlsx", "docx"):
        answer = server.client.get(f"/v1/projects/{project}/report.{form}")
        (folder / f"report.{form}").write_bytes(answer.raise_for_status().content)
    html = (folder / "report.html").read_text(encoding="utf-8")
    pages = PdfReader(folder / "report.pdf").pages
    pdf = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
    word = Document(str(folder / "report.docx"))
    cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
    words = " ".join([*cells, *(paragraph.text for paragraph in word.paragraphs)])
    assert all(text in words for text in ("F1", "0.4 (loupe)", "Element: pier 1", "rejected by"))
    for text in (html, pdf):
        assert "0.4 (loupe)" in text
        assert "Element: pier 1" in text
        assert "rejected by" in text
        assert text.index("F1") < text.index("Summary</h2>" if text is html else "Photos by class")
    book = load_workbook(folder / "report.xlsx")
    titles, row = book["Findings"].iter_rows(values_only=True)
    stated = dict(zip(titles, row, strict=True))
    assert (stated["Element"], stated["Type"], stated["Class"]) == ("pier 1", "crack", "CS3")
    assert (stated["Width (mm)"], stated["Length (mm)"]) == (0.4, finding["length_mm"])
    photos = [row[1:4] for row in book["Photos"].iter_rows(values_only=True)][1:]
    assert sorted(photos) == [
        ("Bridge/deck/b.png", "Negative", "Positive"),
        ("Bridge/pier 1/a.png", "Positive", "Positive"),
    ]


def test_the_menus_hold_their_longest_entries_on_a_phone(browser: Browser, server: RunningServer) -> None:
    project = _project(server)
    german = f"{server.url}/#/projects/{project}"
    with opened(browser, german, viewport=PHONE, locale="de-DE") as page:
        for name in ("Bericht", "Export", "Mehr"):
            menu = page.locator("details.menu").filter(has=page.locator("summary", has_text=name))
            menu.locator("summary").click()
            _expect(menu.locator(".panel")).to_be_visible()
            assert menu.locator(".panel").evaluate("e => e.scrollWidth <= e.clientWidth"), name
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
            menu.locator("summary").click()


def test_axe_finds_nothing_serious_and_a_phone_draws_a_finding(
    browser: Browser, server: RunningServer
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    project = _project(server, condition_list="aashto")
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "locale": "de-DE"}
    with opened(browser, _at(server, project), **phone) as page:
        page.get_by_role("button", name="Linie").tap()
        for x, y in ((0.6, 0.3), (0.65, 0.5), (0.6, 0.6)):
            page.touchscreen.tap(*_point(page, x, y))
        page.get_by_role("button", name="Fertig").tap()
        page.locator(".finding-form").get_by_label("Art").select_option("Riss")
        _assert_accessible(axe, page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.get_by_role("button", name="Speichern", exact=True).tap()
        _expect(page.locator(".findings button")).to_contain_text("Feststellung 1")
    assert len(_findings(server, project)[0]["statement"]["shape"]["points_xy"]) == 3
    with opened(browser, f"{server.url}/#/projects/{project}") as page:
        _expect(page.locator(".element b")).to_have_text(["pier 1"])
        _expect(page.locator(".element")).to_contain_text("1 finding")
        page.get_by_text("More", exact=True).click()
        page.get_by_role("button", name="All findings").click()
        _assert_accessible(axe, page)
        page.locator("dialog").get_by_role("link", name="F1 crack").click()
        _expect(page.locator(".findings button")).to_contain_text("Finding 1")
        page.go_back()
        _expect(page.locator(".element")).to_have_count(1)
        _assert_accessible(axe, page)


def _assert_accessible(axe: Any, page: Page) -> None:
    violations = axe.run(page).response["violations"]
    serious = [each for each in violations if each["impact"] in ("serious", "critical")]
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in serious] == []
