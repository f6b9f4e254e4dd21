"""What is drawn in a PDF report: the key numbers, the chart, the map, the photos, the lines to sign on."""

from __future__ import annotations

import io
from collections.abc import Sequence

from fpdf.enums import XPos, YPos

from crackscope.reporting.captions import Bar, caption_lines, kind_of, region_lines
from crackscope.reporting.facts import Counts
from crackscope.reporting.pdf_page import COLOURS, FILLS, GROUND, INK, LINE, SOFT, Page
from crackscope.reporting.pictures import Picture
from crackscope.reporting.records import PhotoEntry
from crackscope.reporting.site_map import SiteMap
from crackscope.reporting.tables import result

_HIGHEST_PICTURE_MM, _NARROWEST_TEXT_MM, _GAP_MM, _LINE_MM = 102.0, 48.0, 4.0, 4.4
#: Width over height from which a picture is one.
_PANORAMA = 1.7
_MOST_REGIONS = 10


def draw_tiles(page: Page, counts: Counts) -> None:
    """The key numbers side by side."""
    words = page.words
    positive = words.number(counts.positive)
    tiles = [
        (words("summary.photos"), words.number(counts.total), "", "failed"),
        (words("summary.positive"), positive, words.percent(counts.share(counts.positive)), "positive"),
        (words("summary.open"), words.number(counts.open), "", "review"),
        (words("summary.failed"), words.number(counts.failed), "", "failed"),
    ]
    gap, high = 4.0, 17.0
    wide = (page.epw - 3 * gap) / 4
    top = page.get_y()
    for index, (name, value, more, colour) in enumerate(tiles):
        left = page.l_margin + index * (wide + gap)
        page.set_draw_color(*LINE)
        page.rect(left, top, wide, high)
        page.set_fill_color(*COLOURS[colour])
        page.rect(left, top, 1.4, high, style="F")
        page.set_xy(left + 3, top + 2)
        page.write_with(8.5, SOFT)
        page.cell(wide - 4, 4.5, page.cut(name, wide - 5))
        page.set_xy(left + 3, top + 7)
        page.write_with(17, bold=True)
        page.cell(page.get_string_width(value) + 3, 8, value)
        page.write_with(9, SOFT)
        page.cell(20, 9, more)
    page.set_xy(page.l_margin, top + high + 4)


def draw_chart(page: Page, bars: Sequence[Bar]) -> None:
    """Photos by class as bars of one length."""
    words = page.words
    page.need(8 * len(bars) + 16)
    page.write_with(9.5, bold=True)
    page.paragraph(words("summary.chart"), line_mm=6)
    page.write_with(9)
    for bar in bars:
        top = page.get_y()
        page.cell(26, 7, page.cut(bar.name, 26))
        left, wide = page.l_margin + 28, page.epw - 28
        for kind, number in bar.parts:
            page.set_fill_color(*FILLS[kind])
            part = wide * number / bar.total
            page.rect(left, top + 0.5, part, 6, style="F")
            left += part
        page.set_xy(page.l_margin, top + 8)
    _legend(page, [(kind, words(f"legend.{kind}")) for kind in FILLS], chart=True)


def draw_map(page: Page, site: SiteMap) -> None:
    """The positions of the camera."""
    words, scale = page.words, page.epw / site.width
    left, top = page.l_margin, page.get_y()
    page.set_fill_color(*GROUND)
    page.set_draw_color(*LINE)
    page.rect(left, top, site.width * scale, site.height * scale, style="DF")
    page.write_with(7)
    for place in site.places:
        x, y = left + place.x * scale, top + place.y * scale
        _mark(page, kind_of(place.photo), x, y)
        if place.number_xy is not None:
            number_x, number_y = place.number_xy
            page.text(left + number_x * scale, top + number_y * scale, str(place.photo.number))
    _draw_north(page, left + (site.width - 24) * scale, top + 10 * scale)
    _draw_bar(page, site, left + 16 * scale, top + (site.height - 12) * scale, scale)
    page.set_xy(page.l_margin, top + site.height * scale + 2)
    kinds = ("positive", "review", "negative", "failed")
    _legend(page, [(kind, words(f"legend.{kind}")) for kind in kinds], chart=False)


def draw_figure(page: Page, photo: PhotoEntry, picture: Picture) -> None:
    """A photo with its heading and, beside or below it, what is said of it; all on one page."""
    words = page.words
    heading = words("photo.heading", number=photo.number, name=photo.name)
    wide, high = _size_mm(picture, page.epw)
    beside = picture.jpeg is not None and page.epw - wide >= _NARROWEST_TEXT_MM
    text_mm = page.epw - wide - _GAP_MM if beside else page.epw
    lines = [*caption_lines(photo, picture, words), *region_lines(photo, words, _MOST_REGIONS)]
    page.write_with(9)
    text_high = sum(page.height_of(line, text_mm, _LINE_MM) + 0.6 for line in lines)
    page.write_with(10, bold=True)
    body = max(high, text_high) if beside else high + text_high + 1
    page.need(min(page.eph, body + page.height_of(heading, page.epw) + 2))
    page.start_section(page.known(heading), level=1)
    page.paragraph(heading)
    top, number = page.get_y() + 1, page.page
    if picture.jpeg is not None:
        alt = words("photo.alt", number=photo.number, result=result(photo, words))
        page.image(io.BytesIO(picture.jpeg), x=page.l_margin, y=top, w=wide, h=high, alt_text=alt)
    page.set_y(top if beside else top + high + 1)
    for index, line in enumerate(lines):
        page.write_with(9, INK if index == 0 else SOFT, bold=index == 0)
        page.set_x(page.l_margin + wide + _GAP_MM if beside else page.l_margin)
        page.paragraph(line, line_mm=_LINE_MM, width_mm=text_mm)
        page.set_y(page.get_y() + 0.6)
    if beside and page.page == number:
        page.set_y(max(page.get_y(), top + high))
    page.ln(6)
    page.write_with(10)


def draw_wide(page: Page, picture: Picture, caption: str) -> None:
    """A picture over the whole width with its caption below, both on one page."""
    if picture.jpeg is None:
        page.paragraph(caption)
        return
    width, height = picture.size_wh
    scale = min(page.epw / width, _HIGHEST_PICTURE_MM / height)
    page.write_with(9)
    page.need(height * scale + page.height_of(caption, page.epw, _LINE_MM) + 4)
    top = page.get_y() + 1
    page.image(
        io.BytesIO(picture.jpeg), x=page.l_margin, y=top, w=width * scale, h=height * scale, alt_text=caption
    )
    page.set_y(top + height * scale + 1)
    page.write_with(9, SOFT)
    page.paragraph(caption, line_mm=_LINE_MM)
    page.ln(3)
    page.write_with(10)


def draw_signature(page: Page, inspector: str) -> None:
    """Name, place and date, signature."""
    words, gap = page.words, 8.0
    wide = (page.epw - 2 * gap) / 3
    top = page.get_y() + 18
    page.set_draw_color(*INK)
    for index, key in enumerate(("name", "place", "sign")):
        left = page.l_margin + index * (wide + gap)
        page.line(left, top, left + wide, top)
        page.set_xy(left, top + 1)
        page.write_with(8.5, SOFT)
        page.cell(wide, 4, words(f"signature.{key}"))
    page.set_xy(page.l_margin, top - 5.5)
    page.write_with(10)
    page.cell(wide, 5, page.cut(inspector, wide), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _size_mm(picture: Picture, room_mm: float) -> tuple[float, float]:
    if picture.jpeg is None:
        return 0.0, 0.0
    width, height = picture.size_wh
    # A panorama takes the whole width, other pictures leave a column for the text.
    widest = room_mm if width > _PANORAMA * height else room_mm - _NARROWEST_TEXT_MM
    scale = min(widest / width, _HIGHEST_PICTURE_MM / height)
    return width * scale, height * scale


def _legend(page: Page, kinds: Sequence[tuple[str, str]], *, chart: bool) -> None:
    page.write_with(8.5)
    for kind, name in kinds:
        x, y = page.get_x(), page.get_y()
        if chart:
            page.set_fill_color(*FILLS[kind])
            page.rect(x, y + 1, 3, 3, style="F")
        else:
            _mark(page, kind, x + 1.5, y + 2.5)
        page.set_x(x + 4.5)
        page.cell(page.get_string_width(name) + 6, 5, name)
    page.ln(7)


def _mark(page: Page, kind: str, x: float, y: float) -> None:
    """A place on the map; the shape says the class too, for grey print and every eye."""
    page.set_fill_color(*COLOURS[kind])
    page.set_draw_color(255, 255, 255)
    page.set_line_width(0.2)
    if kind == "positive":
        page.polygon([(x, y - 1.6), (x + 1.6, y), (x, y + 1.6), (x - 1.6, y)], style="DF")
    elif kind == "review":
        page.set_draw_color(*INK)
        page.polygon([(x, y - 1.7), (x + 1.6, y + 1.2), (x - 1.6, y + 1.2)], style="DF")
    elif kind == "negative":
        page.set_fill_color(255, 255, 255)
        page.set_draw_color(*COLOURS[kind])
        page.set_line_width(0.5)
        page.circle(x, y, 1.2, style="DF")
    else:
        page.set_draw_color(*COLOURS[kind])
        page.set_line_width(0.5)
        page.line(x - 1.1, y - 1.1, x + 1.1, y + 1.1)
        page.line(x - 1.1, y + 1.1, x + 1.1, y - 1.1)
    page.set_line_width(0.2)
    page.set_draw_color(*LINE)


def _draw_north(page: Page, x: float, y: float) -> None:
    page.set_fill_color(*INK)
    page.write_with(8, bold=True)
    name = page.words("map.north")
    page.text(x - page.get_string_width(name) / 2, y + 1.5, name)
    page.polygon([(x, y + 2.5), (x + 1.8, y + 9), (x, y + 7.5), (x - 1.8, y + 9)], style="F")


def _draw_bar(page: Page, site: SiteMap, x: float, y: float, scale: float) -> None:
    page.set_draw_color(*INK)
    page.set_line_width(0.4)
    end = x + site.bar * scale
    page.polyline([(x, y - 1.3), (x, y), (end, y), (end, y - 1.3)])
    far = site.bar_m >= 1000
    number = page.words.number(site.bar_m / 1000 if far else site.bar_m)
    page.write_with(8)
    page.text(end + 2, y + 0.3, f"{number} {'km' if far else 'm'}")
    page.set_line_width(0.2)
    page.set_draw_color(*LINE)
