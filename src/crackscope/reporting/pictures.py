"""The annotated photos of a report: read, checked, shrunk and drawn one at a time."""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from crackscope.errors import PhotoError, UnreadablePhotoError
from crackscope.images import read_photo
from crackscope.inspection.findings import ShapeKind
from crackscope.reporting.records import PhotoEntry

#: All pictures of a report together have about this many pixels, so that a report of 500 photos can still
#: be mailed and opened; few photos are shown larger, up to `LONGEST_PX`.
TOTAL_PIXELS = 300_000_000
LONGEST_PX, SHORTEST_PX = 1400, 480
_QUALITY = 82
#: Above this a photo is not decoded for a picture of some hundred pixels; the scan's overlay is shown.
_LIMIT_PIXELS = 256_000_000
#: More boxes hide more than they show; the table has them all.
MOST_BOXES = 40
_BOLD = "DejaVuSansCondensed-Bold.ttf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG to show, or why there is none.

    Attributes:
        jpeg: ``None`` where nothing can be shown.
        size_wh: Its width and height in pixels.
        problem: ``missing``, ``changed`` (another file lies in its place) or ``unreadable``; set also where
            the scan's own picture is shown instead.
    """

    jpeg: bytes | None
    size_wh: tuple[int, int] = (0, 0)
    problem: str | None = None


def longest_side_px(pictures: int) -> int:
    """The longer side of each picture in a report of so many."""
    side = math.sqrt(TOTAL_PIXELS * 4 / 3 / max(1, pictures))
    return int(min(LONGEST_PX, max(SHORTEST_PX, side)))


def draw_picture(photo: PhotoEntry, longest_px: int) -> Picture:
    """The photo with the places that count as cracks, named as in the table; rejected ones are left out.

    The file must still be the one that was scanned; where it is not, or can't be read, the picture that the
    scan drew is shown if there is one.
    """
    try:
        image = _read(photo, longest_px)
    except _ChangedError:
        return _drawn_by_scan(photo, longest_px, "changed")
    except PhotoError:
        missing = photo.file is None or not photo.file.is_file()
        return _drawn_by_scan(photo, longest_px, "missing" if missing else "unreadable")
    _draw_boxes(image, photo)
    return _encode(image, None)


class _ChangedError(Exception):
    """The file is not the one that was scanned."""


def _read(photo: PhotoEntry, longest_px: int) -> Image.Image:
    if photo.file is None:
        raise UnreadablePhotoError("nobody knows where it is")
    try:
        data = photo.file.read_bytes()
    except OSError as error:
        raise UnreadablePhotoError(error.strerror or str(error)) from error
    if photo.sha256 is not None and hashlib.sha256(data).hexdigest() != photo.sha256:
        raise _ChangedError
    height, width = photo.photo_hw or (longest_px, longest_px)
    scale = min(1.0, longest_px / max(height, width))
    at_least_hw = (max(1, int(height * scale)), max(1, int(width * scale)))
    pixels_hwc = read_photo(data, limit_pixels=_LIMIT_PIXELS, at_least_hw=at_least_hw).pixels_hwc
    return _shrunk(Image.fromarray(pixels_hwc), longest_px)


def _drawn_by_scan(photo: PhotoEntry, longest_px: int, problem: str) -> Picture:
    if photo.drawn is not None:
        try:
            pixels_hwc = read_photo(Path(photo.drawn), limit_pixels=_LIMIT_PIXELS).pixels_hwc
            return _encode(_shrunk(Image.fromarray(pixels_hwc), longest_px), problem)
        except PhotoError:
            pass
    return Picture(jpeg=None, problem=problem)


def _shrunk(image: Image.Image, longest_px: int) -> Image.Image:
    image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return image


def _draw_boxes(image: Image.Image, photo: PhotoEntry) -> None:
    if photo.photo_hw is None:
        return
    draw = ImageDraw.Draw(image)
    scale = image.width / photo.photo_hw[1]
    line_px, font = _line_px(image), font_for(image)
    stated = {finding.statement.shape.box_ltrb for finding in photo.findings}
    # The strongest last, so that its label lies on top; what became a finding is drawn once, as that.
    for place in reversed(photo.verdict.cracks[:MOST_BOXES]):
        if place.box_ltrb in stated:
            continue
        left, top, right, bottom = (side * scale for side in place.box_ltrb)
        draw_outline(draw, image, (left, top, right, bottom), place.name, font)
    for finding in photo.findings:
        outline = [(x * scale, y * scale) for x, y in finding.statement.shape.outline_xy]
        closed = finding.statement.shape.kind is not ShapeKind.POLYLINE
        line = [*outline, outline[0]] if closed else outline
        draw.line(line, fill=(0, 0, 0), width=line_px * 4, joint="curve")
        draw.line(line, fill=(255, 255, 255), width=line_px * 2, joint="curve")
        corner = min(outline, key=lambda point: point[1])
        _draw_tag(draw, f"F{finding.number}", corner, image.size, font)


def draw_outline(
    draw: ImageDraw.ImageDraw,
    image: Image.Image,
    box_ltrb: tuple[float, float, float, float],
    name: str,
    font: ImageFont.FreeTypeFont,
) -> None:
    """A box with its name: white inside black, visible on any concrete and in grey print."""
    left, top, right, bottom = box_ltrb
    line_px = _line_px(image)
    box = (left, top, max(left + 2, right - 1), max(top + 2, bottom - 1))
    draw.rectangle(box, outline=(0, 0, 0), width=line_px * 3)
    inner = (box[0] + line_px, box[1] + line_px, box[2] - line_px, box[3] - line_px)
    if inner[2] > inner[0] and inner[3] > inner[1]:
        draw.rectangle(inner, outline=(255, 255, 255), width=line_px)
    _draw_tag(draw, name, (left, top), image.size, font)


def _line_px(image: Image.Image) -> int:
    """Seen in print too: half a millimetre on A4."""
    return max(1, max(image.size) // 360)


def font_for(image: Image.Image) -> ImageFont.FreeTypeFont:
    """The font of names in a picture."""
    return _font(max(11, max(image.size) // 48))


def _draw_tag(
    draw: ImageDraw.ImageDraw,
    text: str,
    corner_xy: tuple[float, float],
    picture_wh: tuple[int, int],
    font: ImageFont.FreeTypeFont,
) -> None:
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    width, height = right - left + 8, bottom - top + 8
    x = min(max(0.0, corner_xy[0]), float(picture_wh[0] - width))
    # Above the box where there is room, else inside it.
    y = corner_xy[1] - height if corner_xy[1] >= height else corner_xy[1]
    draw.rectangle((x, y, x + width, y + height), fill=(0, 0, 0))
    draw.text((x + 4 - left, y + 4 - top), text, fill=(255, 255, 255), font=font)


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(io.BytesIO(font_bytes(_BOLD)), size_px)


def font_bytes(name: str) -> bytes:
    """A font file of the package."""
    return (files("crackscope.reporting") / "fonts" / name).read_bytes()


def _encode(image: Image.Image, problem: str | None) -> Picture:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return Picture(jpeg=stream.getvalue(), size_wh=image.size, problem=problem)
