"""The report as a Word file, read back by python-docx and as XML."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from docx import Document

from crackscope.reporting.records import Report
from crackscope.reporting.words import read_strings
from crackscope.reporting.write import write_report

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _write(report: Report, folder: Path, language: str = "en") -> Path:
    target = folder / "report.docx"
    write_report(target, report, language=language)
    return target


@pytest.fixture(scope="module")
def file(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(report, tmp_path_factory.mktemp("word"))


def _text(document: Any) -> str:
    paragraphs = [paragraph.text for paragraph in document.paragraphs]
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*paragraphs, *cells])


def test_it_says_what_was_found_where_and_by_whom(file: Path) -> None:
    text = _text(Document(str(file)))
    for expected in (
        "Crack inspection report", "Aare bridge <3>", "Jürgen Müller", "21 November 2026", "Canon EOS R5",
        "score 0.913, Positive from 0.500", "a joint, not a crack", "truncated or damaged JPEG",
        "50 × 100 at 100, 200", "The photo was not found", "Not shown as pictures", "Place, date",
    ):  # fmt: skip
        assert expected in text, expected


def test_headings_are_headings_so_that_word_makes_a_table_of_contents(file: Path) -> None:
    styles = {p.text: p.style.name for p in Document(str(file)).paragraphs if p.style is not None}
    assert styles["Crack inspection report"] == "Title"
    assert styles["Region table"] == "Heading 1"
    assert styles["Photo 1: pier.jpg"] == "Heading 2"


def test_every_picture_is_described_and_inside(report: Report, file: Path) -> None:
    with zipfile.ZipFile(file) as parts:
        root = ElementTree.fromstring(parts.read("word/document.xml"))
        pictures = [name for name in parts.namelist() if name.startswith("word/media/")]
    described = [each.get("descr") for each in root.iter() if each.tag.endswith("}docPr")]
    assert len(described) == len(pictures) == 3
    assert all(text and text.startswith("Photo ") for text in described)


def test_the_foot_of_every_page_says_where_it_belongs_and_counts_pages(file: Path) -> None:
    foot = Document(str(file)).sections[0].footer.paragraphs[0]
    assert "Crack inspection report · Aare bridge <3> · 21 November 2026" in foot.text
    fields = [each.text for each in foot._p.iter(f"{W}instrText")]
    assert fields == ["PAGE", "NUMPAGES"]


def test_heads_of_tables_come_again_and_rejected_regions_are_struck_out(file: Path) -> None:
    root = ElementTree.fromstring(zipfile.ZipFile(file).read("word/document.xml"))
    assert len(list(root.iter(f"{W}tblHeader"))) >= 4
    struck = [
        "".join(each.itertext()) for each in root.iter(f"{W}r") if each.find(f"{W}rPr/{W}strike") is not None
    ]
    assert any("rejected by Anna" in text for text in struck)


def test_cells_are_as_wide_as_their_columns_because_word_goes_by_the_cells(file: Path) -> None:
    for table in Document(str(file)).tables:
        widths = [column.width for column in table.columns]
        for row in table.rows:
            cells = [cell.width for cell in row.cells]
            assert cells == widths or len(set(row.cells)) < len(widths)  # cells that were joined


def test_the_signature_keeps_with_what_is_signed(file: Path) -> None:
    paragraphs = Document(str(file)).paragraphs
    heading = next(index for index, each in enumerate(paragraphs) if each.text == "Signature")
    assert paragraphs[heading + 1].paragraph_format.keep_with_next


def test_german_has_no_english_left_and_says_its_language(report: Report, tmp_path: Path) -> None:
    document = Document(str(_write(report, tmp_path, "de")))
    text, english, german = _text(document), read_strings("en"), read_strings("de")
    left = [key for key in ("section.regions", "caption.log", "signature.place") if english[key] in text]
    assert left == []
    assert german["section.regions"] in text
    assert document.core_properties.language == "de"


def test_the_same_report_gives_the_same_words_and_no_clock(
    report: Report, file: Path, tmp_path: Path
) -> None:
    again = _write(report, tmp_path)
    for part in ("word/document.xml", "docProps/core.xml"):
        assert zipfile.ZipFile(file).read(part) == zipfile.ZipFile(again).read(part)


@pytest.mark.parametrize("kept", [0, 1])
def test_a_report_of_hardly_anything_is_still_a_report(report: Report, tmp_path: Path, kept: int) -> None:
    less = replace(report, photos=report.photos[:kept], models=(), overlaps=())
    assert "Signature" in _text(Document(str(_write(less, tmp_path))))


def test_names_that_are_no_text_do_not_stop_it(report: Report, tmp_path: Path) -> None:
    photo = replace(report.photos[0], name="a\x00b\x1b\udcff漢字\n.jpg")
    text = _text(Document(str(_write(replace(report, photos=(photo,)), tmp_path))))
    assert "漢字" in text
