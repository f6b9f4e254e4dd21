"""Pictures of a stored photo for the page and the report: smaller, upright, annotated."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from crackscope.dataset.contrast import raise_contrast
from crackscope.images import read_photo
from crackscope.inspection.findings import Finding, ShapeKind
from crackscope.inspection.records import Region, Verdict
from crackscope.labels import shown_score
from crackscope.photos.pixels import DecodedPhoto
from crackscope.scanning.overlay import Annotation, Outline, draw_overlay
from crackscope.scanning.records import HeatMap, PhotoReport
from crackscope.serving.models import Photo, Result
from crackscope.serving.rows import report_of

#: No side of a picture is longer.
LONGEST_PX = 4096
_JPEG_QUALITY = 88


def small_jpeg(path: Path, photo: Photo, max_px: int) -> bytes:
    """The photo upright as a JPEG without metadata, its longer side at most ``max_px``.

    Raises:
        PhotoError: It can't be read.
    """
    return _encoded(_small(path, photo, max_px), "JPEG", quality=_JPEG_QUALITY)


def raised_jpeg(path: Path, photo: Photo, max_px: int) -> bytes:
    """`small_jpeg` with contrast raised, for faint cracks.

    Raises:
        PhotoError: It can't be read.
    """
    pixels_hwc = raise_contrast(np.asarray(_small(path, photo, max_px)))
    return _encoded(Image.fromarray(pixels_hwc), "JPEG", quality=_JPEG_QUALITY)


def _small(path: Path, photo: Photo, max_px: int) -> Image.Image:
    scale = min(1.0, max_px / max(photo.width_px, photo.height_px, 1))
    size_hw = (max(1, round(photo.height_px * scale)), max(1, round(photo.width_px * scale)))
    picture = Image.fromarray(read_photo(path, at_least_hw=size_hw).pixels_hwc)
    picture.thumbnail((max_px, max_px))
    return picture


def overlay_png(
    path: Path, photo: Photo, result: Result, verdict: Verdict, findings: Sequence[Finding] = ()
) -> bytes:
    """The picture that ``crackscope scan`` draws, with the label, places and findings that count now.

    Raises:
        PhotoError: It can't be read.
    """
    return _encoded(_overlay(path, photo, result, verdict, findings), "PNG")


def overlay_jpeg(
    path: Path, photo: Photo, result: Result, verdict: Verdict, findings: Sequence[Finding] = ()
) -> bytes:
    """The same as a JPEG.

    Raises:
        PhotoError: It can't be read.
    """
    return _encoded(_overlay(path, photo, result, verdict, findings), "JPEG", quality=_JPEG_QUALITY)


def _overlay(
    path: Path, photo: Photo, result: Result, verdict: Verdict, findings: Sequence[Finding]
) -> Image.Image:
    scores = np.asarray(result.grid["scores"], np.float32)
    heat = HeatMap(scores=scores, tile_scores=scores, cell_px=photo.height_px / result.grid["rows"])
    annotation = _annotation(result, verdict, findings)
    return draw_overlay(DecodedPhoto(read_photo(path)), _reviewed(photo, result, verdict), heat, annotation)


def _reviewed(photo: Photo, result: Result, verdict: Verdict) -> PhotoReport:
    """What counts in place of what the model said."""
    report = report_of(photo, result)
    regions = [
        place.region or Region(number=number, box_ltrb=place.box_ltrb, area_px=0, score=0.0)
        for number, place in enumerate(verdict.cracks, start=1)
    ]
    return replace(
        report,
        label=verdict.label or report.label,
        reason=report.reason if verdict.act is None else None,
        regions=tuple(regions),
    )


def _annotation(result: Result, verdict: Verdict, findings: Sequence[Finding]) -> Annotation:
    stated = {finding.statement.shape.box_ltrb: f"F{finding.number}" for finding in findings}
    tags = {
        place.box_ltrb: place.name
        if place.region is None
        else f"{place.name}: {shown_score(place.region.score):.3f}"
        for place in verdict.cracks
    }
    drawn = [finding for finding in findings if finding.statement.shape.box_ltrb not in tags]
    # A place that became a finding is called after it.
    tags |= {box: name for box, name in stated.items() if box in tags}
    changed = f" (model: {result.label})" if verdict.label != result.label else ""
    by = f"{verdict.act.who}{changed}" if verdict.act is not None else None
    return Annotation(tags=tags, by=by, outlines=tuple(map(_outline, drawn)))


def _outline(finding: Finding) -> Outline:
    shape = finding.statement.shape
    closed = shape.kind is not ShapeKind.POLYLINE
    return Outline(name=f"F{finding.number}", points_xy=shape.outline_xy, closed=closed)


def _encoded(picture: Image.Image, form: str, **options: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()
