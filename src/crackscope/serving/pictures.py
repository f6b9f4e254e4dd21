"""Pictures of a stored photo for the page and the report: smaller, upright, annotated."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from crackscope.images import read_photo
from crackscope.labels import Label, ReviewReason
from crackscope.photos.pixels import DecodedPhoto
from crackscope.scanning.overlay import draw_overlay
from crackscope.scanning.records import HeatMap, PhotoMetadata, PhotoReport, Region
from crackscope.serving.models import Photo, Result

#: No side of a picture is longer.
LONGEST_PX = 4096
_JPEG_QUALITY = 88


def small_jpeg(path: Path, photo: Photo, max_px: int) -> bytes:
    """The photo upright as a JPEG without metadata, its longer side at most ``max_px``.

    Raises:
        PhotoError: It can't be read.
    """
    scale = min(1.0, max_px / max(photo.width_px, photo.height_px, 1))
    size_hw = (max(1, round(photo.height_px * scale)), max(1, round(photo.width_px * scale)))
    pixels_hwc = read_photo(path, at_least_hw=size_hw).pixels_hwc
    picture = Image.fromarray(pixels_hwc)
    picture.thumbnail((max_px, max_px))
    return _encoded(picture, "JPEG", quality=_JPEG_QUALITY)


def overlay_png(path: Path, photo: Photo, result: Result) -> bytes:
    """The picture that ``crackscope scan`` draws.

    Raises:
        PhotoError: It can't be read.
    """
    report = _report(photo, result)
    scores = np.asarray(result.grid["scores"], np.float32)
    heat = HeatMap(scores=scores, tile_scores=scores, cell_px=photo.height_px / result.grid["rows"])
    picture = draw_overlay(DecodedPhoto(read_photo(path)), report, heat)
    return _encoded(picture, "PNG")


def _report(photo: Photo, result: Result) -> PhotoReport:
    return PhotoReport(
        path=photo.name,
        label=Label(result.label),
        score=result.score,
        threshold=result.threshold,
        reason=None if result.reason is None else ReviewReason(result.reason),
        sha256=photo.sha256,
        photo_hw=(photo.height_px, photo.width_px),
        tile_px=(result.tile_px,),
        cracked_share=result.cracked_share,
        regions=tuple(_region(document) for document in result.regions),
        tiles=(),
        mm_per_px=result.settings.get("mm_per_px"),
        metadata=PhotoMetadata(),
    )


def _region(document: dict[str, Any]) -> Region:
    left, top, right, bottom = document["box_ltrb_px"]
    return Region(
        number=document["region"],
        box_ltrb=(left, top, right, bottom),
        area_px=document["area_px"],
        score=document["score"],
    )


def _encoded(picture: Image.Image, form: str, **options: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()
