"""COCO's object detection format: https://cocodataset.org/#format-data."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import msgspec

from crackscope.dataset.annotations.records import AnnotatedPhoto, Mark, kinds_of, polygon_mark
from crackscope.errors import DataError


class _Image(msgspec.Struct):
    id: int
    file_name: str
    width: int
    height: int


class _Category(msgspec.Struct):
    id: int
    name: str


class _Annotation(msgspec.Struct):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float] | None = None
    #: Polygons, or a run-length encoded mask, of which only the box is read.
    segmentation: list[list[float]] | dict[str, Any] = []


class _Coco(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Annotation]
    categories: list[_Category]


def read_coco(document: Any) -> tuple[AnnotatedPhoto, ...]:
    """Photos and marks of a COCO document; an image without annotations is a photo without marks.

    A mask given as runs is read as its box. Of an annotation in several polygons each becomes a mark.

    Raises:
        DataError: It is no such document, numbers two images alike, or refers to an image or a
            category that is not in it.
    """
    try:
        coco = msgspec.convert(document, _Coco)
    except msgspec.ValidationError as error:
        raise DataError(f"no COCO labels: {error}") from error
    names = {category.id: category.name for category in coco.categories}
    numbers = Counter(image.id for image in coco.images)
    if twice := [number for number, count in numbers.items() if count > 1]:
        raise DataError(f"two images have the number {twice[0]}")
    marks: defaultdict[int, list[Mark]] = defaultdict(list)
    for annotation in coco.annotations:
        if annotation.image_id not in numbers or annotation.category_id not in names:
            raise DataError(
                f"an annotation names image {annotation.image_id} and category {annotation.category_id}; "
                "the file lacks one of them"
            )
        marks[annotation.image_id] += _marks(annotation, names[annotation.category_id])
    return tuple(
        AnnotatedPhoto(
            name=image.file_name, marks=tuple(marks[image.id]), photo_hw=(image.height, image.width)
        )
        for image in coco.images
    )


def coco_document(photos: tuple[AnnotatedPhoto, ...]) -> dict[str, Any]:
    """A COCO document; every photo must have its size."""
    numbers = {kind: number for number, kind in enumerate(kinds_of(photos), start=1)}
    images = [
        {"id": number, "file_name": photo.name, "width": photo.photo_hw[1], "height": photo.photo_hw[0]}
        for number, photo in enumerate(photos, start=1)
        if photo.photo_hw is not None
    ]
    marks = [(number, mark) for number, photo in enumerate(photos, start=1) for mark in photo.marks]
    return {
        "info": {"description": "crackscope export-labels"},
        "images": images,
        "annotations": [
            {"id": number, "image_id": image, "category_id": numbers[mark.kind], **_shape(mark)}
            for number, (image, mark) in enumerate(marks, start=1)
        ],
        "categories": [{"id": number, "name": kind} for kind, number in numbers.items()],
    }


def _marks(annotation: _Annotation, kind: str) -> list[Mark]:
    polygons = annotation.segmentation if isinstance(annotation.segmentation, list) else []
    if any(len(flat) < 6 or len(flat) % 2 for flat in polygons):
        raise DataError(f"a polygon on image {annotation.image_id} has no three whole points")
    if polygons:
        return [polygon_mark(kind, tuple(zip(flat[::2], flat[1::2], strict=True))) for flat in polygons]
    if annotation.bbox is None:
        raise DataError(f"an annotation of image {annotation.image_id} has neither box nor polygon")
    left, top, width, height = annotation.bbox
    return [Mark(kind=kind, box_ltrb=(left, top, left + width, top + height))]


def _shape(mark: Mark) -> dict[str, Any]:
    left, top, right, bottom = mark.box_ltrb
    width, height = right - left, bottom - top
    return {
        "bbox": [left, top, width, height],
        "area": _area(mark.polygon) if mark.polygon else width * height,
        "segmentation": [[number for xy in mark.polygon for number in xy]] if mark.polygon else [],
        "iscrowd": 0,
        **({} if mark.score is None else {"score": mark.score}),
    }


def _area(polygon: tuple[tuple[float, float], ...]) -> float:
    pairs = zip(polygon, (*polygon[1:], polygon[0]), strict=True)
    return abs(sum(x * next_y - next_x * y for (x, y), (next_x, next_y) in pairs)) / 2
