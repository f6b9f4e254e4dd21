"""The regions of a photo, from its cells."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.inference.tiling import TileGrid
from crackscope.inspection.records import BoxLTRB, Region
from crackscope.records import SCORE_DECIMALS
from crackscope.scanning.regions import label_components

F32 = NDArray[np.float32]

#: Smaller regions are noise of the activation map: a sixteenth of a tile at 8 x 8 cells.
SMALLEST_REGION_CELLS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CellMaps:
    """What is known about every cell of one grid, (rows, columns) each.

    Attributes:
        grid: The grid.
        score: float32, 0..1, from the activation maps: how sure that a crack runs there.
        tile_score: float32, 0..1, the scores of the tiles over the cell, blended: how sure that there is one.
        picture: float32, 0..1, how much of the cell is picture and not transparent or without data.
    """

    grid: TileGrid
    score: F32
    tile_score: F32
    picture: F32


def find_regions(maps: CellMaps, threshold: float) -> tuple[Region, ...]:
    """The regions of a Positive photo, the strongest first; at least one.

    A region is made of neighbouring cells whose score reaches the threshold. Its own score is the strongest
    blended tile score in it, and has to reach the threshold too.
    """
    found = [
        region
        for region in _merged_cells(maps, (maps.score >= threshold) & (maps.picture > 0))
        if region.score >= threshold and region.cells >= SMALLEST_REGION_CELLS
    ]
    # Strong tiles whose maps point nowhere: the cells of the strongest tile then stand for the place.
    found = found or list(_merged_cells(maps, maps.tile_score >= maps.tile_score.max()))
    found.sort(key=lambda region: (-region.score, -region.cells, region.box_ltrb))
    cell_px = math.prod(maps.grid.photo_hw) / math.prod(maps.grid.shape)
    return tuple(
        Region(
            number=number,
            box_ltrb=maps.grid.cells_to_px(region.box_ltrb),
            area_px=round(region.area_cells * cell_px),
            score=region.score,
        )
        for number, region in enumerate(found, start=1)
    )


@dataclass(frozen=True, slots=True)
class _Merged:
    """A connected component; its box is in cells, its area in cells full of picture."""

    cells: int
    area_cells: float
    score: float
    box_ltrb: BoxLTRB


def _merged_cells(maps: CellMaps, mask: NDArray[np.bool_]) -> Iterator[_Merged]:
    components, count = label_components(mask)
    if count == 0:
        return
    rows, columns = np.nonzero(components)
    order = np.argsort(components[rows, columns], kind="stable")
    rows, columns = rows[order], columns[order]
    firsts = np.searchsorted(components[rows, columns], np.arange(1, count + 1))
    strongest = np.maximum.reduceat(maps.tile_score[rows, columns], firsts)
    sides = zip(
        np.minimum.reduceat(columns, firsts).tolist(),
        np.minimum.reduceat(rows, firsts).tolist(),
        (np.maximum.reduceat(columns, firsts) + 1).tolist(),
        (np.maximum.reduceat(rows, firsts) + 1).tolist(),
        strict=True,
    )
    areas = np.add.reduceat(maps.picture[rows, columns].astype(np.float64), firsts).tolist()
    sizes = np.diff([*firsts, len(rows)]).tolist()
    for cells, area, score, box_ltrb in zip(sizes, areas, strongest.tolist(), sides, strict=True):
        yield _Merged(cells, area, round(score, SCORE_DECIMALS), box_ltrb)
