"""The automatic size of a tile."""

from __future__ import annotations

import pytest

from crackscope.inference.scales import tile_sides
from crackscope.scanning.records import ScanSettings


@pytest.mark.parametrize(
    ("photo_hw", "tile_px"),
    [((227, 227), 227), ((400, 300), 227), ((512, 512), 96), ((3000, 4000), 375), ((6000, 8000), 454)],
)
def test_auto_follows_the_size_of_the_photo(photo_hw: tuple[int, int], tile_px: int) -> None:
    assert tile_sides(photo_hw, 227, ScanSettings()) == (tile_px,)


def test_a_known_scale_gives_tiles_of_the_size_of_training_patches_on_the_wall() -> None:
    assert tile_sides((3000, 4000), 227, ScanSettings(mm_per_px=0.2)) == (300,)
    assert tile_sides((3000, 4000), 227, ScanSettings(mm_per_px=20.0)) == (96,)


def test_scales_multiply_the_tile_within_the_photo() -> None:
    assert tile_sides((600, 900), 227, ScanSettings(tile_px=100, scales=(2, 1, 20))) == (100, 200, 600)
