"""Laws of the tiling: whatever the photo, every pixel is in a tile and every tile is whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope.inference.stitching import blend, whole_tiles
from crackscope.inference.tiling import TileGrid, covers, plan_tiles
from crackscope.scanning.regions import label_components

sides = st.integers(16, 9000)
grids = st.builds(
    plan_tiles,
    st.tuples(sides, sides),
    st.integers(16, 1000),
    st.sampled_from([(64, 64), (128, 128), (96, 160), (227, 227)]),
    overlap=st.floats(0, 0.9),
    shift_cells=st.integers(0, 7),
)


@given(grids)
def test_tiles_cover_the_photo_without_gaps(grid: TileGrid) -> None:
    assert covers(grid.tops, grid.cells_hw[0], grid.shape[0])
    assert covers(grid.lefts, grid.cells_hw[1], grid.shape[1])
    last = grid.tile_box(len(grid.tops) - 1, len(grid.lefts) - 1)
    assert grid.tile_box(0, 0)[:2] == (0, 0)
    assert last[2:] == (grid.photo_hw[1], grid.photo_hw[0])


@given(grids)
def test_tiles_never_shrink(grid: TileGrid) -> None:
    for tops, cells, rows in ((grid.tops, *_rows(grid)), (grid.lefts, *_columns(grid))):
        assert all(0 <= top <= rows - cells for top in tops)
    assert min(grid.cells_hw) >= 8
    assert grid.tile_px <= min(grid.photo_hw)


@given(grids)
def test_the_grid_keeps_the_shape_of_a_tile_within_half_a_cell(grid: TileGrid) -> None:
    for photo, cells, rows in zip(grid.photo_hw, grid.cells_hw, grid.shape, strict=True):
        assert abs(rows - photo * cells / grid.tile_px) <= 0.5 or rows == cells


@settings(deadline=None, max_examples=40)
@given(
    st.builds(
        plan_tiles,
        st.tuples(st.integers(64, 400), st.integers(64, 400)),
        st.just(64),
        st.just((64, 64)),
        overlap=st.floats(0, 0.9),
        shift_cells=st.integers(0, 7),
    ),
    st.floats(-5, 5),
)
def test_blending_tiles_that_agree_changes_nothing(grid: TileGrid, value: float) -> None:
    scores = np.full((len(grid.tops), len(grid.lefts)), value, np.float32)
    blended = blend(grid, whole_tiles(scores, grid.cells_hw), np.ones(scores.shape, bool))
    assert blended.shape == grid.shape
    np.testing.assert_allclose(blended, value, rtol=1e-5, atol=1e-6)


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.randoms(use_true_random=False))
def test_regions_are_the_connected_components(rows: int, columns: int, random: object) -> None:
    mask = np.array([[random.random() < 0.45 for _ in range(columns)] for _ in range(rows)])  # type: ignore[attr-defined]
    components, count = label_components(mask)
    assert ((components > 0) == mask).all()
    assert set(components[mask]) == set(range(1, count + 1))
    assert _by_flood(mask) == {
        frozenset(zip(*np.nonzero(components == n), strict=True)) for n in range(1, count + 1)
    }


def _by_flood(mask: np.ndarray) -> set[frozenset[tuple[int, int]]]:
    left = set(zip(*np.nonzero(mask), strict=True))
    found = set()
    while left:
        stack, seen = [left.pop()], set()
        while stack:
            row, column = stack.pop()
            seen.add((row, column))
            near = {(row + dy, column + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            stack.extend(near)
        found.add(frozenset(seen))
    return found


def _rows(grid: TileGrid) -> tuple[int, int]:
    return grid.cells_hw[0], grid.shape[0]


def _columns(grid: TileGrid) -> tuple[int, int]:
    return grid.cells_hw[1], grid.shape[1]
