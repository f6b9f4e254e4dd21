from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook
from pypdf import PdfReader

from crackscope.serving.app import create_app
from crackscope.serving.settings import ServeSettings
from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.uploads import form_files, half_dark_photo, photo_bytes
from tests.helpers.waiting import wait_for_job


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def reviewed(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A project with a cracked photo, a sound one, one that is none, and reviews by two people."""
    model = write_tiny_bundle(tmp_path_factory.mktemp("model")).folder
    settings = ServeSettings(data_dir=data_dir, model=model, threads=1)
    with TestClient(
        create_app(settings), base_url="http://127.0.0.1", raise_server_exceptions=False
    ) as client:
        client.post(
            "/v1/projects",
            json={"name": "Aare", "structure": "Bridge", "element": "Pier <3>", "inspector": "Jürgen Müller",
                  "inspected_on": "2026-11-21"},
        )  # fmt: skip
        photos = [
            ("half.png", half_dark_photo()),
            ("sound.png", photo_bytes(255, (500, 400))),
            ("no.jpg", b"?"),
        ]
        form = {"project_id": "1", "tile_px": "100", "threshold": "0.3", "mm_per_px": "0.5"}
        answer = client.post("/v1/scan", files=form_files(*photos), data=form)
        wait_for_job(client, answer.json()["job"]["id"])
        anna, bert = {"X-Crackscope-User": "anna"}, {"X-Crackscope-User": "bert"}
        client.post("/v1/photos/1/reviews", json={"action": "confirm"}, headers=bert)
        client.post("/v1/reviews/undo", json={"project_id": 1}, headers=bert)
        act = {"action": "reject", "note": "a <b>shadow</b>"}
        assert client.post("/v1/photos/1/reviews", json=act, headers=anna).status_code == 201
        yield client


def test_the_html_report_has_project_results_and_every_act(reviewed: TestClient) -> None:
    answer = reviewed.get("/v1/projects/1/report.html")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("inline")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    text = answer.text
    for expected in ("Aare", "Bridge", "Pier &lt;3&gt;", "Jürgen Müller", "21 November 2026",
                     "0.5 mm per pixel", "half.png", "decided by anna", "confirmed (undone)", "undo",
                     "no.jpg", "a &lt;b&gt;shadow&lt;/b&gt;",
                     "0.300 (chosen by the user)", "mean darkness"):  # fmt: skip
        assert expected in text, expected
    assert text.count("<img ") == 1


def test_the_pdf_and_the_tables_are_of_the_same_project(reviewed: TestClient) -> None:
    pdf = reviewed.get("/v1/projects/1/report.pdf?language=de")
    assert pdf.headers["content-type"] == "application/pdf"
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages)
    assert "entschieden von" in re.sub(r"\s+", " ", text)
    tables = reviewed.get("/v1/projects/1/report.xlsx")
    assert tables.headers["content-disposition"] == 'attachment; filename="report-1.xlsx"'
    book = load_workbook(io.BytesIO(tables.content))
    _, *photos = book["Photos"].iter_rows(values_only=True)
    assert [row[1:4] for row in photos] == [
        ("half.png", "Negative", "Positive"),
        ("sound.png", "Negative", "Negative"),
        ("no.jpg", None, None),
    ]
    _, *acts = book["Reviews"].iter_rows(values_only=True)
    assert [(row[2], row[9], row[12]) for row in acts] == [
        ("confirmed", "bert", "yes"),
        ("undo", "bert", "no"),
        ("rejected", "anna", "no"),
    ]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/projects/99/report.pdf", 404),
        ("/v1/projects/1/report.odt", 422),
        ("/v1/projects/1/report.pdf?language=fr", 422),
        ("/v1/projects/x/report.pdf", 422),
    ],
)
def test_what_is_not_there_is_refused_in_the_one_shape(reviewed: TestClient, path: str, status: int) -> None:
    answer = reviewed.get(path)
    assert answer.status_code == status
    assert answer.json()["error"]["code"]


def test_a_project_without_photos_has_a_report(reviewed: TestClient) -> None:
    number = reviewed.post("/v1/projects", json={"name": "Empty"}).json()["id"]
    answer = reviewed.get(f"/v1/projects/{number}/report.html")
    assert "There is no photo in these results." in answer.text


def test_no_report_is_left_on_the_server(reviewed: TestClient, data_dir: Path) -> None:
    reviewed.get("/v1/projects/1/report.html")
    assert list(data_dir.glob(".report-*")) == []


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A project whose reviewer rejected the region of a photo and drew a box on a sound one."""
    model = write_tiny_bundle(tmp_path_factory.mktemp("model")).folder
    settings = ServeSettings(data_dir=tmp_path_factory.mktemp("decided"), model=model, threads=1)
    with TestClient(
        create_app(settings), base_url="http://127.0.0.1", raise_server_exceptions=False
    ) as client:
        client.post("/v1/projects", json={"name": "Aare"})
        photos = [("half.png", half_dark_photo()), ("sound.png", photo_bytes(255, (500, 400)))]
        form = {"project_id": "1", "tile_px": "100", "threshold": "0.3"}
        answer = client.post("/v1/scan", files=form_files(*photos), data=form)
        wait_for_job(client, answer.json()["job"]["id"])
        (region,) = client.get("/v1/photos/1").json()["result"]["regions"]
        anna = {"X-Crackscope-User": "anna"}
        for photo, act in (
            (1, {"action": "reject", "box_ltrb": region["box_ltrb_px"]}),
            (2, {"action": "relabel", "new_label": "Positive", "box_ltrb": [20, 30, 120, 90]}),
        ):
            assert client.post(f"/v1/photos/{photo}/reviews", json=act, headers=anna).status_code == 201
        yield client


def test_what_was_decided_about_boxes_is_what_the_photos_are(decided: TestClient) -> None:
    first, second = decided.get("/v1/photos?project_id=1").json()["photos"]
    assert (first["label"], first["reviewed"]) == ("Positive", False)
    assert first["question"] == "every region rejected"
    assert [(place["name"], place["label"]) for place in first["places"]] == [("1", "Negative")]
    assert (second["label"], second["reviewed"], second["question"]) == ("Positive", True, None)
    assert [(place["name"], place["label"], place["drawn"]) for place in second["places"]] == [
        ("A", "Positive", True)
    ]
    counts = decided.get("/v1/photos/counts?project_id=1").json()
    assert (counts["positive"], counts["negative"], counts["needed"], counts["reviewed"]) == (2, 0, 1, 1)
    needed = decided.get("/v1/photos?project_id=1&review=needed").json()["photos"]
    assert [photo["name"] for photo in needed] == ["half.png"]


def test_every_form_of_the_report_says_what_was_decided_about_boxes(decided: TestClient) -> None:
    html = re.sub(r"\s+", " ", decided.get("/v1/projects/1/report.html").text)
    struck = re.findall(r'<tbody class="struck">.*?</tbody>', html)
    assert len(struck) == 1
    assert "rejected by anna" in struck[0]
    assert "drawn by anna" in html
    assert "every region was rejected; what the photo is now was not decided" in html
    assert "Negative (model: Positive)" not in html
    assert html.count("Positive (model: Negative)") >= 2
    assert html.count("<img ") == 2
    pdf = decided.get("/v1/projects/1/report.pdf").content
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))
    assert "rejected by anna" in text
    assert "drawn by anna" in text
    book = load_workbook(io.BytesIO(decided.get("/v1/projects/1/report.xlsx").content))
    _, *regions = book["Regions"].iter_rows(values_only=True)
    assert [(row[1], row[2], row[-2], row[-1]) for row in regions] == [
        ("half.png", 1, "Negative", "rejected by anna"),
        ("sound.png", "A", "Positive", "drawn by anna"),
    ]


def test_the_sentence_that_is_signed_is_true_of_the_report(decided: TestClient, reviewed: TestClient) -> None:
    signed = decided.get("/v1/projects/1/report.html").text.partition('id="signature"')[2]
    assert "I have looked at all 2 photos" in signed
    signed = reviewed.get("/v1/projects/1/report.html").text.partition('id="signature"')[2]
    assert "I have looked at the 1 of 3 photos" in signed
    number = reviewed.post("/v1/projects", json={"name": "Unreviewed"}).json()["id"]
    signed = reviewed.get(f"/v1/projects/{number}/report.html").text.partition('id="signature"')[2]
    assert "Nobody has reviewed these photos" in signed
    assert "I have looked" not in signed


def test_a_rejected_region_is_not_drawn_and_a_drawn_box_is(decided: TestClient) -> None:
    from PIL import Image

    for photo, outlined in ((1, False), (2, True)):
        with Image.open(io.BytesIO(decided.get(f"/v1/photos/{photo}/overlay").content)) as picture:
            colours = picture.convert("RGB").getcolors(1 << 24) or []
        # Boxes are the only pure black on the white photo, and pure white beside it on the dark one.
        darkest = sum(count for count, colour in colours if photo == 2 and max(colour) == 0)
        assert (darkest > 500) is outlined


def test_times_are_local_with_their_zone(decided: TestClient) -> None:
    html = decided.get("/v1/projects/1/report.html?zone=Asia/Kolkata").text
    assert "UTC+05:30" in html
    assert decided.get("/v1/projects/1/report.html?zone=Mars/Olympus").status_code == 422
