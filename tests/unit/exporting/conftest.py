"""A map, a photo with a position, one without, and what was found on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crackscope.exporting.ground import Ground, GroundOf
from crackscope.exporting.records import ExportedPhoto, places_of
from crackscope.inspection.findings import (
    Finding,
    FindingKind,
    Shape,
    ShapeKind,
    Statement,
    WidthMethod,
)
from crackscope.inspection.records import Act, BoxLTRB, Region
from crackscope.labels import Label
from crackscope.reporting.records import PhotoEntry

WHEN = datetime(2026, 11, 29, 9, 30, tzinfo=UTC)
WALL = PhotoEntry(
    number=1,
    name="pier 1/wall.jpg",
    sha256="ab" * 32,
    photo_hw=(300, 400),
    label=Label.POSITIVE,
    score=0.9,
    threshold=0.5,
    mm_per_px=0.5,
    latitude=47.5,
    longitude=8.5,
    regions=(
        Region(number=1, box_ltrb=(10, 20, 110, 70), area_px=3000, score=0.9),
        Region(number=2, box_ltrb=(200, 20, 260, 60), area_px=900, score=0.7),
    ),
)


def act(number: int, label: Label, box_ltrb: BoxLTRB | None = None) -> Act:
    return Act(
        id=number, action="relabel", old_label=None, new_label=label, box_ltrb=box_ltrb, note="", who="Anna",
        when=WHEN, undone=False,
    )  # fmt: skip


def finding(shape: Shape, **said: object) -> Finding:
    stated = Statement(kind=FindingKind.SPALLING, shape=shape, width_mm=0.3, width_method=WidthMethod.LOUPE)
    return Finding(
        id=9, number=7, statement=replace(stated, **said), photo_id=1, photo="wall.jpg",
        photo_sha256="ab" * 32, element="Pier 1", who="Bert", when=WHEN, mm_per_px=0.5,
    )  # fmt: skip


POLYGON = Shape(kind=ShapeKind.POLYGON, points_xy=((10, 10), (60, 10), (60, 90)))


def on_map(crs: str, left: float, top: float) -> GroundOf:
    """A map of a tenth of a unit per pixel; WGS 84 is made up from it."""

    def ground_of(shape: Shape, region: Region | None) -> Ground:
        corners = [*shape.outline_xy, shape.outline_xy[0]]
        line = tuple((left + x / 10, top - y / 10) for x, y in corners)
        wgs84 = tuple((8 + x / 1e6, 47 - y / 1e6) for x, y in corners)
        return Ground(crs=crs, line_crs=line, lines_wgs84=(wgs84,), closed=True)

    return ground_of


@pytest.fixture
def photos() -> tuple[ExportedPhoto, ...]:
    """One region rejected, one box drawn, a finding; a map in Swiss coordinates; a photo that failed."""
    box = (300, 200, 350, 260)
    acts = (act(1, Label.NEGATIVE, (200, 20, 260, 60)), act(2, Label.POSITIVE, box))
    wall = replace(WALL, acts=acts, findings=(finding(POLYGON),), element="Pier 1")
    ortho = replace(WALL, number=2, name="ortho.tif", mm_per_px=100.0, regions=WALL.regions[:1])
    return (
        ExportedPhoto(entry=wall, places=places_of(wall)),
        ExportedPhoto(entry=ortho, places=places_of(ortho, on_map("EPSG:2056", 2_600_000, 1_200_000))),
        ExportedPhoto(
            entry=PhotoEntry(number=3, name="=bad.jpg", error="the file is empty", file=Path("gone"))
        ),
    )
