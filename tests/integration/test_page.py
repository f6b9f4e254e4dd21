"""The page in a real browser against a real server: what an inspector does in a day, and what goes wrong."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import pytest
from PIL import Image

from crackscope.bundle import ReviewBand
from crackscope.dataset.synthetic import make_photo
from crackscope.labels import shown_score
from tests.helpers.browsers import DESKTOP, PHONE, opened, running_browser
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.servers import RunningServer, running_server
from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import PAGE_PATIENCE_MS, wait_for_job

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=window.hurt=1>.png"
LONG = "a very long name " * 12 + ".png"


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


def _photos() -> list[tuple[str, bytes]]:
    synthetic = [
        (f"synthetic-{seed}.jpg", _jpeg(make_photo(np.random.default_rng(seed), (240, 320), cracks=1)))
        for seed in (1, 2)
    ]
    known = [
        ("black.png", photo_bytes(0)),
        ("half.png", half_dark_photo((240, 180))),
        ("white.png", photo_bytes(255)),
    ]
    return [*synthetic, *known]


def _jpeg(scene: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(scene.pixels_hwc).save(stream, "JPEG")
    return stream.getvalue()


def _project(server: RunningServer, photos: list[tuple[str, bytes]], **settings: str) -> int:
    """A scanned project, made by the API."""
    number: int = server.client.post("/v1/projects", json={"name": "Pier"}).json()["id"]
    form = {"project_id": str(number), **settings}
    job = server.client.post("/v1/scan", files=form_files(*photos), data=form).json()["job"]
    wait_for_job(server.client, job["id"])
    return number


def _photo(server: RunningServer, project: int, name: str) -> dict[str, Any]:
    found = server.client.get("/v1/photos", params={"project_id": project, "name": name}).json()["photos"]
    photo: dict[str, Any] = found[0]
    return photo


def _trail(client: httpx.Client, photo: int) -> list[tuple[str, str | None]]:
    return [(row["action"], row["new_label"]) for row in client.get(f"/v1/photos/{photo}/reviews").json()]


def _at(server: RunningServer, project: int, photo: int = 0) -> str:
    return f"{server.url}/#/projects/{project}" + (f"/photos/{photo}" if photo else "")


def _expect(subject: Any) -> Any:
    from playwright.sync_api import expect

    expect.set_options(timeout=PAGE_PATIENCE_MS)  # machines of tests are busy
    return expect(subject)


def _names(page: Page) -> list[str]:
    return page.locator(".gallery .name").all_inner_texts()


def _slide(page: Page, label: str, value: float) -> None:
    page.get_by_label(label).fill(str(value))


def test_a_stranger_makes_a_project_uploads_and_finds_the_photos(
    browser: Browser, server: RunningServer
) -> None:
    with opened(browser, server.url) as page:
        page.get_by_role("button", name="New project").first.click()
        page.get_by_label("Name", exact=True).fill(HOSTILE)
        page.get_by_label("Notes").fill("<script>window.hurt = 1</script>")
        page.get_by_role("button", name="Create project").click()
        page.get_by_role("button", name="Choose photos").click()
        page.get_by_label("Scale").fill("0.5")
        files = [*_photos(), ("notes.txt", b"no photo"), (HOSTILE, photo_bytes(90)), (LONG, photo_bytes(10))]
        page.locator("dialog input[type=file]").first.set_input_files(
            [{"name": name, "mimeType": "image/png", "buffer": data} for name, data in files]
        )
        _expect(page.locator("#uploads")).to_contain_text("1 file was taken but can't be scanned")
        _expect(page.locator("#uploads li")).to_contain_text("notes.txt")
        _expect(page.locator(".gallery .badge.positive, .gallery .badge.negative")).to_have_count(7)
        _expect(page.locator(".gallery a")).to_have_count(8)
        page.get_by_label("Sort by").select_option("name")
        _expect(page.locator(".gallery .name").nth(1)).to_have_text(LONG.strip())
        assert _names(page) == [name.strip() for name in sorted((name for name, _ in files), key=str.lower)]
        page.get_by_label("Sort by").select_option("score")
        _expect(page.locator(".gallery .name").first).to_have_text("black.png")
        page.get_by_role("button", name=re.compile("Failed")).click()
        _expect(page.locator(".gallery .name")).to_have_text(["notes.txt"])
        page.reload()
        _expect(page.locator(".gallery .name")).to_have_text(["notes.txt"])
        page.get_by_role("button", name=re.compile("All")).click()
        page.get_by_label("Find by name").fill("half")
        _expect(page.locator(".gallery .name")).to_have_text(["half.png"])
        page.locator(".gallery a").click()
        _expect(page.locator(".scale-bar")).to_contain_text("mm")
        assert page.evaluate("window.hurt") is None


def test_a_threshold_is_tried_out_in_the_viewer_and_the_gallery_and_nothing_is_saved(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server, _photos())
    half = _photo(server, project, "half")
    with opened(browser, _at(server, project, half["id"])) as page:
        _expect(page.locator(".answer")).to_contain_text("Cracked")
        _expect(page.locator(".regions button")).to_have_count(len(half["result"]["regions"]))
        _expect(page.locator(".scale-bar")).to_have_text("uncalibrated")
        _slide(page, "Positive from a score of", 0.995)
        _expect(page.locator(".verdict .whatif")).to_contain_text("would be Negative")
        _expect(page.locator(".regions button")).to_have_count(0)
        counted = server.client.get(f"/v1/photos/counts?project_id={project}&threshold=0.995").json()
        assert counted["would_change"] > 0
        _expect(page.locator(".effect")).to_contain_text(f"{counted['would_change']} photo")
        page.get_by_role("link", name="Back to the photos").click()
        _expect(page.locator(".card.changes")).to_have_count(counted["would_change"])
        page.get_by_label("Show only these").check()
        _expect(page.locator(".gallery a")).to_have_count(counted["would_change"])
        page.get_by_role("button", name="Reset").click()
        _expect(page.locator(".gallery a")).to_have_count(len(_photos()))
    assert _photo(server, project, "half")["result"] == half["result"]


def test_regions_of_the_slider_are_those_of_the_scan(browser: Browser, server: RunningServer) -> None:
    ask = """async ([grid, photo, threshold]) =>
        (await import("/page/regions.js")).regionsAt(grid, photo, threshold)"""
    with opened(browser, server.url) as page:
        for threshold in ("0.05", "0.3", "0.45"):
            project = _project(server, _photos(), threshold=threshold, tile_px="64")
            photos = server.client.get(f"/v1/photos?project_id={project}").json()["photos"]
            positive = [photo for photo in photos if photo["label"] == "Positive"]
            assert positive
            for photo in positive:
                grid = server.client.get(f"/v1/photos/{photo['id']}/grid").json()
                found = page.evaluate(ask, [grid, photo, float(threshold)])
                keys = ("region", "box_ltrb_px", "area_px")
                assert [[region[key] for key in keys] for region in found] == [
                    [region[key] for key in keys] for region in photo["result"]["regions"]
                ]


def test_a_review_by_keyboard_is_kept_at_once_undone_and_still_there_after_a_reload(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server, _photos())
    photo = _photo(server, project, "half")["id"]
    with opened(browser, _at(server, project, photo)) as page:
        page.get_by_role("button", name="Set your name").click()
        page.get_by_label("Name", exact=True).fill("Jörg Ä")
        page.get_by_role("button", name="Save", exact=True).click()
        _expect(page.get_by_text("Kept under Jörg Ä")).to_be_visible()
        page.keyboard.press("e")
        page.keyboard.type("a shadow <b>only</b>")
        page.keyboard.press("Escape")
        page.keyboard.press("x")
        _expect(page.locator(".trail li")).to_contain_text("Jörg Ä rejected Positive, now Negative")
        _expect(page.locator(".trail q")).to_have_text("a shadow <b>only</b>")
        _expect(page.locator(".answer")).to_contain_text("No crack found")
        page.keyboard.press("1")
        _expect(page.get_by_text("of the selected box")).to_be_visible()
        _expect(page.locator(".regions .badge")).to_have_text("Negative")  # with the photo
        page.keyboard.press("x")
        _expect(page.locator(".regions .badge")).to_have_text("Positive")
        _expect(page.locator(".answer")).to_contain_text("Cracked")
        page.keyboard.press("u")
        _expect(page.locator(".regions .badge")).to_have_text("Negative")
        page.reload()
        _expect(page.locator(".answer")).to_contain_text("No crack found")
        _expect(page.locator(".trail li")).to_have_count(3)
        page.keyboard.press("u")
        _expect(page.locator(".answer")).to_contain_text("Cracked")
        page.keyboard.press("Escape")
        _expect(page.locator(".gallery a").first).to_be_visible()
    rows = server.client.get(f"/v1/photos/{photo}/reviews").json()
    assert [(row["action"], row["undone"], row["who"]) for row in rows] == [
        ("reject", True, "Jörg Ä"),
        ("reject", True, "Jörg Ä"),
        ("undo", False, "Jörg Ä"),
        ("undo", False, "Jörg Ä"),
    ]


def test_a_box_is_drawn_and_labelled_and_photos_follow_each_other(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server, _photos())
    photo = _photo(server, project, "white")
    with opened(browser, _at(server, project, photo["id"])) as page:
        _expect(page.locator(".answer")).to_contain_text("No crack found")
        page.keyboard.press("b")
        canvas = page.locator("canvas").bounding_box()
        assert canvas is not None
        middle_x, middle_y = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
        page.mouse.move(middle_x - 60, middle_y - 60)
        page.mouse.down()
        page.mouse.move(middle_x + 60, middle_y + 60, steps=4)
        page.mouse.up()
        page.keyboard.press("p")
        _expect(page.locator(".regions .badge")).to_have_text("Positive")
        _expect(page.locator(".trail li")).to_have_count(1)  # the badge is there before the answer is
        (row,) = server.client.get(f"/v1/photos/{photo['id']}/reviews").json()
        left, top, right, bottom = row["box_ltrb"]
        assert (left + right) / 2 == pytest.approx(photo["width_px"] / 2, abs=1)
        assert (top + bottom) / 2 == pytest.approx(photo["height_px"] / 2, abs=1)
        page.keyboard.press("0")
        place = page.locator(".steps").inner_text()
        page.keyboard.press("ArrowRight" if "1 of" in place else "ArrowLeft")
        _expect(page.locator(".steps")).not_to_have_text(place)
        before = page.locator("h1").inner_text()
        page.get_by_label("After a decision").check()
        page.locator("canvas").focus()
        page.keyboard.press("c")
        _expect(page.locator("h1")).not_to_have_text(before)


def test_the_photo_is_zoomed_by_wheel_and_keys_and_stays_in_sight(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server, _photos(), mm_per_px="1")
    photo = _photo(server, project, "half")["id"]
    with opened(browser, _at(server, project, photo)) as page:
        bar = page.locator(".scale-bar")
        _expect(bar).to_contain_text("mm")
        fitted = bar.inner_text()
        page.locator("canvas").hover()
        page.mouse.wheel(0, -900)
        _expect(bar).not_to_have_text(fitted)
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("f")
        _expect(bar).to_have_text(fitted)


def test_two_people_see_each_others_decisions_and_none_is_lost(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server, _photos())
    photo = _photo(server, project, "half")["id"]
    with opened(browser, _at(server, project, photo)) as one, opened(browser, one.url) as two:
        _expect(two.locator(".answer")).to_contain_text("Cracked")
        one.keyboard.press("n")
        _expect(one.locator(".trail li")).to_have_count(1)
        two.bring_to_front()
        _expect(two.locator(".answer")).to_contain_text("No crack found")
        # The second looks away and decides on what it saw before the first changed it again.
        two.route("**/v1/photos/counts*", lambda route: None)
        server.client.post(f"/v1/photos/{photo}/reviews", json={"action": "reject"})
        two.keyboard.press("x")
        _expect(two.locator("#toasts")).to_contain_text("Someone else set the label to Positive meanwhile")
        _expect(two.locator(".answer")).to_contain_text("Cracked")
        two.unroute_all(behavior="ignoreErrors")
    assert _trail(server.client, photo) == [("relabel", "Negative"), ("reject", "Positive")]


def test_what_two_people_write_into_a_project_is_both_kept(browser: Browser, server: RunningServer) -> None:
    project = _project(server, _photos()[:1])
    with opened(browser, _at(server, project)) as page:
        page.get_by_text("More", exact=True).click()
        page.get_by_role("button", name="Edit project").click()
        page.get_by_label("Element").fill("Pier 3")
        server.client.patch(f"/v1/projects/{project}", json={"inspector": "Anna", "element": "Deck"})
        page.get_by_role("button", name="Save").click()
        _expect(page.get_by_role("alert")).to_contain_text("“Deck”")
        page.get_by_role("button", name="Save").click()
        _expect(page.locator(".head")).to_contain_text("Pier 3")
        page.get_by_text("More", exact=True).click()
        page.get_by_role("button", name="Delete project").click()
        page.get_by_role("button", name="Delete for good").click()
        _expect(page.locator("h1")).to_have_text("Projects")
        assert server.client.get(f"/v1/projects/{project}").status_code == 404


def test_a_logo_that_is_refused_makes_no_second_project(browser: Browser, server: RunningServer) -> None:
    def chosen(data: bytes) -> Any:
        return {"name": "logo.png", "mimeType": "image/png", "buffer": data}

    with opened(browser, server.url) as page:
        page.get_by_role("button", name="New project").click()
        page.get_by_label("Name", exact=True).fill("With a logo")
        page.get_by_label("Logo").set_input_files(chosen(b"no picture"))
        page.get_by_role("button", name="Create project").click()
        _expect(page.get_by_role("alert")).to_contain_text("expected a PNG or JPEG")
        page.get_by_label("Logo").set_input_files(chosen(photo_bytes()))
        page.get_by_role("button", name="Create project").click()
        _expect(page.locator("h1")).to_contain_text("With a logo")
    projects = [each for each in server.client.get("/v1/projects").json() if each["name"] == "With a logo"]
    assert [each["has_logo"] for each in projects] == [True]


def test_export_and_reports_are_downloaded(browser: Browser, server: RunningServer) -> None:
    project = _project(server, _photos())
    server.client.post(
        f"/v1/photos/{_photo(server, project, 'half')['id']}/reviews", json={"action": "reject"}
    )
    with opened(browser, _at(server, project)) as page:
        for button, start in (("Export reviews", b"PK"), ("HTML", b"<!doctype html>"), ("Excel", b"PK")):
            page.get_by_text("Report", exact=True).click()
            if button == "Export reviews":
                page.get_by_role("button", name=re.compile(button)).click()
                _expect(page.locator("dialog")).to_contain_text("Only places that a person decided on")
                button_name: Any = "Export"
            else:
                button_name = re.compile(button)
            with page.expect_download() as download:
                page.get_by_role("button", name=button_name, exact=isinstance(button_name, str)).click()
            data = Path(download.value.path()).read_bytes()
            assert data[: len(start)].lower() == start.lower()
            if button == "Export reviews":
                assert "manifest.csv" in zipfile.ZipFile(io.BytesIO(data)).namelist()


def test_suggestions_lead_to_the_place_to_review(browser: Browser, server: RunningServer) -> None:
    project = _project(server, _photos())
    with opened(browser, _at(server, project)) as page:
        page.get_by_role("button", name="Suggest what to review").click()
        page.locator(".suggestions a").first.click()
        _expect(page.get_by_text("of the selected box")).to_be_visible()
        _expect(page.locator(".queue")).to_contain_text("Suggestion 1 of")
        page.keyboard.press("n")
        _expect(page.locator(".queue")).to_contain_text("Suggestion 2 of")
        page.get_by_role("button", name="Skip").click()
        _expect(page.locator(".queue")).to_contain_text("Suggestion 3 of")
    decided = server.client.get(f"/v1/projects/{project}/reviews").json()
    assert [(row["action"], row["new_label"]) for row in decided] == [("relabel", "Negative")]


def test_a_project_is_scanned_again_with_the_threshold_that_was_tried(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server, _photos())
    with opened(browser, _at(server, project) + "?t=0.995") as page:
        page.get_by_role("button", name="Scan again with this threshold").click()
        page.get_by_role("button", name="Scan again", exact=True).click()
        _expect(page.locator(".gallery .badge.positive")).to_have_count(0)
    assert _photo(server, project, "half")["result"]["threshold"] == 0.995


def test_the_photos_of_one_site_get_its_cut_to_try(browser: Browser, server: RunningServer) -> None:
    few = _project(server, _photos())
    many = _project(
        server, [(f"{grey}.png", photo_bytes(grey)) for grey in (*range(200, 230), *range(5, 35))]
    )
    cut = server.client.get(f"/v1/projects/{many}/site-cut").json()
    assert cut["threshold"] > cut["model_threshold"]
    for project, shown in ((few, "The threshold stays"), (many, f"Positive from {cut['threshold']:.3f}")):
        with opened(browser, _at(server, project)) as page:
            page.get_by_text("Try another threshold").click()
            page.get_by_role("button", name="These photos are one site").click()
            _expect(page.locator(".site-cut p")).to_contain_text(shown)
            _expect(page.locator(".threshold.tried")).to_have_count(int(project == many))


def test_many_photos_come_page_by_page_and_keys_move_between_them(
    browser: Browser, server: RunningServer
) -> None:
    photos = [(f"{number:03}.png", photo_bytes(number * 4, (16, 16))) for number in range(50)]
    project = _project(server, photos)
    with opened(browser, _at(server, project) + "?sort=name") as page:
        _expect(page.locator(".gallery a")).to_have_count(48)
        page.locator(".gallery a").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        _expect(page.locator(".steps")).to_contain_text("2 of 50")
        page.keyboard.press("Escape")
        _expect(page.locator(".gallery a").nth(1)).to_be_focused()
        page.get_by_role("button", name="Next page").click()
        _expect(page.locator(".gallery .name").first).to_have_text("048.png")
        page.reload()
        _expect(page.locator(".pages")).to_contain_text("49–50 of 50")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_the_server_is_killed_and_comes_back_and_nothing_is_lost(
    browser: Browser, model: Path, tmp_path: Path
) -> None:
    port = _free_port()
    options = ("--port", port, "--threads", 1)
    with running_server(model, tmp_path / "data", *options) as server:
        project = _project(server, _photos())
        photo = _photo(server, project, "half")["id"]
        context = opened(browser, _at(server, project, photo))
        page = context.__enter__()
        _expect(page.locator(".answer")).to_contain_text("Cracked")
        server.process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
        server.process.wait(30)
    page.keyboard.press("n")
    _expect(page.locator("#connection")).to_contain_text("The server does not answer")
    _expect(page.locator("#connection")).to_contain_text("1 review waits here")
    _expect(page.locator(".answer")).to_contain_text("No crack found")
    with running_server(model, tmp_path / "data", *options) as server:
        _expect(page.locator("#toasts")).to_contain_text("The server is back")
        _expect(page.locator(".trail li")).to_have_count(1)
        page.reload()
        _expect(page.locator(".answer")).to_contain_text("No crack found")
        assert _trail(server.client, photo) == [("relabel", "Negative")]
        context.__exit__(None, None, None)


@pytest.mark.parametrize("arrives", [True, False])
def test_an_answer_that_got_lost_is_stored_once_whatever_a_colleague_does(
    browser: Browser, server: RunningServer, arrives: bool
) -> None:
    project = _project(server, _photos())
    photo = _photo(server, project, "half")["id"]
    new = photo_bytes(200)
    lost: list[str] = []

    def lose_the_first_answer(route: Any) -> None:
        request = route.request
        if request.method != "POST" or request.url in lost:
            return route.continue_()
        lost.append(request.url)
        if arrives:
            route.fetch()
        if request.url.endswith("/v1/scan"):
            # A colleague's photo of the same name and size comes in between.
            form = {"project_id": str(project)}
            server.client.post("/v1/scan", files=form_files(("new.png", new)), data=form)
        return route.abort()

    with opened(browser, _at(server, project, photo)) as page:
        page.route(re.compile("/reviews$|/v1/scan$"), lose_the_first_answer)
        page.reload()  # what a page that is open already asks next may still pass the route by
        _expect(page.locator(".answer")).to_contain_text("Cracked")
        page.keyboard.press("x")
        _expect(page.locator(".trail li")).to_have_count(1)
        page.get_by_role("link", name="Back to the photos").click()
        page.get_by_role("button", name="Add photos").click()
        page.get_by_label("Skip photos").uncheck()
        file = {"name": "new.png", "mimeType": "image/png", "buffer": new}
        page.locator("dialog input[type=file]").first.set_input_files([file])
        _expect(page.locator("#uploads")).to_contain_text("1 photo uploaded")
        assert len(lost) == 2
    assert _trail(server.client, photo) == [("reject", "Negative")]
    found = server.client.get(f"/v1/photos?project_id={project}&name=new.png").json()
    assert found["total"] == 2


def test_a_token_is_asked_for_and_pictures_come_with_it(
    browser: Browser, model: Path, tmp_path: Path
) -> None:
    from crackscope.serving.auth import USERS_NAME, Users

    (tmp_path / "data").mkdir()
    token = Users(tmp_path / "data" / USERS_NAME).add("anna")
    with running_server(model, tmp_path / "data", "--host", "0.0.0.0", "--threads", 1) as server:
        server.client.headers["Authorization"] = f"Bearer {token}"
        project = _project(server, _photos()[:2])
        with opened(browser, _at(server, project)) as page:
            page.get_by_label("Token", exact=True).fill("wrong")
            page.get_by_role("button", name="Sign in").click()
            _expect(page.get_by_role("alert")).to_contain_text("does not know this token")
            page.get_by_label("Token", exact=True).fill(token)
            page.get_by_role("button", name="Sign in").click()
            _expect(page.locator(".gallery img").first).to_have_attribute("src", re.compile("^blob:"))
            assert page.evaluate("document.querySelector('.gallery img').decode().then(() => true)")
            _expect(page.locator("#header")).to_contain_text("anna")
            page.locator(".gallery a").first.click()
            _expect(page.locator(".answer")).to_be_visible()
            page.keyboard.press("c")
            _expect(page.locator(".trail li")).to_contain_text("anna confirmed")


@pytest.mark.parametrize(("theme", "viewport"), [("light", DESKTOP), ("dark", PHONE)])
def test_axe_finds_nothing_serious_on_any_view(
    browser: Browser, server: RunningServer, theme: str, viewport: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    project = _project(server, [*_photos(), ("notes.txt", b"no photo")])
    photo = _photo(server, project, "half")["id"]
    server.client.post(f"/v1/photos/{photo}/reviews", json={"action": "reject", "note": "wet"})
    options = {"color_scheme": theme, "viewport": viewport, "reduced_motion": "reduce"}
    with opened(browser, server.url, **options) as page:
        for place, ready in (
            ("#/", ".card.project"),
            (f"#/projects/{project}?t=0.9", ".card.photo"),
            (f"#/projects/{project}/photos/{photo}", ".trail li"),
            ("#/projects/none", ".empty"),
        ):
            page.goto(f"{server.url}/{place}")
            _expect(page.locator(ready).first).to_be_visible()
            _assert_accessible(axe, page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.keyboard.press("?")
        _expect(page.locator("dialog")).to_be_visible()
        _assert_accessible(axe, page)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Add photos").click()
        _assert_accessible(axe, page)


def _assert_accessible(axe: Any, page: Page) -> None:
    found = axe.run(page).response["violations"]
    serious = [
        (each["id"], node["html"], node["failureSummary"])
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
    assert serious == []


def test_the_page_is_also_german_and_no_word_is_missing(browser: Browser, server: RunningServer) -> None:
    ask = """async () => {
        const { english } = await import("/page/english.js");
        const { german } = await import("/page/german.js");
        return [english, german];
    }"""
    project = _project(server, _photos())
    photo = _photo(server, project, "half")["id"]
    with opened(browser, server.url, locale="de-DE") as page:
        _expect(page.locator("h1")).to_have_text("Projekte")
        page.goto(_at(server, project, photo))
        _expect(page.locator(".answer")).to_contain_text("Riss")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")  # longer words
        english, german = page.evaluate(ask)
        assert list(english) == list(german)
        holes = [
            {key: set(re.findall(r"\{\w+\}", str(text))) for key, text in words.items()}
            for words in (english, german)
        ]
        assert holes[0] == holes[1]


def test_the_page_is_served_with_a_strict_policy_and_names_no_other_host(server: RunningServer) -> None:
    answer = server.client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    parts = set(re.findall(r"/page/[\w.]+", answer.text))
    for part in list(parts):
        parts |= {f"/page/{name}" for name in re.findall(r'from "\./([\w.]+)"', server.client.get(part).text)}
    assert len(parts) > 10
    for part in parts:
        text = server.client.get(part).text
        assert re.findall(r"(?:https?:)?//[\w.]+\.\w+/", text.replace("http://www.w3.org/2000/svg", "")) == []
    for hidden in ("/page/..%2Fapp.py", "/page/..%5Capp.py", "/page/nothing.js"):
        assert server.client.get(hidden).status_code == 404


def test_what_is_decided_about_boxes_decides_about_the_photo(browser: Browser, server: RunningServer) -> None:
    project = _project(server, _photos())
    photo = _photo(server, project, "half")
    assert len(photo["places"]) == 1
    with opened(browser, _at(server, project, photo["id"])) as page:
        _expect(page.locator(".regions button")).to_have_count(1)
        page.keyboard.press("1")
        page.keyboard.press("x")
        _expect(page.locator(".question")).to_contain_text("Every region is rejected")
        _expect(page.locator(".regions .rejected")).to_have_count(1)
        page.get_by_role("button", name="No crack: Negative").click()
        _expect(page.locator(".answer")).to_contain_text("No crack found")
        _expect(page.locator(".question")).to_have_count(0)
    assert _photo(server, project, "half")["label"] == "Negative"


def test_the_first_decision_asks_for_a_name_once_and_offers_the_inspector(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server, _photos()[:3])
    server.client.patch(f"/v1/projects/{project}", json={"inspector": "Anna Ott"})
    photo = _photo(server, project, "black")["id"]
    with opened(browser, _at(server, project, photo), asks_for_name=True) as page:
        _expect(page.locator(".answer")).to_be_visible()
        page.keyboard.press("c")
        _expect(page.get_by_label("Name", exact=True)).to_have_value("Anna Ott")
        page.get_by_role("button", name="Save", exact=True).click()
        _expect(page.locator(".trail li")).to_contain_text("Anna Ott confirmed")
        page.keyboard.press("x")
        _expect(page.locator(".trail li")).to_have_count(2)
    rows = server.client.get(f"/v1/photos/{photo}/reviews").json()
    assert {row["who"] for row in rows} == {"Anna Ott"}


def test_what_is_dropped_on_the_projects_page_begins_a_project_with_its_folders(
    browser: Browser, server: RunningServer
) -> None:
    drop = """(bytes) => {
        const files = ["west/very-long-name-of-a-drone-0001.png", "clip.mp4"].map((name) => {
            const file = new File([new Uint8Array(bytes)], name.split("/").pop(), { type: "image/png" });
            return { isFile: true, isDirectory: false, fullPath: "/" + name, file: (take) => take(file) };
        });
        const event = new Event("drop", { cancelable: true });
        event.dataTransfer = { types: ["Files"],
            items: files.map((entry) => ({ webkitGetAsEntry: () => entry })), files: [] };
        window.dispatchEvent(event);
    }"""
    with opened(browser, server.url) as page:
        page.evaluate(drop, list(photo_bytes(30)))
        _expect(page.get_by_label("Name", exact=True)).to_have_value("west")
        page.get_by_role("button", name="Create project").click()
        _expect(page.locator("#uploads")).to_contain_text("1 photo uploaded")
        _expect(page.locator("#uploads")).to_contain_text("1 video was left out")
        name = page.locator(".gallery .name")
        _expect(name).to_have_attribute("title", "west/very-long-name-of-a-drone-0001.png")
        page.get_by_role("button", name="Add photos").click()
        page.get_by_label("Scale").fill("0,5")
        file = {"name": "x.png", "mimeType": "image/png", "buffer": photo_bytes(31)}
        page.locator("dialog input[type=file]").first.set_input_files([file])
        _expect(page.locator(".gallery .badge.positive, .gallery .badge.negative")).to_have_count(2)
        # The same file again is left out, and said.
        page.get_by_role("button", name="Add photos").click()
        page.locator("dialog input[type=file]").first.set_input_files([file])
        _expect(page.locator("#uploads")).to_contain_text("1 photo was here already and was skipped")
    project = server.client.get("/v1/projects").json()[0]["id"]
    assert _photo(server, project, "x.png")["result"]["settings"]["mm_per_px"] == 0.5


def test_the_slider_stays_where_it_is_and_order_and_names_say_what_differs(
    browser: Browser, server: RunningServer
) -> None:
    photos = [(f"survey-2026-north/IMG_{n}.png", photo_bytes(n * 40, (64, 64))) for n in range(1, 4)]
    project = _project(server, photos)
    with opened(browser, _at(server, project) + "?sort=name") as page:
        _expect(page.locator(".gallery .name")).to_have_text(["…1.png", "…2.png", "…3.png"])
        page.get_by_role("button", name="Turn the order round").click()
        _expect(page.locator(".gallery .name").first).to_have_text("…3.png")
        page.get_by_text("Try another threshold").click()
        slider = page.get_by_label("Positive from a score of")
        before = slider.bounding_box()
        slider.fill("0.9")
        _expect(page.locator(".what-if .effect")).to_contain_text("What if")
        after = slider.bounding_box()
        assert before is not None
        assert after == before
        page.get_by_role("button", name="Scans").click()
        _expect(page.locator(".jobs li").first).to_contain_text("Pier")
        _expect(page.locator(".jobs li").first).to_contain_text("took")


def test_damaged_photos_show_a_plain_sign_are_asked_for_once_and_passed_over(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server, [("a.png", photo_bytes(20)), ("b.jpg", b"no"), ("c.png", photo_bytes(250))])
    asked: list[str] = []
    first = _photo(server, project, "a.png")["id"]
    with opened(browser, _at(server, project) + "?sort=name") as page:
        page.on("request", lambda request: asked.append(request.url) if "thumbnail" in request.url else None)
        _expect(page.locator(".gallery .thumb > svg")).to_have_count(1)
        page.goto(_at(server, project, first) + "?sort=name")
        _expect(page.locator(".steps")).to_contain_text("1 of 3")
        page.get_by_label("After a decision").check()
        page.locator("canvas").focus()
        page.keyboard.press("c")
        _expect(page.locator("h1")).to_have_text("c.png")
        page.keyboard.press("ArrowLeft")
        _expect(page.locator(".stage-hint")).to_contain_text(["", "can't be shown"])
    damaged = _photo(server, project, "b.jpg")["id"]
    assert [url for url in asked if f"/{damaged}/" in url] == []


def test_key_0_zooms_out_outlines_are_regions_and_a_score_has_one_form(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server, _photos(), mm_per_px="1")
    photo = _photo(server, project, "half")["id"]
    with opened(browser, _at(server, project, photo)) as page:
        bar = page.locator(".scale-bar")
        _expect(bar).to_contain_text("mm")
        _expect(page.locator(".regions button")).to_have_count(1)
        fitted = bar.inner_text()
        page.keyboard.press("1")
        page.keyboard.press("+")
        page.keyboard.press("+")
        _expect(bar).not_to_have_text(fitted)
        page.keyboard.press("0")
        _expect(bar).to_have_text(fitted)
        grid = {"rows": 3, "columns": 4, "scores": [[0.9, 0, 0, 0], [0, 0, 0.9, 0.9], [0, 0, 0.9, 0.9]]}
        ask = "async (grid) => (await import('/page/regions.js')).regionCells(grid, 0.5)"
        cells = page.evaluate(ask, {**grid, "tile_scores": [[0.8] * 4] * 3})
        assert [sum(row) for row in cells] == [0, 2, 2]
        ask = "async (scores) => scores.map((await import('/page/strings.js')).scoreText)"
        shown = page.evaluate(ask, [0.99963, 1, 0.0001, 0, 0.5])
    assert shown == ["0.999", "1.000", "0.001", "0.000", "0.500"]
    assert [f"{shown_score(score):.3f}" for score in (0.99963, 1, 0.0001, 0, 0.5)] == shown


def test_the_photo_stays_in_sight_on_a_low_screen_and_a_phone_shows_no_keys(
    browser: Browser, server: RunningServer
) -> None:
    project = _project(server, _photos())
    photo = _photo(server, project, "half")["id"]
    for number in range(14):
        note = {"action": "note", "note": f"Note {number}: wet, at the bearing, to be looked at again."}
        server.client.post(f"/v1/photos/{photo}/reviews", json=note)
    with opened(browser, _at(server, project, photo), viewport={"width": 1366, "height": 768}) as page:
        _expect(page.locator(".trail li")).to_have_count(14)
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        assert page.evaluate("window.scrollY") > 200
        box = page.locator("canvas").bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 768
    with opened(browser, _at(server, project, photo), viewport=PHONE) as page:
        _expect(page.locator(".answer")).to_be_visible()
        assert page.locator("kbd:visible").count() == 0


def test_errors_of_the_server_speak_german_too(browser: Browser, server: RunningServer) -> None:
    project = _project(server, [("b.png", photo_bytes(20)), ("a.jpg", b"no")])
    with opened(browser, _at(server, project), locale="de-DE") as page:
        _expect(page.locator(".gallery .badge.failed + small")).to_have_text("kein Bild, oder beschädigt")
        page.get_by_text("Mehr", exact=True).click()
        _expect(page.locator(".gallery a")).to_have_count(2)
