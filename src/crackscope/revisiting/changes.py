"""From the cells of two scans in one frame to what became of each region.

Both photos are looked at in the later one's frame, tile for tile, so that the same crack gives about the same
cells. What is left of light, blur and a fit that is not perfect is met by two tolerances: cells count as the
same place within `tolerance_cells`, and a crack counts as absent only where the score is well below the
threshold. Between the two nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.inspection.changes import ChangeKind, RegionChange
from crackscope.inspection.records import BoxLTRB, PhotoReport, Region
from crackscope.scanning.regions import label_components

Bool = NDArray[np.bool_]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

#: Below this share of the threshold a cell shows no crack; between it and the threshold nothing is claimed.
ABSENT_SHARE = 0.5
#: Parts that were not there before count from this many cells in length, and from this share of the region.
FEWEST_GROWN_CELLS, _GROWN_SHARE = 4, 0.12
#: Of a region's cells, comparable ones.
_COMPARABLE_SHARE = 0.5
#: Of a new region's cells, those without a sign of a crack before.
_FRESH_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One date's scan in the later photo's frame: its regions and its scores, float32 (rows, columns)."""

    regions: tuple[Region, ...]
    scores: F32

    @classmethod
    def of(cls, report: PhotoReport) -> Sight:
        """From a scan whose heat map is at hand."""
        assert report.heat is not None
        return cls(regions=report.regions, scores=report.heat.scores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What both scans share.

    Attributes:
        photo_hw: Of the later photo.
        threshold: Of both.
        comparable: bool (rows, columns): cells at which the two photos are known to fit.
        error_px: How far apart places may lie, in pixels of the later photo.
        later_to_earlier: (3, 3) homography.
    """

    photo_hw: tuple[int, int]
    threshold: float
    comparable: Bool
    error_px: float
    later_to_earlier: F64

    @property
    def cell_px(self) -> float:
        """Side of a cell in pixels of the later photo."""
        return float(self.photo_hw[0] / self.comparable.shape[0])

    @property
    def tolerance_cells(self) -> int:
        """How many cells apart the same place may lie: one for the grid, and what the fit may miss."""
        return 1 + round(self.error_px / self.cell_px)

    @property
    def tolerance_px(self) -> float:
        """The same in pixels."""
        return self.tolerance_cells * self.cell_px


def find_changes(earlier: Sight, later: Sight, frame: Frame) -> tuple[RegionChange, ...]:
    """What became of every region: of the later date in their order, then what is gone."""
    changes = [
        _change(region, region.number, later, earlier, frame, ChangeKind.NEW) for region in later.regions
    ]
    number = max((region.number for region in later.regions), default=0)
    for change in _gone(earlier, later, frame, number):
        changes.append(change)
    return tuple(changes)


def cells_of(region: Region, sight: Sight, frame: Frame) -> Bool:
    """The cells that a region is made of, bool (rows, columns)."""
    rows, columns = _cell_slices(region.box_ltrb, frame)
    inside = np.zeros(sight.scores.shape, bool)
    inside[rows, columns] = True
    components, _ = label_components(sight.scores >= frame.threshold)
    numbers = np.bincount(components[inside])
    numbers[0] = 0
    # A region of which the map shows nothing stands for its box: see `scanning.decision.find_regions`.
    return np.asarray(inside if numbers.sum() == 0 else (components == numbers.argmax()) & inside, bool)


def dilate(mask: Bool, cells: int) -> Bool:
    """Grown by so many cells to all eight sides."""
    grown = mask
    for _ in range(cells):
        padded = np.pad(grown, 1)
        height, width = grown.shape
        shifts = [padded[dy : dy + height, dx : dx + width] for dy in range(3) for dx in range(3)]
        grown = np.logical_or.reduce(shifts)
    return grown


def _gone(earlier: Sight, later: Sight, frame: Frame, number: int) -> Iterator[RegionChange]:
    for region in earlier.regions:
        change = _change(region, number + 1, earlier, later, frame, ChangeKind.GONE)
        # What is still there was told with the later region.
        if change.kind is ChangeKind.GONE or change.reason == "weak":
            number += 1
            yield change


def _change(
    region: Region, number: int, own: Sight, other: Sight, frame: Frame, without: ChangeKind
) -> RegionChange:
    """What became of a region; ``without`` is what it is where the other date has nothing."""
    cells = cells_of(region, own, frame)
    strong = dilate(other.scores >= frame.threshold, frame.tolerance_cells)
    weak = dilate(other.scores >= frame.threshold * ABSENT_SHARE, frame.tolerance_cells)
    fresh = cells & ~weak & frame.comparable
    kind, reason, grown_px = without, "", 0
    if (cells & frame.comparable).sum() < _COMPARABLE_SHARE * cells.sum():
        kind, reason = ChangeKind.NOT_COMPARABLE, "outside"
    elif (cells & strong & frame.comparable).any():
        grown_px = _extent_px(fresh, frame)
        kind = ChangeKind.GROWN if grown_px and without is ChangeKind.NEW else ChangeKind.SAME
        grown_px = grown_px if kind is ChangeKind.GROWN else 0
    elif fresh.sum() < _FRESH_SHARE * cells.sum():
        kind, reason = ChangeKind.NOT_COMPARABLE, "weak"
    return RegionChange(
        number=number,
        kind=kind,
        box_ltrb=region.box_ltrb,
        earlier_quad=_quad(region.box_ltrb, frame.later_to_earlier),
        score=region.score,
        grown_px=grown_px,
        reason=reason,
    )


def _extent_px(fresh: Bool, frame: Frame) -> int:
    """Longest side of the largest fresh part; 0 where it is too small to count."""
    components, count = label_components(fresh)
    longest = 0
    for number in range(1, count + 1):
        rows, columns = np.nonzero(components == number)
        longest = max(longest, int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1)
    return round(longest * frame.cell_px) if longest >= FEWEST_GROWN_CELLS else 0


def _cell_slices(box_ltrb: BoxLTRB, frame: Frame) -> tuple[slice, slice]:
    height, width = frame.photo_hw
    rows, columns = frame.comparable.shape
    left, top, right, bottom = box_ltrb
    return (
        slice(int(top * rows / height + 0.5), max(int(bottom * rows / height + 0.5), 1)),
        slice(int(left * columns / width + 0.5), max(int(right * columns / width + 0.5), 1)),
    )


def _quad(box_ltrb: BoxLTRB, homography: F64) -> tuple[tuple[float, float], ...]:
    left, top, right, bottom = box_ltrb
    points = np.array([(x, y, 1.0) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))])
    projected = points @ homography.T
    return tuple((round(float(x / w), 1), round(float(y / w), 1)) for x, y, w in projected)
