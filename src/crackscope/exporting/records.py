"""What is exported: photos, and on each the places that count: regions, drawn boxes and findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from crackscope.exporting.ground import Ground, GroundOf
from crackscope.inspection.findings import Finding, FindingKind, Shape, ShapeKind
from crackscope.inspection.records import Act, BoxLTRB, Place, Region
from crackscope.reporting.records import PhotoEntry


class PlaceSource(StrEnum):
    """Who says that there is something."""

    REGION = "region"
    DRAWN = "drawn box"
    FINDING = "finding"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPlace:
    """A place that counts.

    Attributes:
        name: A region's number, a drawn box's letter, or F and the finding's number.
        kind: What was found there; regions and drawn boxes are cracks.
        shape: In pixels of the upright photo.
        region: The model's, where it is one.
        act: What settled it; ``None`` where only the model has spoken.
        finding: Where a person stated more.
        ground: Where it lies, on maps.
    """

    name: str
    source: PlaceSource
    kind: FindingKind
    shape: Shape
    region: Region | None = None
    act: Act | None = None
    finding: Finding | None = None
    ground: Ground | None = None

    @property
    def seen(self) -> bool:
        """Whether a person said so."""
        return self.act is not None or self.finding is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedPhoto:
    """A photo and its places.

    Attributes:
        ground: Where all of it lies, where it is a map and that was asked for.
        picture: Makes the annotated picture, a JPEG; ``None`` where there can be none.
    """

    entry: PhotoEntry
    places: tuple[ExportedPlace, ...] = ()
    picture: Callable[[], bytes] | None = None
    ground: Ground | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written: photos, places, and what has no place in this form."""

    photos: int
    places: int
    left_out: int = 0


def places_of(entry: PhotoEntry, ground_of: GroundOf | None = None) -> tuple[ExportedPlace, ...]:
    """The places that count on a photo; one that became a finding is told once, as that."""
    stated = {finding.statement.shape.box_ltrb for finding in entry.findings}
    counted = [place for place in entry.verdict.cracks if place.box_ltrb not in stated]
    found = [*map(_of_place, counted), *map(_of_finding, entry.findings)]
    return tuple(_placed(place, ground_of) for place in found)


def all_places(photos: Sequence[ExportedPhoto]) -> Iterator[tuple[ExportedPhoto, ExportedPlace]]:
    """Every place with its photo."""
    for photo in photos:
        for place in photo.places:
            yield photo, place


def box_shape(box_ltrb: BoxLTRB) -> Shape:
    """A box as a shape."""
    left, top, right, bottom = box_ltrb
    return Shape(kind=ShapeKind.BOX, points_xy=((left, top), (right, bottom)))


def _of_place(place: Place) -> ExportedPlace:
    return ExportedPlace(
        name=place.name,
        source=PlaceSource.DRAWN if place.region is None else PlaceSource.REGION,
        kind=FindingKind.CRACK,
        shape=box_shape(place.box_ltrb),
        region=place.region,
        act=place.act,
    )


def _of_finding(finding: Finding) -> ExportedPlace:
    statement = finding.statement
    return ExportedPlace(
        name=f"F{finding.number}",
        source=PlaceSource.FINDING,
        kind=statement.kind,
        shape=statement.shape,
        finding=finding,
    )


def _placed(place: ExportedPlace, ground_of: GroundOf | None) -> ExportedPlace:
    return place if ground_of is None else replace(place, ground=ground_of(place.shape, place.region))
