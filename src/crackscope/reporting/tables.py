"""The tables of a report as text in its language, the same in HTML, PDF and Word."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crackscope.inspection.findings import Finding, Rating
from crackscope.inspection.records import Act, BoxLTRB, Place
from crackscope.labels import Label
from crackscope.reporting.facts import ACI_224R, EUROCODE_2, Counts, count, no_decisions
from crackscope.reporting.records import PhotoEntry, Report
from crackscope.reporting.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its heading, its share of the width, and whether it holds numbers."""

    heading: str
    width: float
    numeric: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row.

    Attributes:
        below: Said in small print under its second cell, or across the table.
        struck: Struck out: a person rejected it.
    """

    cells: tuple[str, ...]
    below: str = ""
    struck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; the first column names the row.

    Attributes:
        narrow: It has little to say and does not need the whole width.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    narrow: bool = False


def finding_table(report: Report, words: Words) -> Table:
    """What people state, by number; recommendation and note stand below."""
    columns = (
        Column(heading=words("column.number"), width=7),
        Column(heading=words("column.kind"), width=15),
        Column(heading=words("column.element"), width=19),
        Column(heading=words("column.photo"), width=7, numeric=True),
        Column(heading=words("column.width_mm"), width=20),
        Column(heading=words("column.length"), width=13, numeric=True),
        Column(heading=words("column.condition"), width=19),
    )
    rows = (
        Row(
            cells=(
                finding_name(finding),
                words(f"kind.{finding.statement.kind.name.lower()}"),
                finding.element or "–",
                words.number(photo.number),
                crack_width(finding, words),
                length(finding, words),
                " ".join(map(str, finding.statement.ratings)) or "–",
            ),
            below=" · ".join(_stated(finding, words)),
        )
        for photo, finding in report.findings
    )
    return Table(caption=words("caption.findings"), columns=columns, rows=tuple(rows))


def condition_table(report: Report, words: Words) -> Table | None:
    """What the classes mean by which findings are rated; ``None`` where none is."""
    used = {rating for _, finding in report.findings for rating in finding.statement.ratings}
    if report.conditions is None or not used:
        return None
    german = words.language == "de"
    rows = [
        Row(
            cells=(
                f"{scale.code} {each.code}".strip(),
                scale.name.get(words.language, ""),
                each.de if german else each.en,
            )
        )
        for scale in report.conditions.scales
        for each in scale.classes
        if Rating(scale=scale.code, code=each.code) in used
    ]
    columns = (
        Column(heading=words("column.condition"), width=15),
        Column(heading=words("column.rates"), width=30),
        Column(heading=words("column.means"), width=55),
    )
    title = report.conditions.title or words("caption.own_conditions")
    return Table(caption=words("caption.conditions", title=title), columns=columns, rows=tuple(rows))


def finding_name(finding: Finding) -> str:
    """How a finding is named in pictures and tables."""
    return f"F{finding.number}"


def crack_width(finding: Finding, words: Words) -> str:
    """The width that a person typed, and how it was measured; a dash where nobody did."""
    statement = finding.statement
    if statement.width_mm is None or statement.width_method is None:
        return "–"
    how = words(f"width.{statement.width_method.name.lower()}")
    return f"{words.number(statement.width_mm)} ({how})"


def length(finding: Finding, words: Words) -> str:
    """Along a line: in millimetres with a scale, else in pixels; a dash for other shapes."""
    length_px = finding.statement.shape.length_px
    if length_px is None:
        return "–"
    if finding.length_mm is None:
        return words("length_px", length=round(length_px))
    return words("length_mm", length=round(finding.length_mm, 1 if finding.length_mm < 100 else None))


def _stated(finding: Finding, words: Words) -> Iterator[str]:
    if finding.statement.recommendation:
        yield words("recommendation_is", text=finding.statement.recommendation)
    if finding.statement.note:
        yield words("note_is", note=finding.statement.note)
    yield words("stated_by", who=finding.who, when=words.moment(finding.when))


def class_table(report: Report, words: Words) -> Table:
    """How many photos are in each class, by the model and, where anyone reviewed them, after review."""
    counts = {"column.by_model": count(report.photos, by_model=True)}
    if report.reviewed:
        counts["column.after_review"] = count(report.photos, by_model=False)
    columns = [Column(heading=words("column.class"), width=40)]
    columns += [Column(heading=words(key), width=30, numeric=True) for key in counts]
    rows = [
        Row(cells=(words(f"label.{name}"), *(_share(each, name, words) for each in counts.values())))
        for name in ("Positive", "Negative", "failed")
    ]
    return Table(caption=words("caption.classes"), columns=tuple(columns), rows=tuple(rows), narrow=True)


def _share(counts: Counts, name: str, words: Words) -> str:
    number = {"Positive": counts.positive, "Negative": counts.negative, "failed": counts.failed}[name]
    return f"{words.number(number)} ({words.percent(counts.share(number))})"


def region_table(report: Report, words: Words) -> Table:
    """Every region and drawn box of every photo; rejected ones are struck out."""
    columns = (
        Column(heading=words("column.photo"), width=7, numeric=True),
        Column(heading=words("column.region"), width=9, numeric=True),
        Column(heading=words("column.score"), width=9, numeric=True),
        Column(heading=words("column.place"), width=27),
        Column(heading=words("column.area"), width=14, numeric=True),
        Column(heading=words("column.size_mm"), width=14, numeric=True),
        Column(heading=words("column.decided"), width=20),
    )
    rows = (
        Row(
            cells=(
                words.number(photo.number),
                each.name,
                words.score(None if each.region is None else each.region.score),
                place(each.box_ltrb, words),
                "–" if each.region is None else words.number(each.region.area_px),
                size_mm(each.box_ltrb, photo.mm_per_px, words),
                place_state(each, words),
            ),
            struck=each.label is Label.NEGATIVE,
        )
        for photo in report.photos
        for each in photo.places
    )
    return Table(caption=words("caption.regions"), columns=columns, rows=tuple(rows))


def review_table(report: Report, words: Words) -> Table:
    """Every act of every reviewer, by photo, oldest first."""
    columns = (
        Column(heading=words("column.photo"), width=8, numeric=True),
        Column(heading=words("column.act"), width=17),
        Column(heading=words("column.about"), width=22),
        Column(heading=words("column.label"), width=18),
        Column(heading=words("column.who"), width=15),
        Column(heading=words("column.when"), width=20),
    )
    rows = (
        Row(
            cells=(
                words.number(photo.number),
                _act(decision, words),
                words("whole_photo") if decision.box_ltrb is None else place(decision.box_ltrb, words),
                _change(decision, words),
                decision.who,
                words.moment(decision.when),
            ),
            below=words("note_is", note=decision.note) if decision.note else "",
        )
        for photo in report.photos
        for decision in photo.acts
    )
    return Table(caption=words("caption.reviews"), columns=columns, rows=tuple(rows))


def photo_table(report: Report, words: Words) -> Table:
    """The photo log: every photo with its hash, whether it was scanned or not."""
    columns = (
        Column(heading=words("column.number"), width=6, numeric=True),
        Column(heading=words("column.name"), width=26),
        Column(heading=words("column.taken"), width=20),
        Column(heading=words("column.camera"), width=16),
        Column(heading=words("column.result"), width=14),
        Column(heading=words("column.score"), width=8, numeric=True),
        Column(heading=words("column.review"), width=14),
    )
    rows = (
        Row(
            cells=(
                words.number(photo.number),
                photo.name,
                words.taken(photo.taken),
                photo.camera or "–",
                result(photo, words),
                words.score(photo.score),
                review_state(photo, words),
            ),
            below=" · ".join(_small_print(photo, words)),
        )
        for photo in report.photos
    )
    return Table(caption=words("caption.log"), columns=columns, rows=tuple(rows))


def record_tables(report: Report, words: Words) -> tuple[tuple[str, Table, str], ...]:
    """The tables after the photos, in their order: the section's key, the table, what an empty one says."""
    return (
        ("regions", region_table(report, words), words("empty.regions")),
        ("reviews", review_table(report, words), words(no_decisions(report))),
        ("log", photo_table(report, words), words("summary.no_photos")),
    )


def aci_table(words: Words) -> Table:
    """Crack widths of ACI 224R, as context."""
    columns = (
        Column(heading=words("aci.exposure"), width=70),
        Column(heading=words("aci.width"), width=30, numeric=True),
    )
    rows = (Row(cells=(words(f"aci.{name}"), words.number(width, 2))) for name, width in ACI_224R)
    return Table(caption=words("aci.caption"), columns=columns, rows=tuple(rows), narrow=True)


def eurocode_table(words: Words) -> Table:
    """Crack widths of Eurocode 2, as context."""
    columns = (
        Column(heading=words("ec2.classes"), width=40),
        Column(heading=words("ec2.reinforced"), width=30, numeric=True),
        Column(heading=words("ec2.prestressed"), width=30, numeric=True),
    )
    rows = (
        Row(
            cells=(
                name,
                words.number(reinforced, 1),
                words("ec2.decompression") if prestressed is None else words.number(prestressed, 1),
            )
        )
        for name, reinforced, prestressed in EUROCODE_2
    )
    return Table(caption=words("ec2.caption"), columns=columns, rows=tuple(rows), narrow=True)


def place(box_ltrb: BoxLTRB, words: Words) -> str:
    """A box: its upper left corner and its size in pixels."""
    left, top, right, bottom = box_ltrb
    return words("box", left=left, top=top, width=right - left, height=bottom - top)


def place_state(place: Place, words: Words) -> str:
    """Who said that a place is a crack or none; a dash where only the model has spoken."""
    act = place.act
    if act is None:
        return "–"
    if place.label is Label.POSITIVE:
        return words("place.confirmed" if place.region is not None else "place.drawn", who=act.who)
    return words("place.rejected" if act.box_ltrb is not None else "place.rejected_whole", who=act.who)


def size_mm(box_ltrb: BoxLTRB, mm_per_px: float | None, words: Words) -> str:
    """Width and height of a box in millimetres; a dash without a scale."""
    if mm_per_px is None:
        return "–"
    left, top, right, bottom = box_ltrb
    sides = ((right - left) * mm_per_px, (bottom - top) * mm_per_px)
    return " × ".join(words.number(side, 0 if side >= 10 else 1) for side in sides)


def result(photo: PhotoEntry, words: Words) -> str:
    """The label that counts, and the model's where a reviewer changed it."""
    final = photo.final_label
    if final is None or photo.label is None:
        return words("label.failed")
    if final is photo.label:
        return words(f"label.{final}")
    return words("changed_label", now=words(f"label.{final}"), model=words(f"label.{photo.label}"))


def review_state(photo: PhotoEntry, words: Words) -> str:
    """Why a person should look, and whether one has."""
    question = photo.verdict.question
    if question is not None:
        return words(f"open.{question.name.lower()}")
    if photo.decision is not None:
        return words("decided_by", who=photo.decision.who)
    return "–" if photo.reason is None else words("open_review", reason=reason(photo, words))


def reason(photo: PhotoEntry, words: Words) -> str:
    """Why a person should look, in one word."""
    return "" if photo.reason is None else words(f"reason.{photo.reason.name.lower()}")


def _act(decision: Act, words: Words) -> str:
    act = words(f"act.{decision.action}")
    return words("undone_act", act=act) if decision.undone else act


def _change(decision: Act, words: Words) -> str:
    old, new = decision.old_label, decision.new_label
    if new is None:
        return "–"
    shown = words(f"label.{new}")
    return shown if old is None or old is new else f"{words(f'label.{old}')} → {shown}"


def _small_print(photo: PhotoEntry, words: Words) -> Iterator[str]:
    if photo.element:
        yield words("of_element", name=photo.element)
    if photo.sha256:
        yield f"SHA-256 {photo.sha256}"
    if photo.photo_hw:
        yield words("pixels", width=photo.photo_hw[1], height=photo.photo_hw[0])
    if photo.focal_length_mm:
        yield words("focal_length", length=words.number(photo.focal_length_mm))
    if photo.latitude is not None and photo.longitude is not None:
        yield position(photo.latitude, photo.longitude, words)
    if photo.error is not None:
        yield words("not_scanned", reason=photo.error)
    if photo.file is None or not photo.file.is_file():
        yield words("file_missing")


def position(latitude: float, longitude: float, words: Words) -> str:
    """Degrees with the side of the earth, 5 decimals: about a metre."""
    north = words("north" if latitude >= 0 else "south")
    east = words("east" if longitude >= 0 else "west")
    return f"{words.number(abs(latitude), 5)}° {north}, {words.number(abs(longitude), 5)}° {east}"
