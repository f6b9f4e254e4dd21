"""What is said of a photo: the model's regions, people's acts, and the places and label that count."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crackscope.html_table import html_table
from crackscope.labels import Label, ReviewReason
from crackscope.photos.geo import BoxLTRB as BoxLTRB
from crackscope.photos.geo import RegionPlace as RegionPlace
from crackscope.photos.geo import Ring as Ring
from crackscope.photos.metadata import PhotoMetadata
from crackscope.records import SCORE_DECIMALS


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Neighbouring cells that show a crack, merged.

    Attributes:
        number: 1 for the strongest region of the photo.
        box_ltrb: Box in pixels of the photo, right and bottom exclusive.
        area_px: Area of the region's cells, in pixels of the photo: ground covered, not width of a crack.
        score: The strongest blended score of tiles in it.
        place: Where it lies, for photos with a coordinate reference system.
    """

    number: int
    box_ltrb: BoxLTRB
    area_px: int
    score: float
    place: RegionPlace | None = None


class ScaleSource(StrEnum):
    """How a photo's millimetres per pixel are known."""

    UNCALIBRATED = "uncalibrated"
    USER = "given by the user"
    MAP = "from the map"
    MEASURED = "measured in the photo"


@dataclass(frozen=True, slots=True, kw_only=True)
class TileScore:
    """One tile: its box in pixels of the photo (right and bottom exclusive) and the network's score."""

    tile_px: int
    box_ltrb: BoxLTRB
    score: float
    label: Label
    distance: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """Scores per cell, the finest answer of a scan.

    Attributes:
        scores: (rows, columns) float32, 0..1: how sure that a crack runs through the cell or one beside it.
        tile_scores: The same shape, 0..1: how sure that the tiles over the cell show one.
        cell_px: Side of a cell in pixels of the photo.
    """

    scores: NDArray[np.float32]
    tile_scores: NDArray[np.float32]
    cell_px: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoReport:
    """The answer for one photo.

    Attributes:
        path: The photo as the caller named it.
        label: ``decide(score, threshold)``.
        score: The photo's score, see `decision`; not the maximum of its tiles.
        reason: Why a person should look at it; ``None`` where no review is asked for.
        cracked_share: Area of all regions as a share of the picture.
        tile_px: Side of the tiles, one for every scale.
        mm_per_px: ``None`` is "uncalibrated".
        scale: How it is known.
        picture_share: Share of the photo that is picture: not transparent, not without data.
        heat: The cells' scores; ``None`` where the report was read back from an earlier scan.
    """

    path: str
    label: Label
    score: float
    threshold: float
    reason: ReviewReason | None
    sha256: str
    photo_hw: tuple[int, int]
    tile_px: tuple[int, ...]
    cracked_share: float
    regions: tuple[Region, ...]
    tiles: tuple[TileScore, ...]
    mm_per_px: float | None
    metadata: PhotoMetadata
    scale: ScaleSource = ScaleSource.UNCALIBRATED
    overlay: str | None = None
    picture_share: float = 1.0
    heat: HeatMap | None = field(default=None, compare=False, repr=False)

    @property
    def review(self) -> bool:
        """Whether a person should look before the label is used."""
        return self.reason is not None

    def _repr_html_(self) -> str:
        height, width = self.photo_hw
        return html_table(
            self.path,
            {
                "label": self.label,
                "score": f"{self.score:.{SCORE_DECIMALS}f}, Positive from {self.threshold:.4g}",
                "review": self.reason or "no",
                "regions": f"{len(self.regions)}, {self.cracked_share:.2%} of the picture",
                "pixels": f"{width} x {height}, tiles of {', '.join(map(str, self.tile_px))}",
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act of a person.

    Attributes:
        id: Grows with time; later acts count before earlier ones.
        action: confirm, reject, relabel, note or undo.
        box_ltrb: The place it is about; ``None`` is the photo as a whole.
        when: With a time zone.
        undone: Whether it was taken back later.
    """

    id: int
    action: str
    old_label: Label | None
    new_label: Label | None
    box_ltrb: BoxLTRB | None
    note: str
    who: str
    when: datetime
    undone: bool

    @property
    def decides(self) -> bool:
        """Whether it sets a label, and was not taken back."""
        return self.action in ("confirm", "reject", "relabel") and not self.undone


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place of a photo as it counts: a region of the model, or a box that a person drew.

    Attributes:
        name: The region's number, or the letter of a drawn box; it stays the same whatever is decided later.
        label: Negative where it was rejected, by itself or with the whole photo: it is no crack.
        region: What the model found there; ``None`` for a drawn box.
        act: What settled it; ``None`` where only the model has spoken.
    """

    name: str
    box_ltrb: BoxLTRB
    label: Label
    region: Region | None = None
    act: Act | None = None


class Question(StrEnum):
    """What only a person can answer before the photo's label can be trusted."""

    EVERY_REGION_REJECTED = "every region rejected"
    CRACK_STATED = "crack stated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What counts for a photo.

    Attributes:
        label: A person's where one settled it, else the model's; ``None`` without a scan.
        act: What settled the label; ``None`` where only the model has spoken.
        places: Regions in their order, then drawn boxes; rejected ones among them.
        question: What is to be answered still.
    """

    label: Label | None
    act: Act | None = None
    places: tuple[Place, ...] = ()
    question: Question | None = None

    @property
    def cracks(self) -> tuple[Place, ...]:
        """The places that count as cracks."""
        return tuple(place for place in self.places if place.label is Label.POSITIVE)

    def label_of(self, box_ltrb: BoxLTRB) -> Label:
        """The label of a box: its own, else Positive where it touches a place that counts as a crack."""
        for place in self.places:
            if place.box_ltrb == box_ltrb:
                return place.label
        touched = any(boxes_overlap(box_ltrb, place.box_ltrb) for place in self.cracks)
        return Label.POSITIVE if touched else Label.NEGATIVE


def boxes_overlap(one: BoxLTRB, other: BoxLTRB) -> bool:
    """Whether two boxes share a pixel."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def lies_in(inner: BoxLTRB, outer: BoxLTRB) -> bool:
    """Whether a box lies wholly in another."""
    return outer[0] <= inner[0] and outer[1] <= inner[1] and inner[2] <= outer[2] and inner[3] <= outer[3]
