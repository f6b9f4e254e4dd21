"""The report as one HTML file that needs nothing else: pictures and style are inside, without script."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from crackscope.inspection.changes import PhotoChange
from crackscope.reporting import changes, facts, tables
from crackscope.reporting.captions import caption_lines, classes_of, kind_of, missing_numbers, region_lines
from crackscope.reporting.pictures import Picture, draw_picture, longest_side_px
from crackscope.reporting.records import PhotoEntry, Report
from crackscope.reporting.site_map import draw_site_map
from crackscope.reporting.words import Words


def write_html(target: Path, report: Report, words: Words) -> None:
    """Write the report piece by piece; one photo is in memory at a time."""
    pieces = _environment().get_template("report.html.jinja").generate(**_content(report, words))
    with target.open("w", encoding="utf-8", newline="\n") as stream:
        for piece in pieces:
            stream.write(piece)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("crackscope.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        facts=facts,
        tables=tables,
        changes=changes,
        caption_lines=caption_lines,
        region_lines=region_lines,
        kind_of=kind_of,
        css_text=_css_text,
        data_uri=_data_uri,
        png_uri=_png_uri,
    )
    return environment


def _content(report: Report, words: Words) -> dict[str, Any]:
    # Ours, without a character that ends a style element.
    style = Markup((files("crackscope.reporting") / "templates" / "report.css").read_text(encoding="utf-8"))
    by_model = facts.count(report.photos, by_model=True)
    final = facts.count(report.photos, by_model=False)
    return {
        "report": report,
        "words": words,
        "style": style,
        "final": final,
        "bars": classes_of(by_model, final, report, words),
        "map": draw_site_map(report.photos),
        "missing": missing_numbers(report),
        "chapters": facts.chapters(report, words),
        "pairs": partial(_pairs, report),
        "figures": partial(_figures, longest_px=longest_side_px(len(report.shown))),
    }


def _pairs(report: Report) -> Iterator[tuple[PhotoChange, Picture]]:
    assert report.compared is not None
    for photo in changes.changed_photos(report.compared):
        yield photo, changes.draw_pair(report.compared, photo)


def _figures(photos: Iterable[PhotoEntry], *, longest_px: int) -> Iterator[tuple[PhotoEntry, Picture]]:
    for photo in photos:
        yield photo, draw_picture(photo, longest_px)


def _data_uri(picture: Picture) -> Markup:
    assert picture.jpeg is not None
    return Markup("data:image/jpeg;base64,") + base64.b64encode(picture.jpeg).decode("ascii")


def _png_uri(png: bytes) -> Markup:
    return Markup("data:image/png;base64,") + base64.b64encode(png).decode("ascii")


def _css_text(text: str) -> Markup:
    """Text for a CSS string inside a style element, where HTML's escapes mean nothing."""
    return Markup("".join(c if c.isalnum() and c.isascii() else f"\\{ord(c):06x}" for c in text))
