"""A contact sheet of suspicious files: one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from PIL import Image

from crackscope.dataset.audit import Audit, Finding, Kind
from crackscope.errors import PhotoError
from crackscope.images import read_photo
from crackscope.storage import write_text

_THUMBNAIL_PX = 112

_MEANING = {
    Kind.UNREADABLE: "Left out of every split. Delete or replace them.",
    Kind.CONTRADICTORY: "The same picture as Positive and as Negative: one label is wrong. "
    "Left out of a split unless kept on request.",
    Kind.EXACT: "The same file byte for byte. A split keeps them on one side.",
    Kind.NEAR: "The same picture, saved again. A split keeps them on one side.",
    Kind.ODD_SIZE: "Not the size of the others: cut from another photo, or not a patch at all?",
    Kind.OUTLIER: "Much brighter, darker, flatter, harsher or more colourful than the rest of its data set.",
    Kind.POOR: "Blurred, dark or flat: a thin crack may be there and not be seen.",
    Kind.UNFAMILIAR: "Unlike anything the model was trained on: its score says little here.",
    Kind.MOST_LIKELY: "The highest scores, highest first.",
    Kind.LEAST_LIKELY: "The lowest scores, lowest first.",
}

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .2rem; }
p { margin: .2rem 0 .8rem; } .more { font-style: italic; }
table { border-collapse: collapse; } th, td { padding: .2rem 1rem .2rem 0; text-align: right; }
th { border-bottom: 1px solid var(--line); }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
.findings { display: flex; flex-wrap: wrap; gap: .7rem; align-items: flex-start; }
.finding { display: flex; flex-wrap: wrap; gap: .5rem; padding: .5rem; border: 1px solid var(--line);
  border-radius: 6px; background: var(--soft); max-width: 100%; }
figure { margin: 0; width: 7rem; } img { display: block; width: 7rem; height: 7rem; object-fit: contain; }
figcaption { font-size: .75rem; line-height: 1.3; overflow-wrap: anywhere; }
.none { display: grid; place-items: center; height: 7rem; font-size: .75rem; border: 1px dashed var(--line); }
.detail { display: block; font-style: italic; }
"""


def write_contact_sheet(path: Path, audit: Audit, *, limit: int = 60) -> None:
    """Write the page, with at most ``limit`` files of every kind and a count of the others."""
    write_text(path, "".join(_page(audit, limit)))


def _page(audit: Audit, limit: int) -> Iterator[str]:
    name = escape(str(audit.root))
    yield f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Audit of {name}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style></head>\n<body>\n<h1>Audit of {name}</h1>\n"
    if audit.classes:
        yield _classes_table(audit)
    if not audit.findings:
        yield "<p>Nothing suspicious was found.</p>\n"
    for kind in Kind:
        if findings := audit.of(kind):
            yield from _section(audit, kind, findings, limit)
    yield "</body></html>\n"


def _classes_table(audit: Audit) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("Data set", "Class", "Photos", "Brightness", "Contrast"))
    rows = "".join(
        f"<tr><td>{escape(one.source)}</td><td>{one.label}</td><td>{one.photos:,}</td>"
        f"<td>{one.brightness:.0f}</td><td>{one.contrast:.0f}</td></tr>\n"
        for one in audit.classes
    )
    return (
        f"<table><tr>{head}</tr>\n{rows}</table>\n<p>Brightness and contrast: medians, in grey levels.</p>\n"
    )


def _section(audit: Audit, kind: Kind, findings: Sequence[Finding], limit: int) -> Iterator[str]:
    shown = _up_to(findings, limit)
    files = sum(len(finding.paths) for finding in findings)
    left = files - sum(len(finding.paths[:limit]) for finding in shown)
    yield f"<h2>{escape(kind.capitalize())}: {_count(files, 'file')}"
    yield f" in {_count(len(findings), 'group')}</h2>\n" if files > len(findings) else "</h2>\n"
    yield f'<p>{escape(_MEANING[kind])}</p>\n<div class="findings">\n'
    for finding in shown:
        yield '<div class="finding">'
        yield from (_figure(audit.root, path, finding.detail) for path in finding.paths[:limit])
        yield "</div>\n"
    yield "</div>\n"
    if left:
        yield f'<p class="more">and {_count(left, "more file")}: see audit.csv</p>\n'


def _up_to(findings: Sequence[Finding], limit: int) -> list[Finding]:
    """Whole findings with at most ``limit`` files, but at least one finding."""
    shown: list[Finding] = []
    for finding in findings:
        if shown and sum(len(one.paths) for one in (*shown, finding)) > limit:
            break
        shown.append(finding)
    return shown


def _figure(root: Path, path: str, detail: str) -> str:
    # A name that is no valid Unicode can't be written into a page.
    name = escape(path.encode("utf-8", "backslashreplace").decode()).replace("/", "/<wbr>")
    caption = f'{name}<span class="detail">{escape(detail)}</span>'
    return f"<figure>{_thumbnail(root / path)}<figcaption>{caption}</figcaption></figure>"


def _thumbnail(path: Path) -> str:
    try:
        photo = read_photo(path, at_least_hw=(_THUMBNAIL_PX, _THUMBNAIL_PX))
    except PhotoError:
        return '<div class="none">no picture</div>'
    image = Image.fromarray(photo.pixels_hwc)
    image.thumbnail((2 * _THUMBNAIL_PX, 2 * _THUMBNAIL_PX))
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=85)
    return f'<img alt="" src="data:image/jpeg;base64,{base64.b64encode(encoded.getvalue()).decode()}">'


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
