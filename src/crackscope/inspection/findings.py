"""Findings: what a person states of a place of a photo, numbered for good within the project.

A model's region is no finding; a person makes it one, and says what only a person can know. Nothing here is
ever filled in from a score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from crackscope.photos.geo import BoxLTRB

#: Version of a finding's document.
FINDING_VERSION = 1
#: More points than this are a drawing, and no shape that anyone typed.
MOST_POINTS = 500

PointXY = tuple[int, int]


class FindingKind(StrEnum):
    """What was found."""

    CRACK = "crack"
    MAP_CRACKING = "map cracking"
    SPALLING = "spalling"
    JOINT = "joint"
    EFFLORESCENCE = "efflorescence"
    OTHER = "other"


#: What makes a photo cracked.
CRACKS = frozenset({FindingKind.CRACK, FindingKind.MAP_CRACKING})


class WidthMethod(StrEnum):
    """How a crack's width was measured."""

    CRACK_RULER = "crack ruler"
    LOUPE = "loupe"
    PHOTO_SCALE = "photo scale"
    ESTIMATED = "estimated"


class ShapeKind(StrEnum):
    """How a place is drawn; a box has two points, its upper left corner and its lower right one."""

    BOX = "box"
    POLYGON = "polygon"
    POLYLINE = "polyline"


#: The fewest points of a shape.
FEWEST_POINTS = {ShapeKind.BOX: 2, ShapeKind.POLYGON: 3, ShapeKind.POLYLINE: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Where it is.

    Attributes:
        kind: Box, polygon (closed by itself) or polyline.
        points_xy: In pixels of the upright photo.
    """

    kind: ShapeKind
    points_xy: tuple[PointXY, ...]

    @property
    def box_ltrb(self) -> BoxLTRB:
        """The box around it, right and bottom exclusive, at least a pixel wide and high."""
        xs, ys = [x for x, _ in self.points_xy], [y for _, y in self.points_xy]
        left, top = min(xs), min(ys)
        return left, top, max(max(xs), left + 1), max(max(ys), top + 1)

    @property
    def length_px(self) -> float | None:
        """Along a polyline; other shapes have no length."""
        if self.kind is not ShapeKind.POLYLINE:
            return None
        steps = zip(self.points_xy, self.points_xy[1:], strict=False)
        return math.fsum(math.dist(one, other) for one, other in steps)

    @property
    def outline_xy(self) -> tuple[PointXY, ...]:
        """Its corners in order: four of a box, else its own points."""
        if self.kind is not ShapeKind.BOX:
            return self.points_xy
        left, top, right, bottom = self.box_ltrb
        return (left, top), (right, top), (right, bottom), (left, bottom)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """A class of one scale of the project's condition list; ``scale`` is empty where it has only one."""

    scale: str
    code: str

    def __str__(self) -> str:
        return f"{self.scale} {self.code}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a person states of a place.

    Attributes:
        width_mm: Typed by the person; ``None`` where nobody measured.
        width_method: How; there with a width, and only with one.
        ratings: By the project's condition list.
    """

    kind: FindingKind
    shape: Shape
    width_mm: float | None = None
    width_method: WidthMethod | None = None
    ratings: tuple[Rating, ...] = ()
    recommendation: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A statement with its number, its photo, and who made it.

    Attributes:
        id: Of its row; for programs.
        number: In its project, for good: it is never used again.
        photo_id: Of the photo's row.
        photo: The photo's name.
        element: The part of the structure; empty where the photo has none.
        who: Who stated it last.
        when: With a time zone.
        mm_per_px: The photo's scale; ``None`` is "uncalibrated".
        act_id: Of the act that counts; for programs that change it.
    """

    id: int
    number: int
    statement: Statement
    photo_id: int
    photo: str
    photo_sha256: str
    element: str
    who: str
    when: datetime
    mm_per_px: float | None = None
    act_id: int = 0

    @property
    def length_mm(self) -> float | None:
        """Along a polyline, where the photo has a scale."""
        length_px = self.statement.shape.length_px
        return None if length_px is None or self.mm_per_px is None else length_px * self.mm_per_px


def problem_of(statement: Statement, photo_hw: tuple[int, int]) -> str | None:
    """What is wrong with a statement on a photo of this size; ``None`` where nothing is."""
    shape = statement.shape
    height, width = photo_hw
    fewest = FEWEST_POINTS[shape.kind]
    if not fewest <= len(shape.points_xy) <= (2 if shape.kind is ShapeKind.BOX else MOST_POINTS):
        return f"a {shape.kind} has {len(shape.points_xy)} points; expected {fewest} or, but for a box, more"
    if not all(0 <= x <= width and 0 <= y <= height for x, y in shape.points_xy):
        return f"the {shape.kind} leaves the photo of {width} x {height} pixels"
    if _is_flat(shape):
        return f"the {shape.kind} has no extent"
    if (statement.width_mm is None) != (statement.width_method is None):
        return "a width needs how it was measured, and the other way round"
    return None


def _is_flat(shape: Shape) -> bool:
    (x, y), *others = shape.points_xy
    if shape.kind is ShapeKind.POLYLINE:
        return all(each == (x, y) for each in others)
    return all(each[0] == x for each in others) or all(each[1] == y for each in others)


def statement_document(statement: Statement) -> dict[str, Any]:
    """A statement as JSON has it."""
    return {"version": FINDING_VERSION, **msgspec.to_builtins(statement)}


def statement_of(document: Mapping[str, Any]) -> Statement:
    """A statement as `statement_document` wrote it.

    Raises:
        ValueError: It is none, or of a later version.
    """
    version = document.get("version", FINDING_VERSION)
    if version != FINDING_VERSION:
        raise ValueError(f"a finding of version {version}; this crackscope reads {FINDING_VERSION}")
    return msgspec.convert({name: document[name] for name in document if name != "version"}, Statement)


def finding_document(finding: Finding) -> dict[str, Any]:
    """A finding as JSON has it: the API, exports and the next inspection; lengths only with a scale."""
    shape = finding.statement.shape
    return {
        **msgspec.to_builtins(finding),
        "statement": statement_document(finding.statement),
        "box_ltrb_px": list(shape.box_ltrb),
        "length_px": None if shape.length_px is None else round(shape.length_px, 1),
        "length_mm": None if finding.length_mm is None else round(finding.length_mm, 1),
    }


def finding_of(document: Mapping[str, Any]) -> Finding:
    """A finding as `finding_document` wrote it.

    Raises:
        ValueError: It is none.
        KeyError: A member is missing.
    """
    statement = statement_of(document["statement"])
    follows = ("box_ltrb_px", "length_px", "length_mm", "statement")
    known = {name: document[name] for name in document if name not in follows}
    return msgspec.convert({**known, "statement": msgspec.to_builtins(statement)}, Finding)
