"""Neighbouring cells merged into regions; NumPy only, because SciPy is not in the base install."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def label_components(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Number the 8-connected components of a mask.

    Args:
        mask: (rows, columns) bool.

    Returns:
        (rows, columns) int32 with 0 outside and 1, 2, ... inside, in order of each component's first cell
        (row by row), and how many there are.
    """
    runs = _runs(mask)
    parent = list(range(len(runs)))
    first_of_row = np.searchsorted(runs[:, 0], np.arange(mask.shape[0] + 1))
    for row in range(1, mask.shape[0]):
        above, here, after = first_of_row[row - 1], first_of_row[row], first_of_row[row + 1]
        _join_rows(runs, parent, range(above, here), range(here, after))
    numbers: dict[int, int] = {}
    components = np.zeros(mask.shape, np.int32)
    for index, (row, begin, end) in enumerate(runs):
        components[row, begin:end] = numbers.setdefault(_root(parent, index), len(numbers) + 1)
    return components, len(numbers)


def _runs(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """(runs, 3): row, first column, column after the last; sorted."""
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, begins = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    return np.stack([rows, begins, ends], axis=1)


def _join_rows(runs: NDArray[np.intp], parent: list[int], above: range, here: range) -> None:
    first = above.start
    for index in here:
        _, begin, end = runs[index]
        # Touching corners count: a crack that runs diagonally is one crack.
        while first < above.stop and runs[first][2] < begin:
            first += 1
        other = first
        while other < above.stop and runs[other][1] <= end:
            _union(parent, other, index)
            other += 1


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index


def _union(parent: list[int], one: int, other: int) -> None:
    low, high = sorted((_root(parent, one), _root(parent, other)))
    parent[high] = low
