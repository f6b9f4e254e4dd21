"""What any labelling tool says of a photo: boxes and polygons, each with a class."""

from __future__ import annotations

from dataclasses import dataclass

PointXY = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A marked place.

    Attributes:
        kind: Its class, as the tool calls it.
        box_ltrb: In pixels of the upright photo, right and bottom exclusive.
        polygon: Its corners, where more than a box is known.
        score: The model's, where a model said it and nobody decided.
    """

    kind: str
    box_ltrb: tuple[float, float, float, float]
    polygon: tuple[PointXY, ...] = ()
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedPhoto:
    """A photo that somebody has labelled; without marks there is nothing in it.

    Attributes:
        name: As the tool names the file.
        photo_hw: Height and width in pixels; ``None`` where the format does not say.
        seen: Whether a person labelled it; else all of it is a model's guess.
    """

    name: str
    marks: tuple[Mark, ...] = ()
    photo_hw: tuple[int, int] | None = None
    seen: bool = True


def polygon_mark(kind: str, polygon: tuple[PointXY, ...], score: float | None = None) -> Mark:
    """A mark with the box around its polygon."""
    xs, ys = zip(*polygon, strict=True)
    return Mark(kind=kind, box_ltrb=(min(xs), min(ys), max(xs), max(ys)), polygon=polygon, score=score)


def kinds_of(photos: tuple[AnnotatedPhoto, ...]) -> list[str]:
    """All classes, sorted."""
    return sorted({mark.kind for photo in photos for mark in photo.marks})
