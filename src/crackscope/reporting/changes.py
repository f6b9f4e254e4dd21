"""What changed since an earlier inspection: a sentence, a table, and both dates side by side."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageDraw

from crackscope.inspection.changes import ChangeKind, PhotoChange, RegionChange
from crackscope.reporting.pictures import Picture, draw_outline, font_for
from crackscope.reporting.records import ComparedWith
from crackscope.reporting.tables import Column, Row, Table, place
from crackscope.reporting.words import Words

#: Height of both photos of a pair, at most, and the gap between them.
_HIGH_PX, _GAP_PX = 620, 16
_QUALITY = 82
_CHANGED = (ChangeKind.NEW, ChangeKind.GROWN, ChangeKind.GONE)


def kind_text(kind: ChangeKind, words: Words) -> str:
    """What became of a region, in words."""
    return words(f"change.{kind.name.lower()}")


def change_sentences(compared: ComparedWith, words: Words) -> Iterator[str]:
    """With what was compared, how many of each kind, and what is not claimed."""
    comparison = compared.comparison
    photos = [photo for photo in comparison.photos if photo.later is not None]
    counts = ", ".join(
        f"{kind_text(kind, words)}: {words.number(comparison.count(kind))}" for kind in ChangeKind
    )
    yield words(
        "changes.compared",
        earlier=comparison.earlier,
        later=comparison.later,
        compared=sum(photo.registration is not None for photo in photos),
        photos=len(photos),
    )
    yield words("changes.counts", counts=counts)
    yield words("changes.meaning")


def change_table(compared: ComparedWith, words: Words) -> Table:
    """Every region that changed or could not be compared; what is the same is counted only."""
    columns = (
        Column(heading=words("column.name"), width=30),
        Column(heading=words("column.region"), width=9, numeric=True),
        Column(heading=words("column.change"), width=20),
        Column(heading=words("column.grown"), width=16, numeric=True),
        Column(heading=words("column.place"), width=25),
    )
    rows = (
        Row(
            cells=(
                photo.later or "",
                words.number(region.number),
                kind_text(region.kind, words),
                grown(region, photo, words),
                place(region.box_ltrb, words),
            ),
            below=_below(region, photo, words),
        )
        for photo in compared.comparison.photos
        for region in photo.regions
        if region.kind is not ChangeKind.SAME
    )
    return Table(caption=words("caption.changes"), columns=columns, rows=tuple(rows))


def _below(region: RegionChange, photo: PhotoChange, words: Words) -> str:
    said = [
        words("changes.earlier_photo", name=photo.earlier or ""),
        words("changes.tolerance", px=photo.tolerance_px),
    ]
    return " · ".join([words(f"incomparable.{region.reason}"), *said] if region.reason else said)


def grown(region: RegionChange, photo: PhotoChange, words: Words) -> str:
    """By how much a region grew, in millimetres only where the scale is known; a dash where it did not."""
    if not region.grown_px:
        return "–"
    if photo.mm_per_px is None:
        return words("length_px", length=region.grown_px)
    return words("length_mm", length=round(region.grown_px * photo.mm_per_px))


def not_compared(compared: ComparedWith, words: Words) -> Iterator[str]:
    """Each photo of either date that was not compared, and why."""
    for photo in compared.comparison.photos:
        if photo.reason:
            name = photo.later or words("changes.earlier_photo", name=photo.earlier or "")
            yield f"{name}: {words(f'incomparable.{photo.reason}')}"


def changed_photos(compared: ComparedWith) -> list[PhotoChange]:
    """The photos that are shown: something about them is new, grown or gone."""
    return [photo for photo in compared.comparison.photos if any(photo.count(kind) for kind in _CHANGED)]


def change_caption(photo: PhotoChange, words: Words) -> str:
    """What a pair of pictures shows."""
    kinds = "; ".join(
        f"{region.number}: {kind_text(region.kind, words)}"
        for region in photo.regions
        if region.kind in _CHANGED
    )
    return words("changes.pair", earlier=photo.earlier or "", later=photo.later or "", kinds=kinds)


def draw_pair(compared: ComparedWith, photo: PhotoChange) -> Picture:
    """Both photos in the later one's frame, the earlier on the left, with what changed outlined in both."""
    names = photo.earlier_picture, photo.later_picture
    sides = [_side(compared.folder / name, photo) for name in names if name is not None]
    if len(sides) != len(names) or any(side is None for side in sides):
        return Picture(jpeg=None, problem="missing")
    earlier, later = (side for side in sides if side is not None)
    both = Image.new("RGB", (earlier.width + _GAP_PX + later.width, earlier.height), (255, 255, 255))
    both.paste(earlier, (0, 0))
    both.paste(later, (earlier.width + _GAP_PX, 0))
    stream = io.BytesIO()
    both.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(jpeg=stream.getvalue(), size_wh=both.size)


def _side(file: Path, photo: PhotoChange) -> Image.Image | None:
    try:
        with Image.open(file) as opened:
            image = opened.convert("RGB")
    except OSError:
        return None
    image.thumbnail((4 * _HIGH_PX, _HIGH_PX), Image.Resampling.LANCZOS)
    assert photo.photo_hw is not None
    scale = image.width / photo.photo_hw[1]
    draw, font = ImageDraw.Draw(image), font_for(image)
    for region in photo.regions:
        if region.kind in _CHANGED:
            left, top, right, bottom = (side * scale for side in region.box_ltrb)
            draw_outline(draw, image, (left, top, right, bottom), str(region.number), font)
    return image
