"""The picture a person looks at: the photo with its heat map, boxes, verdict, legend and scale bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFont

from crackscope.inspection.lengths import round_length
from crackscope.inspection.records import BoxLTRB
from crackscope.labels import Label, shown_score
from crackscope.photos.pixels import PixelSource
from crackscope.scanning.records import HeatMap, PhotoReport
from crackscope.storage import atomic_path
from crackscope.table_text import one_line

#: The longer side of the photo in an overlay, in pixels: large enough to print, small enough to mail.
LONGEST_PX, SHORTEST_LONG_SIDE_PX = 1600, 900
_QUALITY = 88
#: Below this score a cell is left as photographed, so that sound concrete stays visible.
_FAINTEST = 0.1
_STRONGEST_ALPHA, _OPAQUE_FROM = 0.62, 0.5
#: The heat map is coloured at so many pixels per cell, and enlarged from there.
_FINER = 4
#: More boxes hide more than they show; the tables have them all.
_MOST_BOXES = 40
_INK, _PAPER, _SOFT, _CONCRETE = (24, 26, 32), (250, 250, 248), (90, 94, 102), (196, 194, 190)

# ColorBrewer's "YlOrRd": sequential, ordered for every colour blindness and in grey print. Strong is dark,
# because concrete is pale.
_COLOURS = np.array(
    [
        (255, 237, 160), (254, 217, 118), (254, 178, 76), (253, 141, 60), (252, 78, 42), (227, 26, 28),
        (189, 0, 38),
    ],
    np.float32,
)  # fmt: skip
_VERDICT_COLOURS = {Label.POSITIVE: (196, 60, 20), Label.NEGATIVE: (30, 110, 140)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A shape that a person drew, with its name; ``points_xy`` in pixels of the photo."""

    name: str
    points_xy: tuple[tuple[int, int], ...]
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What people decided, where they did.

    Attributes:
        tags: What stands at a box; by default a region's number and score.
        by: Who settled the label.
        outlines: What people drew beside boxes.
    """

    tags: Mapping[BoxLTRB, str] = field(default_factory=dict)
    by: str | None = None
    outlines: tuple[Outline, ...] = ()


_NOBODY = Annotation()


def draw_overlay(
    source: PixelSource, report: PhotoReport, heat: HeatMap, annotation: Annotation = _NOBODY
) -> Image.Image:
    """Draw one photo's answer so that a stranger can read it without the manual."""
    size_hw = _picture_size(report.photo_hw)
    photo = Image.fromarray(source.rows(size_hw, 0, size_hw[0]))
    picture = _blend_heat(photo, heat.scores)
    style = _Style.for_width(picture.width)
    _draw_boxes(picture, report, style, annotation)
    _draw_outlines(picture, annotation.outlines, picture.width / report.photo_hw[1], style)
    weak_signs = bool(heat.scores.max() >= report.threshold) and annotation.by is None
    return _frame(picture, report, style, annotation, weak_signs=weak_signs)


def write_overlay(target: Path, picture: Image.Image) -> None:
    """Write a JPEG atomically.

    Raises:
        OutputError: It can't be written.
    """
    with atomic_path(target) as temporary:
        picture.save(temporary, quality=_QUALITY)


def colour_of(scores: NDArray[np.float32]) -> NDArray[np.uint8]:
    """RGB of scores 0..1: (...,) -> (..., 3)."""
    places = np.linspace(0, 1, len(_COLOURS))
    channels = [np.interp(scores, places, _COLOURS[:, channel]) for channel in range(3)]
    return np.asarray(np.stack(channels, axis=-1).round(), np.uint8)


@dataclass(frozen=True, slots=True)
class _Style:
    text_px: int
    line_px: int
    gap_px: int

    @classmethod
    def for_width(cls, width: int) -> _Style:
        text_px = max(13, min(30, width // 46))
        return cls(text_px, max(2, text_px // 8), max(6, text_px // 2))


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def _picture_size(photo_hw: tuple[int, int]) -> tuple[int, int]:
    longest = max(photo_hw)
    scale = min(LONGEST_PX, max(SHORTEST_LONG_SIDE_PX, longest)) / longest
    return max(1, round(photo_hw[0] * scale)), max(1, round(photo_hw[1] * scale))


def _blend_heat(photo: Image.Image, scores: NDArray[np.float32]) -> Image.Image:
    """Tint the photo: half paint, which shows on dark concrete, half glass, which lets the crack be seen."""
    if scores.max() < _FAINTEST:
        return photo
    rows, columns = scores.shape
    finer = max(1, min(_FINER, photo.width // columns))
    smooth = Image.fromarray(scores).resize((columns * finer, rows * finer), Image.Resampling.BICUBIC)
    heat = np.clip(np.asarray(smooth), 0, 1)
    alpha = np.clip((heat - _FAINTEST) / (_OPAQUE_FROM - _FAINTEST), 0, 1)[:, :, None] * _STRONGEST_ALPHA
    paint = alpha * colour_of(heat) / 2
    # Both are smooth, so they are made small and enlarged: a tenth of the work at full size.
    glass_image, paint_image = (
        Image.fromarray(each.astype(np.uint8)).resize(photo.size, Image.Resampling.BILINEAR)
        for each in (255 * (1 - alpha) + paint, paint)
    )
    return ImageChops.add(ImageChops.multiply(photo, glass_image), paint_image)


def _draw_boxes(picture: Image.Image, report: PhotoReport, style: _Style, annotation: Annotation) -> None:
    draw = ImageDraw.Draw(picture)
    scale = picture.width / report.photo_hw[1]
    font = _font(style.text_px)
    # The strongest last, so that its label lies on top.
    for region in reversed(report.regions[:_MOST_BOXES]):
        left, top, right, bottom = (side * scale for side in region.box_ltrb)
        box = (left, top, max(left + 1, right - 1), max(top + 1, bottom - 1))
        # White inside black: visible on any concrete.
        draw.rectangle(box, outline=(0, 0, 0), width=style.line_px * 2)
        inner = style.line_px / 2
        draw.rectangle(
            (box[0] + inner, box[1] + inner, box[2] - inner, box[3] - inner),
            outline=(255, 255, 255),
            width=style.line_px,
        )
        tag = annotation.tags.get(region.box_ltrb, f"{region.number}: {shown_score(region.score):.3f}")
        _draw_tag(draw, tag, (left, top), picture.size, font)


def _draw_outlines(picture: Image.Image, outlines: tuple[Outline, ...], scale: float, style: _Style) -> None:
    draw, font = ImageDraw.Draw(picture), _font(style.text_px)
    for outline in outlines:
        points = [(x * scale, y * scale) for x, y in outline.points_xy]
        line = [*points, points[0]] if outline.closed else points
        draw.line(line, fill=(0, 0, 0), width=style.line_px * 3, joint="curve")
        draw.line(line, fill=(255, 255, 255), width=style.line_px, joint="curve")
        corner = min(x for x, _ in points), min(y for _, y in points)
        _draw_tag(draw, outline.name, corner, picture.size, font)


def _draw_tag(
    draw: ImageDraw.ImageDraw,
    text: str,
    corner_xy: tuple[float, float],
    picture_wh: tuple[int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right - left + 8, bottom - top + 8
    x = min(max(0, corner_xy[0]), picture_wh[0] - width)
    # Above the box where there is room, else inside it.
    y = corner_xy[1] - height if corner_xy[1] >= height else corner_xy[1]
    draw.rectangle((x, y, x + width, y + height), fill=(0, 0, 0))
    draw.text((x + 4 - left, y + 4 - top), text, fill=(255, 255, 255), font=font)


def _frame(
    picture: Image.Image, report: PhotoReport, style: _Style, annotation: Annotation, *, weak_signs: bool
) -> Image.Image:
    """Put the verdict above the picture and the legend below it."""
    line_h = style.text_px + style.gap_px
    head_h, foot_h = 2 * line_h + 2 * style.gap_px, 2 * line_h + style.gap_px
    # A narrow photo gets a wider frame: the words must stay readable.
    width = max(picture.width, 26 * style.text_px)
    framed = Image.new("RGB", (width, picture.height + head_h + foot_h), _PAPER)
    framed.paste(picture, ((width - picture.width) // 2, head_h))
    draw = ImageDraw.Draw(framed)
    _draw_head(draw, report, style, annotation, width, line_h, weak_signs=weak_signs)
    legend_y = head_h + picture.height + style.gap_px
    legend_right = _draw_legend(framed, report, style, (style.gap_px, legend_y))
    if report.mm_per_px is None:
        _draw_right(draw, "scale: uncalibrated", (width - style.gap_px, legend_y), style)
    else:
        mm_per_picture_px = report.mm_per_px * report.photo_hw[1] / picture.width
        room_px = width - legend_right - 4 * style.gap_px
        _draw_scale_bar(draw, mm_per_picture_px, (width - style.gap_px, legend_y), room_px, style)
    return framed


def _draw_head(
    draw: ImageDraw.ImageDraw,
    report: PhotoReport,
    style: _Style,
    annotation: Annotation,
    width: int,
    line_h: int,
    *,
    weak_signs: bool,
) -> None:
    room = width - 2 * style.gap_px
    verdict = f"{'CRACKED' if report.label is Label.POSITIVE else 'NO CRACK FOUND'}  ({report.label})"
    colour = _VERDICT_COLOURS[report.label]
    draw.rectangle((0, 0, width, style.line_px * 2), fill=colour)
    at = (style.gap_px, style.gap_px + style.line_px)
    draw.text(at, verdict, fill=colour, font=_font(style.text_px + 2), stroke_width=0)
    used = draw.textlength(verdict, font=_font(style.text_px + 2)) + 2 * style.gap_px
    score = f"score {shown_score(report.score):.3f}, Positive from {report.threshold:.3f}"
    review = f"   REVIEW: {report.reason}" if report.reason else ""
    decided = f"decided by {annotation.by}   " if annotation.by else ""
    _draw_fitting(draw, decided + score + review, (at[0] + used, at[1] + 1), room - used, style, _INK)
    found = f"{_findings(report, weak_signs=weak_signs)}   {one_line(Path(report.path).name)}"
    _draw_fitting(draw, found, (at[0], at[1] + line_h), room, style, _SOFT)


def _findings(report: PhotoReport, *, weak_signs: bool) -> str:
    count = len(report.regions)
    if count == 0:
        # Colours in a photo without a crack ask for a word.
        return "coloured: signs too weak for a whole photo" if weak_signs else "nothing found"
    regions = "1 region" if count == 1 else f"{count} regions"
    hidden = f" (the strongest {_MOST_BOXES} drawn)" if count > _MOST_BOXES else ""
    return f"{regions}{hidden} (boxes: number and score), {report.cracked_share:.1%} of the area"


def _draw_legend(
    picture: Image.Image, report: PhotoReport, style: _Style, corner_xy: tuple[int, int]
) -> float:
    """A colour bar of the scores with the threshold marked; returns where it ends on the right."""
    x, y = corner_xy
    draw, font = ImageDraw.Draw(picture), _font(style.text_px - 1)
    title = "crack score "
    draw.text((x, y), title, fill=_INK, font=font)
    left = x + draw.textlength(title, font=font)
    length, height = 9 * style.text_px, style.text_px
    ramp = np.linspace(_FAINTEST, 1, length, dtype=np.float32)
    concrete = Image.new("RGB", (length, height), _CONCRETE)
    picture.paste(_blend_heat(concrete, np.tile(ramp, (height, 1))), (round(left), y))
    for mark in (_FAINTEST, report.threshold, 1.0):
        at = left + (min(max(mark, _FAINTEST), 1) - _FAINTEST) / (1 - _FAINTEST) * length
        draw.line((at, y - 2, at, y + height + 3), fill=_INK, width=max(1, style.line_px - 1))
        draw.text((at, y + height + 3), f"{mark:.2g}", fill=_INK, font=font, anchor="ma")
    return left + length


def _draw_scale_bar(
    draw: ImageDraw.ImageDraw, mm_per_px: float, right_xy: tuple[int, int], room_px: float, style: _Style
) -> None:
    longest_mm = max(min(12.0 * style.text_px, room_px), 10.0) * mm_per_px
    length_mm = round_length(longest_mm)
    right, y = right_xy
    left = right - length_mm / mm_per_px
    middle = y + style.text_px / 2
    draw.line((left, middle, right, middle), fill=_INK, width=style.line_px)
    for end in (left, right):
        draw.line((end, y, end, y + style.text_px), fill=_INK, width=style.line_px)
    text = f"{length_mm / 1000:g} m" if length_mm >= 1000 else f"{length_mm:g} mm"
    at = ((left + right) / 2, y + style.text_px + 3)
    draw.text(at, text, fill=_INK, font=_font(style.text_px - 1), anchor="ma")


def _draw_right(draw: ImageDraw.ImageDraw, text: str, right_xy: tuple[int, int], style: _Style) -> None:
    draw.text(right_xy, text, fill=_SOFT, font=_font(style.text_px - 1), anchor="ra")


def _draw_fitting(
    draw: ImageDraw.ImageDraw,
    text: str,
    at_xy: tuple[float, float],
    room_px: float,
    style: _Style,
    colour: tuple[int, int, int],
) -> None:
    """Write text, cut at the end where it does not fit."""
    font = _font(style.text_px)
    if draw.textlength(text, font=font) > room_px:
        while text and draw.textlength(text + "...", font=font) > room_px:
            text = text[:-1]
        text += "..."
    draw.text(at_xy, text, fill=colour, font=font)
