"""The report as a PDF, chapter by chapter."""

from __future__ import annotations

import io
from pathlib import Path

from fpdf.enums import XPos, YPos

from crackscope.reporting import changes, facts, tables
from crackscope.reporting.captions import classes_of, missing_numbers
from crackscope.reporting.facts import count
from crackscope.reporting.logo import SHOWN_MM, shown_mm
from crackscope.reporting.pdf_drawings import (
    draw_chart,
    draw_figure,
    draw_map,
    draw_signature,
    draw_tiles,
    draw_wide,
)
from crackscope.reporting.pdf_page import SOFT, Page
from crackscope.reporting.pictures import draw_picture, longest_side_px
from crackscope.reporting.records import Inspection, Report
from crackscope.reporting.site_map import draw_site_map
from crackscope.reporting.words import Words


def write_pdf(target: Path, report: Report, words: Words) -> None:
    """Write the report; photos are shrunk one at a time, and only their JPEGs are kept until the end."""
    page = Page(facts.running_title(report, words), words, report.font)
    _describe(page, report)
    page.add_page()
    _write_head(page, report)
    _write_findings(page, report)
    _write_summary(page, report)
    _write_changes(page, report)
    _write_map(page, report)
    _write_photos(page, report)
    for name, table, empty in tables.record_tables(report, words):
        page.chapter(words(f"section.{name}"))
        if table.rows:
            page.print_table(table)
        else:
            page.paragraph(empty)
    # Before what explains the report, so that it never stands on a page alone.
    page.chapter(words("section.signature"), room_mm=60)
    page.paragraph(facts.signed_sentence(report, words))
    draw_signature(page, report.inspection.inspector)
    _write_method(page, report)
    _write_reading(page, report)
    page.output(str(target))


def _describe(page: Page, report: Report) -> None:
    inspection = report.inspection
    page.set_title(facts.title(report, page.words))
    page.set_lang(page.words.language)
    page.set_subject(" – ".join(part for part in (inspection.structure, inspection.element) if part))
    page.set_author(inspection.inspector)
    page.set_creator(f"crackscope {report.crackscope_version}")
    page.set_creation_date(report.made_at)


def _write_letterhead(page: Page, inspection: Inspection) -> None:
    top, high = page.get_y(), 0.0
    if inspection.logo is not None:
        wide, high = shown_mm(inspection.logo)
        page.image(
            io.BytesIO(inspection.logo), x=page.l_margin, y=top, w=wide, h=high, alt_text=page.words("logo")
        )
    if inspection.letterhead:
        left = page.l_margin + SHOWN_MM[0] + 6
        page.write_with(9, SOFT)
        room = page.l_margin + page.epw - left
        for line in inspection.letterhead.splitlines():
            page.set_x(left)
            page.cell(room, 4.3, page.cut(line, room), align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if high or inspection.letterhead:
        page.set_y(max(page.get_y(), top + high) + 7)


def _write_head(page: Page, report: Report) -> None:
    _write_letterhead(page, report.inspection)
    page.write_with(21, bold=True)
    page.paragraph(facts.title(report, page.words), line_mm=9.5)
    page.set_draw_color(24, 32, 42)
    page.set_line_width(0.8)
    page.line(page.l_margin, page.get_y() + 2, page.l_margin + page.epw, page.get_y() + 2)
    page.set_line_width(0.2)
    page.set_draw_color(201, 208, 216)
    page.ln(5)
    page.facts(facts.inspection_facts(report, page.words))
    page.ln(2)
    page.write_with(8.5, SOFT)
    when = page.words.moment(report.made_at)
    page.paragraph(page.words("made", version=report.crackscope_version, when=when))


def _write_summary(page: Page, report: Report) -> None:
    words = page.words
    page.chapter(words("section.summary"))
    if not report.photos:
        page.notice(words("summary.no_photos"))
        return
    by_model, final = count(report.photos, by_model=True), count(report.photos, by_model=False)
    draw_tiles(page, final)
    draw_chart(page, classes_of(by_model, final, report, words))
    page.print_table(tables.class_table(report, words))
    marked = words("summary.marked", marked=final.marked, open=final.open)
    page.paragraph(f"{marked} {facts.review_sentence(report, words)}")
    page.ln(1.5)
    page.paragraph(words("summary.meaning"))
    missing = missing_numbers(report)
    if missing:
        page.ln(2)
        page.notice(words("summary.missing", numbers=", ".join(map(str, missing))))


def _write_changes(page: Page, report: Report) -> None:
    if report.compared is None:
        return
    words, compared = page.words, report.compared
    page.chapter(words("section.changes"))
    for line in changes.change_sentences(compared, words):
        page.paragraph(line)
        page.ln(1)
    for photo in changes.changed_photos(compared):
        caption = changes.change_caption(photo, words)
        draw_wide(page, changes.draw_pair(compared, photo), caption)
    table = changes.change_table(compared, words)
    if table.rows:
        page.print_table(table)
    left = list(changes.not_compared(compared, words))
    if left:
        page.paragraph(words("changes.left_out"))
        page.bullets(left)


def _write_map(page: Page, report: Report) -> None:
    words, site = page.words, draw_site_map(report.photos)
    if site is None:
        page.chapter(words("section.map"))
        page.paragraph(words("map.none"))
        return
    page.chapter(words("section.map"), room_mm=40 + site.height * page.epw / site.width)
    draw_map(page, site)
    centre = tables.position(*site.centre, words)
    known, photos = len(site.places), len(report.photos)
    caption = words("map.caption", known=known, photos=photos, centre=centre)
    if site.numbers_left_out:
        caption += " " + words("map.left_out", count=site.numbers_left_out)
    page.write_with(9, SOFT)
    page.paragraph(caption, line_mm=4.5)


def _write_findings(page: Page, report: Report) -> None:
    if not report.findings:
        return
    page.chapter(page.words("section.findings"), room_mm=60)
    page.print_table(tables.finding_table(report, page.words))
    conditions = tables.condition_table(report, page.words)
    if conditions is not None:
        page.print_table(conditions)


def _write_photos(page: Page, report: Report) -> None:
    longest_px = longest_side_px(len(report.shown))
    for chapter in facts.chapters(report, page.words):
        page.chapter(chapter.title, room_mm=120 if chapter.shown else 20)
        if chapter.about:
            page.paragraph(chapter.about)
            page.ln(2)
        if not chapter.shown:
            page.paragraph(page.words("photo.none"))
        for photo in chapter.shown:
            draw_figure(page, photo, draw_picture(photo, longest_px))
        for line in facts.left_out(chapter.photos, page.words):
            page.paragraph(line)


def _write_method(page: Page, report: Report) -> None:
    words = page.words
    page.chapter(words("section.method"))
    page.subheading(words("method.scan"))
    page.facts(facts.scan_facts(report, words))
    for model in report.models:
        page.subheading(words("method.model"))
        page.facts(facts.model_facts(report, model, words))
    page.subheading(words("method.limits"))
    page.bullets(words(f"limit.{name}") for name in facts.LIMITS)


def _write_reading(page: Page, report: Report) -> None:
    words = page.words
    page.chapter(words("section.reading"))
    explained = [words(f"read.{name}") for name in facts.READING]
    page.bullets([*explained, words("glyphs")] if page.replaced else explained)
    if not facts.has_widths(report):
        return
    page.chapter(words("section.context"), room_mm=70)
    page.notice(words("context.caveat"))
    page.print_table(tables.aci_table(words))
    page.print_table(tables.eurocode_table(words))
