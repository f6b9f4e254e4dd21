"""The report as a Word file, chapter by chapter: to be edited and signed where firms write in Word."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import UTC
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from crackscope.reporting import changes, facts, tables
from crackscope.reporting.captions import caption_lines, missing_numbers, region_lines
from crackscope.reporting.facts import Fact, count
from crackscope.reporting.logo import shown_mm
from crackscope.reporting.pictures import draw_picture, longest_side_px
from crackscope.reporting.records import PhotoEntry, Report
from crackscope.reporting.tables import Table, result
from crackscope.reporting.words import Words

_WIDTH_MM, _MARGIN_MM = 174.0, 18.0
_HIGHEST_PICTURE_MM = 110.0
_SOFT = RGBColor(85, 96, 109)
_MOST_REGIONS = 40


def write_word(target: Path, report: Report, words: Words) -> None:
    """Write the report; photos are shrunk one at a time, and only their JPEGs are kept until the end."""
    paper = _Paper(report, words)
    _write_head(paper, report)
    _write_findings(paper, report)
    _write_summary(paper, report)
    _write_changes(paper, report)
    _write_photos(paper, report)
    for name, table, empty in tables.record_tables(report, words):
        paper.heading(words(f"section.{name}"))
        if table.rows:
            paper.table(table)
        else:
            paper.text(empty)
    _write_signature(paper, report)
    _write_method(paper, report)
    _write_reading(paper, report)
    paper.save(target)


class _Paper:
    """An A4 document of Word: headings, text, lists, tables, pictures, and a foot with page numbers."""

    def __init__(self, report: Report, words: Words) -> None:
        self.words, self._document = words, Document()
        self._described(report)
        section = self._document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(_MARGIN_MM)
        section.top_margin = section.bottom_margin = Mm(_MARGIN_MM)
        self._styled()
        foot = section.footer.paragraphs[0]
        self._run(foot, facts.running_title(report, words) + "    ", size=8, soft=True)
        before, after = words("page", page="\0", pages="\0\0").split("\0", 1)
        self._run(foot, before, size=8, soft=True)
        self._field(foot, "PAGE")
        self._run(foot, after.replace("\0", ""), size=8, soft=True)
        self._field(foot, "NUMPAGES")

    def save(self, target: Path) -> None:
        self._document.save(str(target))

    def title(self, text: str) -> None:
        self._document.add_heading(_writable(text), level=0)

    def heading(self, text: str, level: int = 1) -> None:
        self._document.add_heading(_writable(text), level=level)

    def text(self, text: str, *, soft: bool = False, bold: bool = False, with_next: bool = False) -> Any:
        paragraph = self._document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = with_next
        self._run(paragraph, text, size=9 if soft else 10, soft=soft, bold=bold)
        return paragraph

    def bullets(self, items: Iterable[str]) -> None:
        for item in items:
            self._document.add_paragraph(_writable(item), style="List Bullet")

    def facts(self, pairs: Iterable[Fact]) -> None:
        rows = list(pairs)
        grid = self._grid(len(rows), (45.0, _WIDTH_MM - 45.0))
        for row, (name, value) in zip(grid.rows, rows, strict=True):
            self._fill(row.cells[0], name, soft=True)
            self._fill(row.cells[1], value)

    def table(self, content: Table) -> None:
        self.text(content.caption, soft=True, with_next=True)
        wide = _WIDTH_MM * (0.6 if content.narrow else 1)
        total = sum(column.width for column in content.columns)
        grid = self._grid(0, [wide * column.width / total for column in content.columns])
        heads = grid.add_row()
        for cell, column in zip(heads.cells, content.columns, strict=True):
            self._fill(cell, column.heading, bold=True, right=column.numeric)
        _repeat(heads)
        for each in content.rows:
            row = grid.add_row()
            _whole(row)
            for cell, text, column in zip(row.cells, each.cells, content.columns, strict=True):
                self._fill(cell, text, right=column.numeric, struck=each.struck)
            if each.below:
                below = grid.add_row()
                _whole(below)
                self._fill(below.cells[1].merge(below.cells[-1]), each.below, soft=True)

    def picture(self, data: bytes, wide_mm: float, alt: str) -> None:
        paragraph = self._document.add_paragraph()
        paragraph.paragraph_format.keep_with_next = True
        self._insert(paragraph, data, wide_mm, alt)

    def letterhead(self, logo: bytes | None, lines: str) -> None:
        grid = self._grid(1, (_WIDTH_MM / 2, _WIDTH_MM / 2))
        left, right = grid.rows[0].cells
        if logo is not None:
            self._insert(left.paragraphs[0], logo, shown_mm(logo)[0], self.words("logo"))
        self._fill(right, lines, soft=True, right=True)

    def signature(self, name: str) -> None:
        grid = self._grid(2, (_WIDTH_MM / 3,) * 3)
        grid.rows[0].height = Mm(18)
        self._fill(grid.rows[0].cells[0], "\n\n" + name)
        for cell, key in zip(grid.rows[1].cells, ("name", "place", "sign"), strict=True):
            self._fill(cell, self.words(f"signature.{key}"), soft=True)
            _ruled(cell)
        for cell in grid.rows[0].cells:
            cell.paragraphs[0].paragraph_format.keep_with_next = True

    def _described(self, report: Report) -> None:
        about, inspection = self._document.core_properties, report.inspection
        about.title, about.author = (
            _writable(facts.title(report, self.words)),
            _writable(inspection.inspector),
        )
        about.subject = _writable(
            " – ".join(part for part in (inspection.structure, inspection.element) if part)
        )
        about.comments, about.language = f"crackscope {report.crackscope_version}", self.words.language
        # python-docx would leave the day of its template.
        about.created = about.modified = report.made_at.astimezone(UTC).replace(tzinfo=None)
        about.last_modified_by = ""

    def _styled(self) -> None:
        for style in self._document.styles:
            if getattr(style, "font", None) is not None and style.name in ("Normal", "List Bullet"):
                style.font.name, style.font.size = "Calibri", Pt(10)
                style.paragraph_format.space_after = Pt(4)
            if style.name.startswith("Heading") or style.name == "Title":
                style.font.name, style.font.color.rgb = "Calibri", RGBColor(24, 32, 42)
                fonts = style.element.rPr.rFonts
                for name in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
                    fonts.attrib.pop(qn(f"w:{name}"), None)
        # Word asks for proofing in this language.
        rpr = self._document.styles["Normal"].element.get_or_add_rPr()
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), {"en": "en-GB", "de": "de-DE"}[self.words.language])
        rpr.append(language)

    def _grid(self, rows: int, widths_mm: Iterable[float]) -> Any:
        widths = list(widths_mm)
        grid = self._document.add_table(rows=rows, cols=len(widths))
        grid.alignment, grid.autofit = WD_TABLE_ALIGNMENT.LEFT, False
        for column, wide in zip(grid.columns, widths, strict=True):
            column.width = Mm(wide)
            # Word goes by the cells, others by the column.
            for cell in column.cells:
                cell.width = Mm(wide)
        return grid

    def _fill(
        self,
        cell: Any,
        text: str,
        *,
        bold: bool = False,
        soft: bool = False,
        right: bool = False,
        struck: bool = False,
    ) -> None:
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(2)
        if right:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        self._run(paragraph, text, size=8.5, bold=bold, soft=soft, struck=struck)

    def _insert(self, paragraph: Any, data: bytes, wide_mm: float, alt: str) -> None:
        picture = paragraph.add_run().add_picture(io.BytesIO(data), width=Mm(wide_mm))
        picture._inline.docPr.set("descr", _writable(alt))

    def _run(
        self,
        paragraph: Any,
        text: str,
        *,
        size: float,
        bold: bool = False,
        soft: bool = False,
        struck: bool = False,
    ) -> None:
        run = paragraph.add_run(_writable(text))
        run.font.size, run.bold, run.font.strike = Pt(size), bold or None, struck or None
        if soft:
            run.font.color.rgb = _SOFT

    def _field(self, paragraph: Any, name: str) -> None:
        run = paragraph.add_run()
        run.font.size, run.font.color.rgb = Pt(8), _SOFT
        for kind in ("begin", None, "end"):
            if kind is None:
                part = OxmlElement("w:instrText")
                part.text = name
            else:
                part = OxmlElement("w:fldChar")
                part.set(qn("w:fldCharType"), kind)
            run._r.append(part)


def _write_head(paper: _Paper, report: Report) -> None:
    inspection, words = report.inspection, paper.words
    if inspection.logo is not None or inspection.letterhead:
        paper.letterhead(inspection.logo, inspection.letterhead)
    paper.title(facts.title(report, words))
    paper.facts(facts.inspection_facts(report, words))
    paper.text(words("made", version=report.crackscope_version, when=words.moment(report.made_at)), soft=True)


def _write_findings(paper: _Paper, report: Report) -> None:
    if not report.findings:
        return
    paper.heading(paper.words("section.findings"))
    paper.table(tables.finding_table(report, paper.words))
    conditions = tables.condition_table(report, paper.words)
    if conditions is not None:
        paper.table(conditions)


def _write_summary(paper: _Paper, report: Report) -> None:
    words = paper.words
    paper.heading(words("section.summary"))
    if not report.photos:
        paper.text(words("summary.no_photos"), bold=True)
        return
    paper.table(tables.class_table(report, words))
    final = count(report.photos, by_model=False)
    marked = words("summary.marked", marked=final.marked, open=final.open)
    paper.text(f"{marked} {facts.review_sentence(report, words)}")
    paper.text(words("summary.meaning"))
    missing = missing_numbers(report)
    if missing:
        paper.text(words("summary.missing", numbers=", ".join(map(str, missing))), bold=True)


def _write_changes(paper: _Paper, report: Report) -> None:
    if report.compared is None:
        return
    words, compared = paper.words, report.compared
    paper.heading(words("section.changes"))
    for line in changes.change_sentences(compared, words):
        paper.text(line)
    for photo in changes.changed_photos(compared):
        picture, caption = changes.draw_pair(compared, photo), changes.change_caption(photo, words)
        if picture.jpeg is not None:
            width, height = picture.size_wh
            paper.picture(picture.jpeg, min(_WIDTH_MM, _HIGHEST_PICTURE_MM * width / height), caption)
        paper.text(caption, soft=True)
    table = changes.change_table(compared, words)
    if table.rows:
        paper.table(table)
    left = list(changes.not_compared(compared, words))
    if left:
        paper.text(words("changes.left_out"))
        paper.bullets(left)


def _write_photos(paper: _Paper, report: Report) -> None:
    longest_px = longest_side_px(len(report.shown))
    for chapter in facts.chapters(report, paper.words):
        paper.heading(chapter.title)
        if chapter.about:
            paper.text(chapter.about)
        if not chapter.shown:
            paper.text(paper.words("photo.none"))
        for photo in chapter.shown:
            _write_photo(paper, photo, longest_px)
        for line in facts.left_out(chapter.photos, paper.words):
            paper.text(line)


def _write_photo(paper: _Paper, photo: PhotoEntry, longest_px: int) -> None:
    words, picture = paper.words, draw_picture(photo, longest_px)
    paper.heading(words("photo.heading", number=photo.number, name=photo.name), level=2)
    if picture.jpeg is not None:
        width, height = picture.size_wh
        wide_mm = min(_WIDTH_MM, _HIGHEST_PICTURE_MM * width / height)
        paper.picture(
            picture.jpeg, wide_mm, words("photo.alt", number=photo.number, result=result(photo, words))
        )
    for index, line in enumerate(caption_lines(photo, picture, words)):
        paper.text(line, bold=index == 0, soft=index > 0, with_next=index == 0)
    for line in region_lines(photo, words, _MOST_REGIONS):
        paper.text(line, soft=True)


def _write_signature(paper: _Paper, report: Report) -> None:
    paper.heading(paper.words("section.signature"))
    # The lines to sign on never stand on a page without what is signed.
    paper.text(facts.signed_sentence(report, paper.words), with_next=True)
    paper.signature(report.inspection.inspector)


def _write_method(paper: _Paper, report: Report) -> None:
    words = paper.words
    paper.heading(words("section.method"))
    paper.heading(words("method.scan"), level=2)
    paper.facts(facts.scan_facts(report, words))
    for model in report.models:
        paper.heading(words("method.model"), level=2)
        paper.facts(facts.model_facts(report, model, words))
    paper.heading(words("method.limits"), level=2)
    paper.bullets(words(f"limit.{name}") for name in facts.LIMITS)


def _write_reading(paper: _Paper, report: Report) -> None:
    words = paper.words
    paper.heading(words("section.reading"))
    paper.bullets(words(f"read.{name}") for name in facts.READING)
    if facts.has_widths(report):
        paper.heading(words("section.context"))
        paper.text(words("context.caveat"), bold=True)
        paper.table(tables.aci_table(words))
        paper.table(tables.eurocode_table(words))


def _writable(text: str) -> str:
    """Without what XML can't hold; `printable` has replaced the rest."""
    return "".join(letter for letter in text if letter in "\n\t" or letter >= " ")


def _repeat(row: Any) -> None:
    """The row comes again on every page."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def _whole(row: Any) -> None:
    """The row is not broken over two pages."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def _ruled(cell: Any) -> None:
    """A line above the cell."""
    borders, top = OxmlElement("w:tcBorders"), OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("color", "18202A")):
        top.set(qn(f"w:{name}"), value)
    borders.append(top)
    cell._tc.get_or_add_tcPr().append(borders)
