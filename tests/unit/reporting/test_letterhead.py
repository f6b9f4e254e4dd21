"""Number, logo and letterhead, in every form of a report; letters that a font lacks are owned up to."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from docx import Document
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from openpyxl import load_workbook
from PIL import Image
from pypdf import PdfReader

from crackscope.errors import SettingsError
from crackscope.reporting.logo import LARGEST_WH, SHOWN_MM, read_logo, shown_mm
from crackscope.reporting.records import Report
from crackscope.reporting.write import write_report


def _png(size_wh: tuple[int, int], mode: str = "RGBA") -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size_wh, 128 if mode == "L" else (10, 80, 160, 128)[: len(mode)]).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(scope="module")
def headed(report: Report) -> Report:
    said = replace(
        report.inspection,
        number="2026-017",
        letterhead="Müller & Partner AG\nHauptstrasse 1",
        logo=read_logo(_png((1200, 300))),
    )
    return replace(report, inspection=said)


def test_a_logo_is_made_small_and_keeps_its_shape_and_transparency(tmp_path: Path) -> None:
    with Image.open(io.BytesIO(read_logo(_png((2400, 600))))) as logo:
        assert logo.size == (900, 225)
        assert logo.mode == "RGBA"
    (tmp_path / "logo.jpg").write_bytes(_jpeg())
    with Image.open(io.BytesIO(read_logo(tmp_path / "logo.jpg"))) as logo:
        assert (logo.format, logo.mode) == ("PNG", "RGB")


def _jpeg() -> bytes:
    stream = io.BytesIO()
    Image.new("CMYK", (200, 100)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.mark.parametrize("size_wh", [(900, 100), (100, 300), (20, 20)])
def test_a_logo_fits_its_place_whatever_its_shape(size_wh: tuple[int, int]) -> None:
    wide, high = shown_mm(_png(size_wh))
    assert wide <= SHOWN_MM[0] + 1e-9
    assert high <= SHOWN_MM[1] + 1e-9
    assert wide / high == pytest.approx(size_wh[0] / size_wh[1])
    assert LARGEST_WH[0] > 0


def test_what_is_no_picture_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "logo.svg").write_text("<svg/>")
    for file in (tmp_path / "logo.svg", tmp_path / "missing.png"):
        with pytest.raises(
            SettingsError, match=rf"{re.escape(file.name)} can't be read; expected a PNG or JPEG"
        ):
            read_logo(file)


def test_a_pdf_has_them_on_its_first_page_and_the_number_on_every_page(
    headed: Report, tmp_path: Path
) -> None:
    write_report(tmp_path / "r.pdf", headed)
    pages = PdfReader(tmp_path / "r.pdf").pages
    first = pages[0].extract_text()
    assert "Müller & Partner AG" in first
    assert "Hauptstrasse 1" in first
    assert re.search(r"Report number\s*2026-017", first)
    assert len(pages[0].images) == 1
    assert all("no. 2026-017" in page.extract_text() for page in pages)


def test_html_word_and_excel_have_them_too(headed: Report, tmp_path: Path) -> None:
    for ending in ("html", "docx", "xlsx"):
        write_report(tmp_path / f"r.{ending}", headed)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Müller &amp; Partner AG\nHauptstrasse 1" in page
    assert 'src="data:image/png;base64,' in page
    assert "2026-017" in page
    document = Document(str(tmp_path / "r.docx"))
    assert document.tables[0].rows[0].cells[1].text == "Müller & Partner AG\nHauptstrasse 1"
    with zipfile.ZipFile(tmp_path / "r.docx") as parts:
        assert any(name.startswith("word/media/") and name.endswith(".png") for name in parts.namelist())
    about = [row[:2] for row in load_workbook(tmp_path / "r.xlsx")["About"].iter_rows(values_only=True)]
    assert ("Report number", "2026-017") in about


def test_letters_that_the_pdf_lacks_are_owned_up_to(report: Report, tmp_path: Path) -> None:
    def said(structure: str) -> str:
        write_report(
            tmp_path / "r.pdf", replace(report, inspection=replace(report.inspection, structure=structure))
        )
        pages = PdfReader(tmp_path / "r.pdf").pages
        return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))

    assert "stands for a letter that this document's font does not have" in said("東京の橋")
    assert "stands for a letter" not in said("Мост Ελλάδα")


def _font(file: Path, letters: str) -> Path:
    """A font with these letters, all of them squares."""
    names = [".notdef", *(f"glyph{index}" for index in range(len(letters)))]
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for point in ((100, 700), (800, 700), (800, 0)):
        pen.lineTo(point)
    pen.closePath()
    square = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(letter): name for letter, name in zip(letters, names[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(names, square))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (900, 100)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(file)
    return file


def test_a_font_of_ones_own_has_the_letters_that_were_missing(report: Report, tmp_path: Path) -> None:
    said = replace(report.inspection, structure="東京の橋")
    font = _font(tmp_path / "squares.ttf", "東京の橋")
    write_report(tmp_path / "r.pdf", replace(report, inspection=said, font=font))
    pages = PdfReader(tmp_path / "r.pdf").pages
    assert "東京の橋" in pages[0].extract_text()
    assert all("stands for a letter" not in page.extract_text() for page in pages)


def test_what_is_no_font_is_refused_by_its_name(report: Report, tmp_path: Path) -> None:
    (tmp_path / "no.ttf").write_bytes(b"no font")
    with pytest.raises(SettingsError, match=r"no\.ttf is no font that can be used"):
        write_report(tmp_path / "r.pdf", replace(report, font=tmp_path / "no.ttf"))
    assert not (tmp_path / "r.pdf").exists()
