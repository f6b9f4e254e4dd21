"""What stands below a picture and beside a chart, the same in HTML and PDF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import shorten

from crackscope.labels import Label
from crackscope.reporting.facts import Counts
from crackscope.reporting.pictures import MOST_BOXES, Picture
from crackscope.reporting.records import PhotoEntry, Report
from crackscope.reporting.tables import crack_width, finding_name, place_state, reason, result, size_mm
from crackscope.reporting.words import Words

#: Beside a picture, in letters; the table of reviews has all of it.
_LONGEST_NOTE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar of the chart: photos by class, ``parts`` as (class, count), and the same in words."""

    name: str
    parts: tuple[tuple[str, int], ...]
    total: int
    text: str


def classes_of(by_model: Counts, final: Counts, report: Report, words: Words) -> list[Bar]:
    """One bar for the model's labels, another after review where there was one."""
    bars = [_bar(words("summary.chart_model"), by_model, words)]
    if report.reviewed:
        bars.append(_bar(words("summary.chart_final"), final, words))
    return bars


def _bar(name: str, counts: Counts, words: Words) -> Bar:
    text = words(
        "summary.chart_alt",
        row=name,
        positive=counts.positive,
        negative=counts.negative,
        failed=counts.failed,
    )
    parts = (("positive", counts.positive), ("negative", counts.negative), ("failed", counts.failed))
    return Bar(name=name, parts=parts, total=counts.total, text=text)


def caption_lines(photo: PhotoEntry, picture: Picture, words: Words) -> Iterator[str]:
    """Result, numbers, who decided what, and why the picture is not the photo itself."""
    yield result(photo, words)
    yield words("photo.score", score=words.score(photo.score), threshold=words.score(photo.threshold))
    yield from _details(photo, words)
    yield from finding_lines(photo, words)
    for act in photo.acts:
        if act.undone or act.action == "undo" or act.box_ltrb is not None:
            continue
        note = shorten(act.note, _LONGEST_NOTE, placeholder=" …")
        said = (
            [note] if act.new_label is None else [words(f"label.{act.new_label}"), *([note] if note else [])]
        )
        when, done = words.moment(act.when), words(f"act.{act.action}")
        yield words("photo.decided", who=act.who, when=when, act=done, label=" – ".join(said))
    if picture.problem is not None:
        shown = f" {words('photo.scan_picture')}" if picture.jpeg is not None else ""
        yield words(f"photo.problem_{picture.problem}") + shown


def finding_lines(photo: PhotoEntry, words: Words) -> Iterator[str]:
    """What people state of a photo; the table of findings has all of it."""
    for finding in photo.findings:
        width = crack_width(finding, words)
        parts = [words(f"kind.{finding.statement.kind.name.lower()}"), *map(str, finding.statement.ratings)]
        if width != "–":
            parts.append(words("width_is", width=width))
        yield f"{finding_name(finding)}: {', '.join(parts)}"


def region_lines(photo: PhotoEntry, words: Words, most: int) -> Iterator[str]:
    """The places that are drawn, strongest first; all of them stand in the region table."""
    cracks = photo.verdict.cracks
    shown = cracks[: most if len(cracks) <= most else max(0, most - 1)]
    for each in shown:
        left, top, right, bottom = each.box_ltrb
        size = words("pixels", width=right - left, height=bottom - top)
        if photo.mm_per_px is not None:
            size += f" ({size_mm(each.box_ltrb, photo.mm_per_px, words)} mm)"
        if each.region is not None:
            size = f"{words('photo.region_score', score=words.score(each.region.score))}, {size}"
        said = "" if each.act is None else f", {place_state(each, words)}"
        yield words("photo.region", number=each.name, size=size + said)
    if len(shown) < len(cracks):
        yield words("photo.more_regions", count=len(cracks) - len(shown))


def _details(photo: PhotoEntry, words: Words) -> Iterator[str]:
    if photo.reason is not None:
        yield words("photo.review", reason=reason(photo, words))
    places, cracks = photo.places, photo.verdict.cracks
    question = photo.verdict.question
    if question is not None:
        yield words(f"photo.question_{question.name.lower()}")
    if places and not any(each.act for each in places):
        yield words("photo.regions", count=len(places), share=words.percent(photo.cracked_share))
    elif places:
        yield words("photo.places", count=len(cracks), rejected=len(places) - len(cracks))
    else:
        yield words("photo.no_region")
    if len(cracks) > MOST_BOXES:
        yield words("photo.strongest", count=MOST_BOXES)
    if photo.mm_per_px is None:
        yield words("photo.uncalibrated")
    else:
        yield words("photo.scale", scale=photo.mm_per_px)


def kind_of(photo: PhotoEntry) -> str:
    """How a photo is drawn on the map: positive, review, negative or failed."""
    if photo.final_label is None:
        return "failed"
    if photo.final_label is Label.POSITIVE:
        return "positive"
    return "review" if photo.review_open else "negative"


def missing_numbers(report: Report) -> list[int]:
    """The numbers of the photos whose files are not there."""
    return [p.number for p in report.photos if p.file is None or not p.file.is_file()]
