"""What changed between two inspections of the same concrete, place by place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crackscope.inspection.records import BoxLTRB


class ChangeKind(StrEnum):
    """What became of a region between two dates."""

    NEW = "new"
    GROWN = "grown"
    SAME = "same"
    GONE = "gone"
    NOT_COMPARABLE = "not comparable"


class PairedBy(StrEnum):
    """How two photos were found to show the same place."""

    NAME = "name"
    POSITION = "position"
    CONTENT = "content"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionChange:
    """A region of one of the two photos, and what became of it.

    Attributes:
        number: Its number in the later photo; what is gone is numbered on after these.
        box_ltrb: Its box in pixels of the later photo, right and bottom exclusive.
        earlier_quad: The corners of that box in pixels of the earlier photo, (x, y) each, clockwise.
        score: Its score on its own date.
        grown_px: Longest side of the largest part that was not there before, in pixels of the later photo.
        reason: Why it is not comparable, as a key of `REASONS`; empty for the other kinds.
    """

    number: int
    kind: ChangeKind
    box_ltrb: BoxLTRB
    earlier_quad: tuple[tuple[float, float], ...]
    score: float
    grown_px: int = 0
    reason: str = ""


#: Why a region or a photo can't be compared: keys for every language, and what each means.
REASONS = {
    "outside": "the other photo does not show this place, or could not be laid over it here",
    "weak": "the other photo has weak signs of a crack here",
    "unpaired": "no photo of the other date shows this place",
    "few_features": "too few features that both photos share",
    "implausible": "the photos would have to be turned inside out to fit",
    "scale": "one photo shows the place more than three times as large",
    "overlap": "the photos share too little of the place",
    "poor_fit": "the photos do not fit over one another",
    "unreadable": "a photo can't be read",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """How the earlier photo lies over the later one.

    Attributes:
        later_to_earlier: 3 x 3 homography, row by row: from pixels of the later photo to the earlier's.
        inliers: Pairs of features that agree on it.
        confirmed: Share of the blocks of the shared part at which the two pictures themselves agree.
        error_px: How far they are apart there, 95th percentile, in pixels of the later photo.
        overlap: Share of the later photo that the earlier one shows.
    """

    later_to_earlier: tuple[float, ...]
    inliers: int
    confirmed: float
    error_px: float
    overlap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoChange:
    """One photo of the later date and its match, or one of either date without a match.

    Attributes:
        earlier: Name of the earlier photo; ``None`` where there is no match.
        later: Name of the later photo; ``None`` likewise.
        paired_by: How they were found to belong together.
        registration: ``None`` where the photos could not be laid over one another.
        reason: Why they can't be compared, a key of `REASONS`; empty where they are.
        detail: What was found, for the reason.
        tolerance_px: Cells this far apart are the same place, in pixels of the later photo.
        photo_hw: Of the later photo.
        mm_per_px: Of the later photo; ``None`` is "uncalibrated".
        regions: Empty where the photos can't be compared.
        earlier_picture: Where both are shown in the later photo's frame, relative to the results.
        later_picture: Likewise.
    """

    earlier: str | None
    later: str | None
    paired_by: PairedBy | None = None
    registration: Registration | None = None
    reason: str = ""
    detail: str = ""
    tolerance_px: float = 0.0
    photo_hw: tuple[int, int] | None = None
    mm_per_px: float | None = None
    regions: tuple[RegionChange, ...] = ()
    earlier_picture: str | None = None
    later_picture: str | None = None

    def count(self, kind: ChangeKind) -> int:
        """How many of its regions are of this kind."""
        return sum(region.kind is kind for region in self.regions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two inspections compared; later photos in their order, then earlier ones without a match."""

    earlier: str
    later: str
    model_name: str
    model_sha256: str
    threshold: float
    photos: tuple[PhotoChange, ...]

    def count(self, kind: ChangeKind) -> int:
        """How many regions are of this kind."""
        return sum(photo.count(kind) for photo in self.photos)
