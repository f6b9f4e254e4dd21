"""The tables of a report as an Excel file: raw numbers, every text a text and never a formula."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from crackscope.inspection.records import BoxLTRB
from crackscope.reporting import facts
from crackscope.reporting.changes import change_table
from crackscope.reporting.records import Report
from crackscope.reporting.tables import finding_name, place_state, reason
from crackscope.reporting.words import Words

#: Excel's own limit of a cell.
_LONGEST_TEXT = 32_767

#: Headings with the width of their column in characters.
_PHOTO_COLUMNS = {
    "column.number": 6, "column.name": 32, "excel.final_label": 16, "excel.model_label": 16,
    "column.score": 9, "excel.threshold": 10, "excel.reason": 16, "excel.decided_by": 18,
    "excel.share": 14, "excel.regions": 9,
    "excel.width": 11, "excel.height": 11, "excel.tiles": 13, "excel.scale": 16, "column.taken": 22,
    "column.camera": 22, "excel.focal": 16, "excel.latitude": 13, "excel.longitude": 13, "SHA-256": 68,
    "excel.file": 13, "excel.error": 40, "column.element": 22,
}  # fmt: skip
_FINDING_COLUMNS = {
    "column.number": 7, "column.kind": 16, "column.element": 22, "excel.photo_number": 8, "column.name": 32,
    "column.width_mm": 11, "excel.width_method": 16, "column.condition": 14, "excel.length_px": 12,
    "excel.length_mm": 12, "excel.recommendation": 50, "excel.note": 50, "excel.shape": 11, "excel.left": 10,
    "excel.top": 10, "excel.right": 10, "excel.bottom": 10, "excel.points": 40, "column.who": 20,
    "column.when": 20,
}  # fmt: skip
_REGION_COLUMNS = {
    "column.number": 6, "column.name": 32, "column.region": 9, "column.score": 9, "excel.left": 10,
    "excel.top": 10, "excel.right": 10, "excel.bottom": 10, "column.area": 11, "excel.width_mm": 12,
    "excel.height_mm": 12, "excel.area_mm2": 12, "excel.counts_as": 16, "column.decided": 30,
}  # fmt: skip
_REVIEW_COLUMNS = {
    "column.number": 6, "column.name": 32, "column.act": 14, "excel.old_label": 18, "excel.new_label": 18,
    "excel.left": 10, "excel.top": 10, "excel.right": 10, "excel.bottom": 10, "column.who": 20,
    "column.when": 20, "excel.note": 50, "excel.undone": 14,
}  # fmt: skip


def write_excel(target: Path, report: Report, words: Words) -> None:
    """Write the sheets, row by row: findings where there are any, photos, regions, reviews, and the rest."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(target), options) as book:
        book.set_properties({"title": facts.title(report, words), "author": report.inspection.inspector})
        # XlsxWriter would write the clock of this machine.
        book.set_properties({"created": report.made_at.astimezone(UTC).replace(tzinfo=None)})
        pen = _Pen(book, words)
        if report.findings:
            titles = _with_zone(_titles(_FINDING_COLUMNS, words), words)
            pen.table(words("sheet.findings"), titles, _finding_rows(report, words))
        pen.table(words("sheet.photos"), _titles(_PHOTO_COLUMNS, words), _photo_rows(report, words))
        pen.table(words("sheet.regions"), _titles(_REGION_COLUMNS, words), _region_rows(report, words))
        pen.table(words("sheet.reviews"), _review_titles(words), _review_rows(report, words))
        if report.compared is not None:
            table = change_table(report.compared, words)
            titles = {column.heading: round(column.width) + 6 for column in table.columns}
            rows = ((*row.cells, row.below) for row in table.rows)
            pen.table(words("sheet.changes"), {**titles, words("excel.note"): 60}, rows)
        pen.lines(words("sheet.about"), _about(report, words))


class _Pen:
    """Writes cells by their kind; a text that begins with = or @ stays a text."""

    def __init__(self, book: Any, words: Words) -> None:
        self._book, self._words = book, words
        self._bold = book.add_format({"bold": True, "bottom": 1})
        self._wrap = book.add_format({"text_wrap": True, "valign": "top"})
        self._moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"})

    def table(self, name: str, titles: dict[str, int], rows: Iterable[Sequence[object]]) -> None:
        sheet = self._book.add_worksheet(name)
        for column, (title, width) in enumerate(titles.items()):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, title, self._bold)
        sheet.freeze_panes(1, 2)
        last = 0
        for last, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                self._cell(sheet, last, column, value)
        sheet.autofilter(0, 0, last, len(titles) - 1)
        sheet.set_landscape()
        sheet.repeat_rows(0)
        sheet.fit_to_pages(1, 0)

    def lines(self, name: str, pairs: Iterable[facts.Fact]) -> None:
        sheet = self._book.add_worksheet(name)
        sheet.set_column(0, 0, 30, self._wrap)
        sheet.set_column(1, 1, 110, self._wrap)
        for row, (title, text) in enumerate(pairs):
            sheet.write_string(row, 0, title[:_LONGEST_TEXT], self._wrap)
            sheet.write_string(row, 1, text[:_LONGEST_TEXT], self._wrap)

    def _cell(self, sheet: Any, row: int, column: int, value: object) -> None:
        if isinstance(value, datetime):
            local = self._words.local(value).replace(tzinfo=None)
            sheet.write_datetime(row, column, local, self._moment)
        elif isinstance(value, int | float):
            sheet.write_number(row, column, value)
        elif value is not None:
            sheet.write_string(row, column, str(value)[:_LONGEST_TEXT])


def _titles(columns: dict[str, int], words: Words) -> dict[str, int]:
    return {words(key) if "." in key else key: width for key, width in columns.items()}


def _review_titles(words: Words) -> dict[str, int]:
    return _with_zone(_titles(_REVIEW_COLUMNS, words), words)


def _with_zone(titles: dict[str, int], words: Words) -> dict[str, int]:
    """Times in a cell have no zone, so their heading has it."""
    when = words("column.when")
    return {
        f"{when} ({words.zone_name})" if title == when else title: width for title, width in titles.items()
    }


def _photo_rows(report: Report, words: Words) -> Iterator[tuple[object, ...]]:
    for photo in report.photos:
        height, width = photo.photo_hw or (None, None)
        there = photo.file is not None and photo.file.is_file()
        scanned = photo.label is not None
        yield (
            photo.number, photo.name, _label(photo.final_label, words), _label(photo.label, words),
            photo.score, photo.threshold, reason(photo, words) or None,
            photo.decision.who if photo.decision else None,
            photo.cracked_share if scanned else None, len(photo.verdict.cracks) if scanned else None,
            width, height,
            ", ".join(map(str, photo.tile_px)) or None, photo.mm_per_px, photo.taken, photo.camera,
            photo.focal_length_mm, photo.latitude, photo.longitude, photo.sha256,
            words("excel.yes" if there else "excel.no"), photo.error, photo.element or None,
        )  # fmt: skip


def _finding_rows(report: Report, words: Words) -> Iterator[tuple[object, ...]]:
    for photo, finding in report.findings:
        stated = finding.statement
        length_px, length_mm, method = stated.shape.length_px, finding.length_mm, stated.width_method
        yield (
            finding_name(finding), words(f"kind.{stated.kind.name.lower()}"), finding.element or None,
            photo.number, photo.name, stated.width_mm,
            None if method is None else words(f"width.{method.name.lower()}"),
            " ".join(map(str, stated.ratings)) or None,
            None if length_px is None else round(length_px, 1),
            None if length_mm is None else round(length_mm, 1),
            stated.recommendation or None, stated.note or None, words(f"shape.{stated.shape.kind}"),
            *stated.shape.box_ltrb, " ".join(f"{x},{y}" for x, y in stated.shape.points_xy),
            finding.who, finding.when,
        )  # fmt: skip


def _region_rows(report: Report, words: Words) -> Iterator[tuple[object, ...]]:
    for photo in report.photos:
        for place in photo.places:
            region = place.region
            area_px = None if region is None else region.area_px
            yield (
                photo.number, photo.name, place.name if region is None else region.number,
                None if region is None else region.score, *place.box_ltrb, area_px,
                *_millimetres(place.box_ltrb, area_px, photo.mm_per_px), _label(place.label, words),
                None if place.act is None else place_state(place, words),
            )  # fmt: skip


def _review_rows(report: Report, words: Words) -> Iterator[tuple[object, ...]]:
    for photo in report.photos:
        for act in photo.acts:
            yield (
                photo.number, photo.name, words(f"act.{act.action}"), _label(act.old_label, words),
                _label(act.new_label, words), *(act.box_ltrb or (None,) * 4), act.who, act.when,
                act.note or None, words("excel.yes" if act.undone else "excel.no"),
            )  # fmt: skip


def _about(report: Report, words: Words) -> Iterator[facts.Fact]:
    yield facts.title(report, words), ""
    if report.inspection.letterhead:
        yield report.inspection.letterhead, ""
    yield from facts.inspection_facts(report, words)
    yield from facts.scan_facts(report, words)
    for model in report.models:
        yield from facts.model_facts(report, model, words)
    for name in facts.LIMITS:
        yield words("method.limits"), words(f"limit.{name}")
    for name in facts.READING:
        yield words("section.reading"), words(f"read.{name}")
    made = words("made", version=report.crackscope_version, when=words.moment(report.made_at))
    yield made, ""


def _millimetres(box_ltrb: BoxLTRB, area_px: int | None, mm_per_px: float | None) -> tuple[float | None, ...]:
    if mm_per_px is None:
        return None, None, None
    left, top, right, bottom = box_ltrb
    width, height = round((right - left) * mm_per_px, 2), round((bottom - top) * mm_per_px, 2)
    return width, height, None if area_px is None else round(area_px * mm_per_px**2, 2)


def _label(label: str | None, words: Words) -> str | None:
    return None if label is None else words(f"label.{label}")
