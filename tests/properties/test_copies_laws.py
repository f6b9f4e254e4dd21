from __future__ import annotations

from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from crackscope.dataset import copies


def brute_force(hashes: np.ndarray, levels: np.ndarray, near_bits: int, near_levels: float) -> list[int]:
    """The smallest index reachable over near pairs, by trying every pair until nothing changes."""
    count = len(hashes)
    distance = np.bitwise_count(hashes[:, None] ^ hashes[None]).sum(axis=2)
    difference = np.abs(levels[:, None].astype(int) - levels[None].astype(int)).mean(axis=2)
    near = (distance <= near_bits) & (difference <= near_levels)
    component = np.arange(count)
    while True:
        smallest = np.where(near, component[None, :], count).min(axis=1)
        if (smallest == component).all():
            return component.tolist()
        component = smallest


@st.composite
def families(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Photos in families: a few bits and levels apart, so that both limits are met from both sides."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    count, kinds = draw(st.integers(1, 60)), draw(st.integers(1, 8))
    kind = generator.integers(0, kinds, count)
    bits = generator.integers(0, 2, (kinds, 256), dtype=np.uint8)[kind]
    flipped = generator.random((count, 256)) < draw(st.floats(0, 0.15))
    hashes = np.packbits(bits ^ flipped, axis=1).view(np.uint64)
    brightness = generator.integers(0, 30, kinds)[kind][:, None] + generator.integers(0, 8, (count, 1))
    levels = brightness + generator.integers(0, draw(st.integers(1, 8)), (count, 17))
    return hashes, levels.astype(np.uint8)


@settings(max_examples=150, deadline=None)
@given(
    photos=families(),
    near_bits=st.integers(0, 64),
    near_levels=st.floats(0, 8),
    tile_rows=st.sampled_from([1, 2, 7, 256]),
)
def test_near_components_are_those_of_comparing_all_pairs(
    photos: tuple[np.ndarray, np.ndarray], near_bits: int, near_levels: float, tile_rows: int
) -> None:
    hashes, levels = photos
    # Small tiles, so that sixty photos have many and each must reach as far as it has to.
    with patch.object(copies, "_TILE_ROWS", tile_rows):
        found = copies.near_components(hashes, levels, near_bits=near_bits, near_levels=near_levels)
    assert found.tolist() == brute_force(hashes, levels, near_bits, near_levels)


def test_components_across_many_tiles_are_those_of_comparing_all_pairs() -> None:
    # More photos than fit into one tile of 65,536 pairs, all within reach of each other.
    generator = np.random.default_rng(0)
    kind = generator.integers(0, 300, 1200)
    bits = generator.integers(0, 2, (300, 256), dtype=np.uint8)[kind] ^ (generator.random((1200, 256)) < 0.05)
    hashes = np.packbits(bits.astype(np.uint8), axis=1).view(np.uint64)
    levels = generator.integers(100, 103, (1200, 17)).astype(np.uint8)
    found = copies.near_components(hashes, levels, near_bits=24, near_levels=3.0)
    assert found.tolist() == brute_force(hashes, levels, 24, 3.0)
    assert 200 < len(set(found.tolist())) < 900
