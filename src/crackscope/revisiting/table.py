"""``changes.csv``: one row per region, and one for each photo that has none to tell of."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from crackscope.inspection.changes import REASONS, Comparison, PhotoChange, RegionChange
from crackscope.storage import atomic_path
from crackscope.table_text import one_line, spreadsheet_cell

CHANGES_CSV = "changes.csv"
COLUMNS = (
    "later", "earlier", "paired_by", "region", "change", "reason", "left", "top", "right", "bottom", "score",
    "grown_px", "grown_mm", "tolerance_px", "error_px", "overlap", "confirmed", "earlier_corners",
)  # fmt: skip


def write_changes_csv(folder: Path, comparison: Comparison) -> None:
    """Write the table, UTF-8 with LF, atomically.

    Raises:
        OutputError: It can't be written.
    """
    with (
        atomic_path(folder / CHANGES_CSV) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for photo in comparison.photos:
            writer.writerows(_rows(photo))


def _rows(photo: PhotoChange) -> Iterator[list[object]]:
    names = [spreadsheet_cell("path", one_line(name or "")) for name in (photo.later, photo.earlier)]
    start = [*names, photo.paired_by or ""]
    fit = photo.registration
    end: list[object] = ["", "", ""] if fit is None else [fit.error_px, fit.overlap, fit.confirmed]
    if not photo.regions:
        said = REASONS[photo.reason] if photo.reason else ""
        change = "not comparable" if photo.reason else ""
        yield [*start, "", change, said, *[""] * 7, photo.tolerance_px or "", *end, ""]
    for region in photo.regions:
        yield [*start, *_region_cells(region, photo), photo.tolerance_px, *end, _corners(region)]


def _region_cells(region: RegionChange, photo: PhotoChange) -> list[object]:
    grown_mm = "" if photo.mm_per_px is None else round(region.grown_px * photo.mm_per_px, 1)
    grown: list[object] = [region.grown_px, grown_mm] if region.grown_px else ["", ""]
    reason = REASONS[region.reason] if region.reason else ""
    return [region.number, str(region.kind), reason, *region.box_ltrb, region.score, *grown]


def _corners(region: RegionChange) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in region.earlier_quad)
