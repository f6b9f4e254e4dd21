"""Findings and elements in a report, in each form."""

from __future__ import annotations

import dataclasses
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openpyxl import load_workbook
from PIL import Image
from pypdf import PdfReader

from crackscope.inspection.conditions import shipped_list
from crackscope.inspection.findings import (
    Finding,
    FindingKind,
    PointXY,
    Rating,
    Shape,
    ShapeKind,
    Statement,
    WidthMethod,
)
from crackscope.reporting.pictures import draw_picture
from crackscope.reporting.records import Report
from crackscope.reporting.write import write_report
from tests.unit.reporting.conftest import MADE_AT

LINE = ((100, 100), (100, 300))


def _finding(number: int, points_xy: tuple[PointXY, ...] = LINE, **changes: Any) -> Finding:
    stated = {
        "kind": FindingKind.CRACK,
        "shape": Shape(kind=ShapeKind.POLYLINE, points_xy=points_xy),
        "width_mm": 0.35,
        "width_method": WidthMethod.LOUPE,
        "ratings": (Rating(scale="", code="CS3"),),
        "recommendation": "seal <soon>",
        "note": "=wet",
    }
    return Finding(
        id=number,
        number=number,
        statement=Statement(**{**stated, **changes}),
        photo_id=1,
        photo="pier.jpg",
        photo_sha256="ab" * 32,
        element="Pier 1",
        who="Anna",
        when=MADE_AT,
        mm_per_px=0.4,
    )


@pytest.fixture(scope="module")
def stated(report: Report) -> Report:
    """Two elements: the first photo has findings 7 and 2, and the Negative one has finding 3."""
    first, second, third, fourth, *others = report.photos
    spalling = {"kind": FindingKind.SPALLING, "width_mm": None, "width_method": None, "ratings": ()}
    box = Shape(kind=ShapeKind.BOX, points_xy=((300, 50), (400, 120)))
    return dataclasses.replace(
        report,
        photos=(
            dataclasses.replace(
                first, element="Pier 1", findings=(_finding(2), _finding(7, shape=box, **spalling))
            ),
            dataclasses.replace(second, element="Pier 1"),
            dataclasses.replace(third, element="Deck"),
            dataclasses.replace(fourth, element="Deck", findings=(_finding(3, **spalling, shape=box),)),
            *others,
        ),
        conditions=shipped_list("aashto"),
    )


def _html(report: Report, folder: Path, language: str = "en") -> str:
    write_report(folder / "report.html", report, language=language)
    return (folder / "report.html").read_text(encoding="utf-8")


def _pdf(report: Report, folder: Path, language: str = "en") -> str:
    write_report(folder / "report.pdf", report, language=language)
    pages = [page.extract_text() for page in PdfReader(folder / "report.pdf").pages]
    return re.sub(r"\s+", " ", " ".join(pages))


def test_html_begins_with_the_findings_by_number(stated: Report, tmp_path: Path) -> None:
    page = _html(stated, tmp_path)
    assert page.index('id="findings"') < page.index('id="summary"')
    table = page[page.index('id="findings"') : page.index('id="summary"')]
    assert re.findall(r"\bF\d\b", table) == ["F2", "F3", "F7"]
    for text in (
        "0.35 (loupe)",
        "80 mm",
        "CS3",
        "Recommendation: seal &lt;soon&gt;",
        "stated by Anna",
        "poor",
    ):
        assert text in table
    assert "severe" not in table, "only the classes that are used"


def test_each_element_is_a_chapter_with_its_photos(stated: Report, tmp_path: Path) -> None:
    page = _html(stated, tmp_path)
    chapters = re.findall(r"<h2><bdi>(.*?)</bdi></h2>", page)
    assert chapters == ["Element: Deck", "Element: Pier 1", "Photos of no element"]
    pier = page[page.index("Element: Pier 1</bdi></h2>") : page.index("Photos of no element</bdi></h2>")]
    assert re.findall(r'id="photo-(\d)"', pier) == ["1", "2"]
    assert "Findings: 2." in pier
    deck = page[page.index("Element: Deck</bdi></h2>") : page.index("Element: Pier 1</bdi></h2>")]
    assert re.findall(r'id="photo-(\d)"', deck) == ["3", "4"], "a Negative photo with a finding is shown"


def test_pdf_says_the_same(stated: Report, tmp_path: Path) -> None:
    text = _pdf(stated, tmp_path)
    assert text.index("Findings") < text.index("Summary")
    for words in ("0.35 (loupe)", "80 mm", "Element: Pier 1", "F2: crack, CS3, width 0.35 (loupe) mm"):
        assert words in text
    german = _pdf(stated, tmp_path, "de")
    for words in ("Feststellungen", "0,35 (Lupe)", "Bauteil: Pier 1", "Abplatzung", "schlecht"):
        assert words in german


def test_excel_begins_with_the_findings_as_numbers(stated: Report, tmp_path: Path) -> None:
    write_report(tmp_path / "report.xlsx", stated)
    book = load_workbook(tmp_path / "report.xlsx")
    assert book.sheetnames[0] == "Findings"
    titles, *rows = book["Findings"].iter_rows(values_only=True)
    first = dict(zip(titles, rows[0], strict=True))
    assert [row[0] for row in rows] == ["F2", "F3", "F7"]
    assert (first["Width (mm)"], first["Length (mm)"], first["Class"]) == (0.35, 80, "CS3")
    assert first["Note"] == "=wet"
    assert first["Points (px)"] == "100,100 100,300"


def test_without_a_scale_nothing_has_millimetres(stated: Report, tmp_path: Path) -> None:
    first, *others = stated.photos
    findings = tuple(dataclasses.replace(finding, mm_per_px=None) for finding in first.findings)
    bare = dataclasses.replace(first, mm_per_px=None, findings=findings)
    page = _html(dataclasses.replace(stated, photos=(bare, *others)), tmp_path)
    table = page[page.index('id="findings"') : page.index('id="summary"')]
    assert "200 px" in table
    assert not re.search(r"\d mm\b", table)


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_the_standards_stand_only_where_someone_typed_a_width(
    report: Report, stated: Report, tmp_path: Path, form: str
) -> None:
    write = _html if form == "html" else _pdf
    assert all(name in write(stated, tmp_path) for name in ("ACI 224R-01", "Eurocode 2", "decompression"))
    assert "ACI 224R" not in write(report, tmp_path)
    assert "Findings" not in write(report, tmp_path)


def test_findings_are_drawn_where_they_are(stated: Report) -> None:
    plain = dataclasses.replace(stated.photos[0], regions=(), findings=())
    drawn = dataclasses.replace(plain, findings=(_finding(2),))
    before, after = (_pixels(draw_picture(photo, 640).jpeg) for photo in (plain, drawn))
    changed = np.abs(after.astype(int) - before).max(axis=2) > 60
    assert changed[150:280, 98:103].any(axis=1).all(), "along the line"
    assert not changed[:, 200:].any(), "and nowhere else"


def test_a_region_that_became_a_finding_is_drawn_once(stated: Report) -> None:
    photo = stated.photos[0]
    left, top, right, bottom = photo.regions[0].box_ltrb
    box = Shape(kind=ShapeKind.BOX, points_xy=((left, top), (right, bottom)))
    once = dataclasses.replace(photo, findings=(_finding(1, shape=box),))
    alone = dataclasses.replace(once, regions=photo.regions[1:])
    assert draw_picture(once, 640).jpeg == draw_picture(alone, 640).jpeg


def _pixels(jpeg: bytes | None) -> np.ndarray:
    assert jpeg is not None
    return np.asarray(Image.open(io.BytesIO(jpeg)))
