from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from pypdf import PdfReader
from pypdf.generic import Destination

from crackscope.reporting.records import PhotoEntry, Report
from crackscope.reporting.write import write_report


def _write(report: Report, folder: Path, language: str = "en") -> PdfReader:
    target = folder / "report.pdf"
    write_report(target, report, language=language)
    return PdfReader(target)


@pytest.fixture(scope="module")
def document(report: Report, tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    """The report in English, written once: embedding the font takes most of the time."""
    return _write(report, tmp_path_factory.mktemp("pdf"))


@pytest.fixture(scope="module")
def german(report: Report, tmp_path_factory: pytest.TempPathFactory) -> PdfReader:
    return _write(report, tmp_path_factory.mktemp("pdf"), "de")


def _text(document: PdfReader) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in document.pages))


def test_the_pages_say_what_was_found_where_and_by_whom(report: Report, document: PdfReader) -> None:
    text = _text(document)
    for expected in (
        "Crack inspection report", "Aare bridge <3>", "Pier & bearing", "Jürgen Müller", "21 November 2026",
        "Canon EOS R5", "score 0.913, Positive from 0.500", "decided by Anna", "a joint, not a crack",
        "truncated or damaged JPEG", "no judgement on the safety",
        "Place, date", "50 × 100 at 100, 200",
        "The photo was not found",
    ):  # fmt: skip
        assert expected in text, expected
    compact = text.replace(" ", "")
    assert all(photo.sha256 in compact for photo in report.photos if photo.sha256)


def test_every_page_has_its_number_and_the_number_of_pages(document: PdfReader) -> None:
    pages = len(document.pages)
    assert pages >= 4
    for number, page in enumerate(document.pages, start=1):
        assert f"Page {number} of {pages}" in page.extract_text()


def test_the_file_says_what_it_is_and_in_which_language(report: Report, german: PdfReader) -> None:
    facts = german.metadata
    assert facts is not None
    assert (facts.title, facts.author) == ("Bericht zur Rissinspektion", "Jürgen Müller")
    assert facts.subject == "Aare bridge <3> – Pier & bearing"
    assert facts.creation_date is not None
    assert facts.creation_date.astimezone(UTC) == report.made_at
    assert german.root_object["/Lang"] == "de"


def test_bookmarks_lead_to_the_chapters_and_the_photos(report: Report, document: PdfReader) -> None:
    chapters: list[str] = []
    photos: list[str] = []
    for item in document.outline:
        if isinstance(item, list):
            photos += [str(each.title) for each in item if isinstance(each, Destination)]
        else:
            chapters.append(str(item.title))
    assert chapters[:3] == ["Summary", "Overview map", "Annotated photos"]
    assert chapters.index("Signature") + 1 == chapters.index("How the photos were judged")
    assert photos == [f"Photo {photo.number}: {photo.name}" for photo in report.shown]


def test_the_photos_that_are_worth_a_look_are_pictures_in_it(document: PdfReader) -> None:
    assert sum(len(page.images) for page in document.pages) == 3


def test_the_same_report_in_german(german: PdfReader) -> None:
    text = _text(german)
    for expected in (
        "Prüfer/in",
        "21. November 2026",
        "Wert 0,913, positiv ab 0,500",
        "Seite 1 von",
        "Maßstab",
    ):
        assert expected in text


NAMES = (
    "Größe – Ähre.jpg",
    "Ελληνικά Русский Łukasz Şahin.jpg",
    "جسر ١٢ שלום.jpg",
    "😀🏗️ bridge 橋 \U0001f3f4\u200d.jpg",
    "a\x00b\udcff\nc.jpg",
    "x" * 255,
    "long words " * 20,
    "",
)


def test_names_in_any_script_and_of_any_length_are_written(report: Report, tmp_path: Path) -> None:
    act = report.photos[1].acts[1]
    photos = tuple(
        replace(
            report.photos[1],
            number=number,
            name=name,
            camera=name,
            acts=(replace(act, who=name, note=name),),
        )
        for number, name in enumerate(NAMES, start=1)
    )
    everything = " ".join(NAMES)
    inspection = replace(report.inspection, title=everything, structure=everything, inspector=everything)
    document = _write(replace(report, photos=photos, inspection=inspection), tmp_path)
    text = _text(document)
    assert "Größe – Ähre.jpg" in text
    assert "Ελληνικά Русский Łukasz Şahin.jpg" in text
    assert "bridge □" in text
    assert "a�b�" in text
    assert text.replace(" ", "").count("x" * 40) >= 4
    assert all("Page" in page.extract_text() for page in document.pages)


def test_a_paragraph_longer_than_a_page_goes_on_on_the_next(report: Report, tmp_path: Path) -> None:
    inspection = replace(report.inspection, notes="much to say. " * 700 + "The end.")
    document = _write(replace(report, photos=(), inspection=inspection), tmp_path)
    assert "The end." in _text(document)


@pytest.mark.parametrize("kept", [0, 1])
def test_a_report_of_hardly_anything_is_still_a_report(report: Report, tmp_path: Path, kept: int) -> None:
    text = _text(_write(replace(report, photos=report.photos[:kept], models=(), overlaps=()), tmp_path))
    assert ("There is no photo in these results." in text) is (kept == 0)
    assert "Place, date" in text


def test_a_log_of_many_photos_repeats_its_headings_on_every_page(report: Report, tmp_path: Path) -> None:
    photos = tuple(
        PhotoEntry(number=number, name=f"wall-{number}.jpg", error="empty", latitude=47.0, longitude=8.0)
        for number in range(1, 101)
    )
    document = _write(replace(report, photos=photos), tmp_path)
    pages = [page.extract_text() for page in document.pages]
    logs = [text for text in pages if re.search(r"wall-\d+\.jpg", text)]
    assert len(logs) > 2
    assert all("Taken" in text for text in logs)
    assert sum(len(re.findall(r"wall-\d+\.jpg", text)) for text in logs) == 100


def test_the_signature_is_never_alone_on_a_page_and_the_foot_says_where_a_page_belongs(
    report: Report, tmp_path: Path
) -> None:
    target = tmp_path / "report.pdf"
    write_report(target, report)
    pages = [page.extract_text() for page in PdfReader(target).pages]
    (signed,) = [text for text in pages if "Place, date" in text]
    assert "How the photos were judged" in signed or "Photo log" in signed
    assert all("Aare bridge" in text and "21 November 2026" in text for text in pages)
