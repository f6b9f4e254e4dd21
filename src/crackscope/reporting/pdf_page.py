"""The paper of a PDF report: fonts, margins, headings, running text, lists of facts and tables."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import CellBordersLayout, TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

from crackscope.errors import SettingsError
from crackscope.reporting.facts import Fact
from crackscope.reporting.tables import Table
from crackscope.reporting.words import Words

INK, SOFT, LINE, GROUND = (24, 32, 42), (85, 96, 109), (201, 208, 216), (244, 246, 248)
COLOURS = {
    "positive": (184, 58, 14), "review": (224, 168, 0), "negative": (30, 110, 140), "failed": (107, 116, 128),
}  # fmt: skip
#: Paler where a colour fills a whole bar.
FILLS = {"positive": (184, 58, 14), "negative": (156, 196, 212), "failed": (195, 200, 206)}
NOTICE, NOTICE_EDGE = (253, 246, 227), (138, 97, 0)

_FAMILY, _MORE, _MARGIN_MM, _FOOT_MM = "report", "more", 18.0, 20.0
#: Stands for a letter that the font does not have.
_NO_GLYPH = "\u25a1"
#: Joiners and variant selectors: they only change their neighbours.
_UNSEEN = "\u200c\u200d\ufe0e\ufe0f"


class Page(FPDF):
    """An A4 document with page numbers, in a font with Latin, Greek, Cyrillic, Arabic and Hebrew letters."""

    def __init__(self, title: str, words: Words, more_letters: Path | None = None) -> None:
        super().__init__(format="A4")
        self._running_title, self.words = title, words
        #: Whether a letter was written as a box.
        self.replaced = False
        folder = Path(str(files("crackscope.reporting"))) / "fonts"
        self.add_font(_FAMILY, "", folder / "DejaVuSansCondensed.ttf")
        self.add_font(_FAMILY, "B", folder / "DejaVuSansCondensed-Bold.ttf")
        self._letters = set(self._cmap(_FAMILY))
        if more_letters is not None:
            self._add_letters(more_letters)
        self.set_margins(_MARGIN_MM, _MARGIN_MM)
        self.c_margin = 0.0
        self.set_auto_page_break(True, _FOOT_MM)
        self.set_draw_color(*LINE)
        self.write_with(10)

    def _cmap(self, family: str) -> Any:
        return self.fonts[family].cmap  # type: ignore[union-attr]

    def _add_letters(self, file: Path) -> None:
        """Take letters that the report's own font lacks from another."""
        try:
            self.add_font(_MORE, "", file)
            # Its one weight serves for bold as well.
            self.add_font(_MORE, "B", file)
        except Exception as error:
            # fontTools meets damaged files with every kind of exception.
            raise SettingsError(
                f"{file} is no font that can be used; expected a .ttf or .otf file"
            ) from error
        self.set_fallback_fonts([_MORE], exact_match=False)
        self._letters |= set(self._cmap(_MORE))

    def footer(self) -> None:
        """Title and page number."""
        self.set_y(-14)
        self.write_with(8, SOFT)
        number = self.words("page", page=str(self.page_no()), pages="{nb}")
        room = self.epw - 45
        self.cell(room, 5, self.cut(self._running_title, room))
        self.cell(45, 5, number, align="R")

    def write_with(self, size: float, colour: tuple[int, int, int] = INK, *, bold: bool = False) -> None:
        """Choose size in points, colour and weight of what is written next."""
        self.set_font(_FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)

    def known(self, text: str) -> str:
        """The text with a box in place of every letter that the font does not have."""
        seen = [c for c in text if c not in _UNSEEN]
        known = [c if c == "\n" or ord(c) in self._letters else _NO_GLYPH for c in seen]
        self.replaced |= known != seen
        return "".join(known)

    def cut(self, text: str, room_mm: float) -> str:
        """The text as one line, cut with an ellipsis where it does not fit."""
        text = self.known(" ".join(text.split()))
        if self.get_string_width(text) <= room_mm:
            return text
        while text and self.get_string_width(text + "…") > room_mm:
            text = text[:-1]
        return text + "…"

    def paragraph(self, text: str, *, line_mm: float = 5, width_mm: float = 0) -> None:
        """Text over the whole width, broken where needed."""
        self.multi_cell(width_mm, line_mm, self.known(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def height_of(self, text: str, width_mm: float, line_mm: float = 5) -> float:
        """How high the text will be in a column of this width."""
        lines = self.multi_cell(width_mm, line_mm, self.known(text), align="L", dry_run=True, output="LINES")
        assert isinstance(lines, list)
        return line_mm * len(lines)

    def need(self, height_mm: float) -> None:
        """Begin a new page where less than this is left."""
        if self.will_page_break(height_mm):
            self.add_page()

    def chapter(self, name: str, *, room_mm: float = 40) -> None:
        """A heading with a bookmark, on a page with at least this much room for what follows."""
        self.ln(7)
        self.need(room_mm)
        self.start_section(self.known(name))
        self.write_with(14, bold=True)
        self.paragraph(name, line_mm=7)
        self.line(self.l_margin, self.get_y() + 0.5, self.l_margin + self.epw, self.get_y() + 0.5)
        self.ln(3)
        self.write_with(10)

    def subheading(self, name: str) -> None:
        """A smaller heading."""
        self.ln(2)
        self.need(20)
        self.write_with(10, bold=True)
        self.paragraph(name, line_mm=6)
        self.write_with(10)

    def facts(self, pairs: Iterable[Fact]) -> None:
        """Names on the left, what is said on the right."""
        left, gap = 42.0, 3.0
        for name, value in pairs:
            self.write_with(9.5)
            self.need(min(100.0, self.height_of(value, self.epw - left - gap) + 2))
            top, page = self.get_y() + 1, self.page
            self.set_xy(self.l_margin, top)
            self.write_with(9.5, SOFT)
            self.multi_cell(left, 5, self.known(name), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            name_end = self.get_y()
            self.set_xy(self.l_margin + left + gap, top)
            self.write_with(9.5)
            self.multi_cell(
                self.epw - left - gap, 5, self.known(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
            )
            if self.page == page:
                self.set_y(max(self.get_y(), name_end))
            self.set_y(self.get_y() + 1)
            self.line(self.l_margin, self.get_y(), self.l_margin + self.epw, self.get_y())
        self.write_with(10)

    def bullets(self, items: Iterable[str]) -> None:
        """A list."""
        for item in items:
            self.need(self.height_of(item, self.epw - 6) + 1)
            self.set_x(self.l_margin + 1)
            self.cell(5, 5, "•")
            self.multi_cell(self.epw - 6, 5, self.known(item), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.ln(1)

    def notice(self, text: str) -> None:
        """A paragraph that must not be overlooked."""
        self.write_with(9.5)
        height = self.height_of(text, self.epw - 8) + 5
        self.need(height)
        top = self.get_y()
        self.set_fill_color(*NOTICE)
        self.rect(self.l_margin, top, self.epw, height, style="F")
        self.set_fill_color(*NOTICE_EDGE)
        self.rect(self.l_margin, top, 1.2, height, style="F")
        self.set_xy(self.l_margin + 4, top + 2.5)
        self.multi_cell(self.epw - 8, 5, self.known(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_y(top + height + 3)
        self.write_with(10)

    def print_table(self, table: Table) -> None:
        """A table whose headings come again on every page."""
        self.write_with(9, SOFT)
        self.need(25)
        self.paragraph(table.caption, line_mm=4.5)
        self.ln(1)
        self.write_with(8.5)
        self.set_draw_color(*LINE)
        # Cells are filled with the colour that was used last.
        self.set_fill_color(255, 255, 255)
        small = FontFace(size_pt=7, color=SOFT)
        struck = FontFace(emphasis="S", color=SOFT)
        with super().table(
            borders_layout=TableBordersLayout.NONE,
            width=self.epw * (0.6 if table.narrow else 1),
            align="LEFT",
            col_widths=tuple(column.width for column in table.columns),
            headings_style=FontFace(emphasis="BOLD", size_pt=8.5, color=INK),
            line_height=4.3,
            v_align="TOP",
            padding=(0.7, 2.5, 0.7, 0),
            text_align=tuple("RIGHT" if column.numeric else "LEFT" for column in table.columns),
        ) as lines:
            lines.row([self.known(column.heading) for column in table.columns])
            for each in table.rows:
                line = lines.row(style=struck if each.struck else None)
                for index, cell in enumerate(each.cells):
                    spans = 2 if each.below and index == 0 else 1
                    line.cell(self.known(cell), rowspan=spans, border=CellBordersLayout.TOP)
                if each.below:
                    lines.row().cell(
                        self.known(each.below),
                        colspan=len(table.columns) - 1,
                        style=small,
                        align="LEFT",
                        border=CellBordersLayout.NONE,
                    )
        right = self.l_margin + self.epw * (0.6 if table.narrow else 1)
        self.line(self.l_margin, self.get_y(), right, self.get_y())
        self.ln(2)
        self.write_with(10)
