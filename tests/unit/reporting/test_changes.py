"""The chapter on what changed since an earlier inspection, in every form of a report."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from docx import Document
from openpyxl import load_workbook
from PIL import Image
from pypdf import PdfReader

from crackscope.inspection.changes import (
    REASONS,
    ChangeKind,
    Comparison,
    PairedBy,
    PhotoChange,
    RegionChange,
    Registration,
)
from crackscope.reporting.changes import draw_pair
from crackscope.reporting.records import ComparedWith, Report
from crackscope.reporting.words import read_strings
from crackscope.reporting.write import write_report

FIT = Registration(
    later_to_earlier=(1.0, 0, 0, 0, 1, 0, 0, 0, 1), inliers=200, confirmed=0.9, error_px=0.4, overlap=0.95
)


def _change(number: int, kind: ChangeKind, grown_px: int = 0, reason: str = "") -> RegionChange:
    quad = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    box = (100, 60 * number, 260, 60 * number + 40)
    return RegionChange(
        number=number, kind=kind, box_ltrb=box, earlier_quad=quad, score=0.9, grown_px=grown_px, reason=reason
    )


@pytest.fixture(scope="module")
def compared(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("changes")
    (folder / "pairs").mkdir()
    for name in ("earlier", "later"):
        Image.new("RGB", (640, 480), (170, 170, 165)).save(folder / "pairs" / f"{name}.jpg")
    regions = (
        _change(1, ChangeKind.GROWN, grown_px=120),
        _change(2, ChangeKind.SAME),
        _change(3, ChangeKind.NEW),
        _change(4, ChangeKind.NOT_COMPARABLE, reason="weak"),
        _change(5, ChangeKind.GONE),
    )
    photos = (
        PhotoChange(
            earlier="pier.jpg", later="pier <2>.jpg", paired_by=PairedBy.CONTENT, registration=FIT,
            tolerance_px=28.0, photo_hw=(480, 640), mm_per_px=0.5, regions=regions,
            earlier_picture="pairs/earlier.jpg", later_picture="pairs/later.jpg",
        ),
        PhotoChange(earlier="b.jpg", later="b.jpg", paired_by=PairedBy.NAME, reason="poor_fit"),
        PhotoChange(earlier="old.jpg", later=None, reason="unpaired"),
    )  # fmt: skip
    comparison = Comparison(
        earlier="2025", later="2026", model_name="m", model_sha256="ab", threshold=0.5, photos=photos
    )
    return replace(report, compared=ComparedWith(comparison=comparison, folder=folder))


def test_a_pdf_has_both_dates_side_by_side_and_says_what_is_not_claimed(
    compared: Report, tmp_path: Path
) -> None:
    write_report(tmp_path / "r.pdf", compared)
    document = PdfReader(tmp_path / "r.pdf")
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in document.pages))
    for expected in (
        "What changed", "Compared with 2025: 1 of 2 photos of 2026", "new: 1, grown: 1, the same: 1, gone: 1",
        "pier <2>.jpg – left: earlier (pier.jpg), right: later. 1: grown; 3: new; 5: gone", "60 mm",
        "weak signs of a crack", "places up to 28 px apart count as one",
        "b.jpg: the photos do not fit over one another", "earlier photo: old.jpg: no photo of the other date",
    ):  # fmt: skip
        assert expected in text, expected
    assert any(image.image.width > 1200 for page in document.pages for image in page.images if image.image)


def test_html_word_and_excel_have_the_chapter_too(compared: Report, tmp_path: Path) -> None:
    for ending in ("html", "docx", "xlsx"):
        write_report(tmp_path / f"r.{ending}", compared)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert '<section id="changes">' in page
    assert 'href="#changes"' in page
    assert "pier &lt;2&gt;.jpg" in page
    document = Document(str(tmp_path / "r.docx"))
    assert "What changed" in [paragraph.text for paragraph in document.paragraphs]
    rows = list(load_workbook(tmp_path / "r.xlsx")["Changes"].iter_rows(values_only=True))
    assert [row[2] for row in rows] == ["Change", "grown", "new", "not comparable", "gone"]


def test_without_a_comparison_there_is_no_chapter(report: Report, tmp_path: Path) -> None:
    write_report(tmp_path / "r.html", report)
    assert "changes" not in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_pair_is_one_picture_and_a_lost_one_is_no_fault(compared: Report, tmp_path: Path) -> None:
    assert compared.compared is not None
    photo = compared.compared.comparison.photos[0]
    picture = draw_pair(compared.compared, photo)
    assert picture.size_wh == (2 * 640 + 16, 480)
    lost = draw_pair(replace(compared.compared, folder=tmp_path), photo)
    assert (lost.jpeg, lost.problem) == (None, "missing")
    write_report(tmp_path / "r.pdf", replace(compared, compared=replace(compared.compared, folder=tmp_path)))


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_kind_and_reason_has_its_words(language: str) -> None:
    known = read_strings(language)
    keys = [f"change.{kind.name.lower()}" for kind in ChangeKind] + [f"incomparable.{key}" for key in REASONS]
    assert [key for key in keys if key not in known] == []
