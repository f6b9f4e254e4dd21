"""Regions from cells: what is one place, which counts, and what stands for a place that no cell shows."""

from __future__ import annotations

import numpy as np
import pytest

from crackscope.inference.tiling import plan_tiles
from crackscope.scanning.decision import SMALLEST_REGION_CELLS, CellMaps, find_regions

GRID = plan_tiles((256, 512), 128, (128, 128), overlap=0.5)


def maps(*marked: tuple[slice, slice, float, float]) -> CellMaps:
    """Maps of a quiet photo, with places of a cell score and a tile score."""
    score, tile_score = (np.full(GRID.shape, 0.1, np.float32) for _ in range(2))
    for rows, columns, cell, tile in marked:
        score[rows, columns], tile_score[rows, columns] = cell, tile
    return CellMaps(grid=GRID, score=score, tile_score=tile_score, picture=np.ones(GRID.shape, np.float32))


def place(top: int, left: int, side: int = 3) -> tuple[slice, slice]:
    return slice(top, top + side), slice(left, left + side)


CELL_PX = 256 * 512 / (GRID.shape[0] * GRID.shape[1])


def test_a_region_has_the_box_the_area_and_the_strongest_tile_of_its_cells() -> None:
    [region] = find_regions(maps((*place(2, 4), 0.9, 0.7), (slice(3, 4), slice(5, 6), 0.9, 0.8)), 0.5)
    assert region.number == 1
    assert region.score == pytest.approx(0.8)
    assert region.area_px == round(9 * CELL_PX)
    assert region.box_ltrb == GRID.cells_to_px((4, 2, 7, 5))


def test_places_apart_are_numbered_by_their_strength() -> None:
    found = find_regions(maps((*place(1, 1), 0.9, 0.6), (*place(8, 20), 0.8, 0.95)), 0.5)
    assert [(region.number, round(region.score, 2)) for region in found] == [(1, 0.95), (2, 0.6)]


def test_of_equal_strength_the_larger_is_first_and_then_the_upper_left() -> None:
    found = find_regions(
        maps((*place(1, 20), 0.9, 0.7), (*place(8, 2, 4), 0.9, 0.7), (*place(1, 1), 0.9, 0.7)), 0.5
    )
    assert [region.box_ltrb for region in found] == [
        GRID.cells_to_px(box) for box in ((2, 8, 6, 12), (1, 1, 4, 4), (20, 1, 23, 4))
    ]


def test_cells_and_tiles_have_to_reach_the_threshold_both_and_equal_is_enough() -> None:
    strong = (*place(1, 1), 0.5, 0.5)
    assert len(find_regions(maps(strong), 0.5)) == 1
    found = find_regions(maps(strong, (*place(8, 10), 0.49, 0.9), (*place(8, 20), 0.9, 0.49)), 0.5)
    assert [region.box_ltrb for region in found] == [GRID.cells_to_px((1, 1, 4, 4))]


def test_fewer_cells_than_the_smallest_region_are_noise() -> None:
    row = slice(2, 3)
    enough = (row, slice(0, SMALLEST_REGION_CELLS), 0.9, 0.6)
    noise = (slice(8, 9), slice(0, SMALLEST_REGION_CELLS - 1), 0.9, 0.9)
    assert len(find_regions(maps(enough, noise), 0.5)) == 1


def test_where_no_cell_shows_it_the_strongest_tile_stands_for_the_place() -> None:
    [region] = find_regions(maps((*place(4, 6, 2), 0.2, 0.9)), 0.5)
    assert region.box_ltrb == GRID.cells_to_px((6, 4, 8, 6))
    assert region.score == pytest.approx(0.9)


def test_what_is_no_picture_is_in_no_region_and_in_no_area() -> None:
    seen = maps((*place(2, 2, 4), 0.9, 0.8))
    seen.picture[2:6, 2] = 0
    seen.picture[2:6, 3] = 0.5
    [region] = find_regions(seen, 0.5)
    assert region.box_ltrb == GRID.cells_to_px((3, 2, 6, 6))
    assert region.area_px == round((4 * 0.5 + 8) * CELL_PX)
