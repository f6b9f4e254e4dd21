"""Label Studio's JSON, tasks with rectangles and polygons: https://labelstud.io/guide/export and ../tasks."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from crackscope.dataset.annotations.records import AnnotatedPhoto, Mark, PointXY, polygon_mark
from crackscope.errors import DataError

RECTANGLE, POLYGON = "rectanglelabels", "polygonlabels"
_FROM, _TO, _DATA = "label", "image", "image"
MODEL_VERSION = "crackscope"


class _Value(msgspec.Struct):
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    rotation: float = 0.0
    points: list[PointXY] = []
    rectanglelabels: list[str] = []
    polygonlabels: list[str] = []


class _Result(msgspec.Struct):
    type: str
    value: Any = None
    original_width: int | None = None
    original_height: int | None = None


class _Annotation(msgspec.Struct):
    result: list[_Result]
    was_cancelled: bool = False


class _Task(msgspec.Struct):
    data: dict[str, Any]
    annotations: list[_Annotation] = []


def read_label_studio(document: Any) -> tuple[AnnotatedPhoto, ...]:
    """Photos and marks of an export; of several annotations of a task the last one counts, skipped ones not.

    Tasks that nobody has annotated are left out: they are not empty, they are not labelled. Other kinds of
    results (brushes, choices) are passed over.

    Raises:
        DataError: It is no such export, or has an annotation without the size of its photo.
    """
    try:
        tasks = msgspec.convert(document, list[_Task])
    except msgspec.ValidationError as error:
        raise DataError(f"no export of Label Studio: {error}") from error
    photos = []
    for task in tasks:
        kept = [annotation for annotation in task.annotations if not annotation.was_cancelled]
        told = (task.data.get(_DATA), *task.data.values())
        name = next((value for value in told if isinstance(value, str)), None)
        if name is None:
            raise DataError("a task of the export names no image in its data")
        if kept:
            photos.append(_photo(name, kept[-1].result))
    return tuple(photos)


def label_studio_document(
    photos: tuple[AnnotatedPhoto, ...], prefix: str = "/data/local-files/?d="
) -> list[dict[str, Any]]:
    """Tasks to import; what no person has settled is a prediction, which one still has to accept.

    Args:
        photos: Every one with its size.
        prefix: What stands before a photo's path, by default that of Label Studio's local storage.
    """
    return [_task(photo, prefix) for photo in photos]


def _photo(name: str, results: list[_Result]) -> AnnotatedPhoto:
    drawn = [result for result in results if result.type in (RECTANGLE, POLYGON)]
    sizes = {(result.original_height, result.original_width) for result in results}
    sizes = {size for size in sizes if None not in size}
    if drawn and len(sizes) != 1:
        raise DataError(f"the annotation of {name} has no one size of its photo")
    height, width = next(iter(sizes), (None, None))
    photo_hw = None if height is None or width is None else (height, width)
    marks = [mark for result in drawn for mark in _marks(result, photo_hw or (0, 0))]
    return AnnotatedPhoto(name=name, marks=tuple(marks), photo_hw=photo_hw)


def _marks(result: _Result, photo_hw: tuple[int, int]) -> list[Mark]:
    height, width = photo_hw
    try:
        value = msgspec.convert(result.value, _Value)
    except msgspec.ValidationError as error:
        raise DataError(f"a {result.type} of Label Studio is damaged: {error}") from error
    if result.type == POLYGON:
        corners = tuple((x * width / 100, y * height / 100) for x, y in value.points)
        return [polygon_mark(kind, corners) for kind in value.polygonlabels] if len(corners) > 2 else []
    left, top = value.x * width / 100, value.y * height / 100
    wide, high = value.width * width / 100, value.height * height / 100
    if value.rotation:
        turned = _turned((left, top), wide, high, math.radians(value.rotation))
        return [polygon_mark(kind, turned) for kind in value.rectanglelabels]
    return [Mark(kind=kind, box_ltrb=(left, top, left + wide, top + high)) for kind in value.rectanglelabels]


def _turned(corner: PointXY, wide: float, high: float, angle: float) -> tuple[PointXY, ...]:
    """Corners of a rectangle turned clockwise around its upper left one."""
    (x, y), cosine, sine = corner, math.cos(angle), math.sin(angle)
    corners = ((0.0, 0.0), (wide, 0.0), (wide, high), (0.0, high))
    return tuple(
        (x + right * cosine - down * sine, y + right * sine + down * cosine) for right, down in corners
    )


def _task(photo: AnnotatedPhoto, prefix: str) -> dict[str, Any]:
    task: dict[str, Any] = {"data": {_DATA: f"{prefix}{photo.name}"}}
    results = _results(photo)
    if photo.seen:
        return {**task, "annotations": [{"result": results}]}
    strongest = max((mark.score or 0.0 for mark in photo.marks), default=0.0)
    return {**task, "predictions": [{"model_version": MODEL_VERSION, "result": results, "score": strongest}]}


def _results(photo: AnnotatedPhoto) -> list[dict[str, Any]]:
    height, width = photo.photo_hw or (1, 1)
    return [
        {
            "id": f"{number}",
            "from_name": _FROM,
            "to_name": _TO,
            "type": POLYGON if mark.polygon else RECTANGLE,
            "original_width": width,
            "original_height": height,
            "image_rotation": 0,
            "value": _value(mark, height, width),
        }
        for number, mark in enumerate(photo.marks, start=1)
    ]


def _value(mark: Mark, height: int, width: int) -> dict[str, Any]:
    if mark.polygon:
        points = [[100 * x / width, 100 * y / height] for x, y in mark.polygon]
        return {"points": points, "closed": True, POLYGON: [mark.kind]}
    left, top, right, bottom = mark.box_ltrb
    return {
        "x": 100 * left / width,
        "y": 100 * top / height,
        "width": 100 * (right - left) / width,
        "height": 100 * (bottom - top) / height,
        "rotation": 0,
        RECTANGLE: [mark.kind],
    }
