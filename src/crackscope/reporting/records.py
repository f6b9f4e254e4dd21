"""What a report is made of; made from a scan's results (`results_file`) or from a server's database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from crackscope.bundle import ModelConfig
from crackscope.labels import Label, ReviewReason

BoxLTRB = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Neighbouring cells that show a crack; fields as in ``results.json`` of a scan.

    Attributes:
        number: 1 for the strongest region of the photo.
        box_ltrb: In pixels of the upright photo, right and bottom exclusive.
        area_px: Ground covered by its cells, in pixels; not the width of a crack.
    """

    number: int
    box_ltrb: BoxLTRB
    score: float
    area_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One act of a reviewer.

    Attributes:
        action: confirm, reject, relabel, note or undo.
        box_ltrb: The place it is about; ``None`` is the photo as a whole.
        when: With a time zone.
        undone: Whether it was taken back later.
    """

    action: str
    old_label: Label | None
    new_label: Label | None
    box_ltrb: BoxLTRB | None
    note: str
    who: str
    when: datetime
    undone: bool

    @property
    def settles_photo(self) -> bool:
        """Whether it sets the label of the photo as a whole, and still counts."""
        acts = ("confirm", "reject", "relabel")
        return self.action in acts and self.box_ltrb is None and not self.undone


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoEntry:
    """One photo of the inspection; label, score and threshold are ``None`` where it could not be scanned.

    Attributes:
        number: Its number in this report, from 1.
        name: As the reader knows it.
        file: Where it should lie; ``None`` where nobody knows.
        drawn: The annotated picture of the scan, shown where the photo itself can't be.
        photo_hw: Height and width, upright, in pixels.
        label: The model's.
        mm_per_px: ``None`` is "uncalibrated".
        taken: ISO 8601.
        decisions: All acts, oldest first.
    """

    number: int
    name: str
    file: Path | None = None
    drawn: Path | None = None
    sha256: str | None = None
    photo_hw: tuple[int, int] | None = None
    label: Label | None = None
    score: float | None = None
    threshold: float | None = None
    reason: ReviewReason | None = None
    error: str | None = None
    cracked_share: float = 0.0
    tile_px: tuple[int, ...] = ()
    mm_per_px: float | None = None
    taken: str | None = None
    camera: str | None = None
    focal_length_mm: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    regions: tuple[Region, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def decision(self) -> Decision | None:
        """The review of the photo as a whole that counts: the last that was not undone."""
        return next((act for act in reversed(self.decisions) if act.settles_photo), None)

    @property
    def decided(self) -> Label | None:
        """The reviewer's label, where there is one."""
        return None if self.decision is None else self.decision.new_label

    @property
    def final_label(self) -> Label | None:
        """The reviewer's label where there is one, else the model's."""
        return self.decided or self.label

    @property
    def review_open(self) -> bool:
        """Whether the model asks for a look that nobody has taken yet."""
        return self.reason is not None and self.decided is None

    @property
    def worth_showing(self) -> bool:
        """Whether it is shown as a picture: Positive to the model or a person, or marked for review."""
        return self.label is not None and (
            Label.POSITIVE in (self.label, self.decided) or self.reason is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """A model that gave results; ``config`` is ``None`` where its folder is not at hand."""

    sha256: str
    name: str | None = None
    config: ModelConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a person says of the inspection; empty where nothing was said."""

    title: str = ""
    project: str = ""
    structure: str = ""
    element: str = ""
    inspector: str = ""
    inspected_on: date | None = None
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a report says, before it is put into words.

    Attributes:
        overlaps: Share of a tile that its neighbour covers too, each setting that was used.
        made_at: With a time zone; all that makes two reports of the same photos differ.
        reviewed: Whether reviews are recorded where these results come from.
    """

    inspection: Inspection
    photos: tuple[PhotoEntry, ...]
    models: tuple[ModelFacts, ...]
    overlaps: tuple[float, ...]
    crackscope_version: str
    made_at: datetime
    reviewed: bool

    @property
    def shown(self) -> tuple[PhotoEntry, ...]:
        """The photos that are shown as pictures."""
        return tuple(photo for photo in self.photos if photo.worth_showing)
