"""One look or tiles, and how large they are."""

from __future__ import annotations

import pytest

from crackscope.inference.settings import ScanSettings
from crackscope.inference.tiling import tile_sides


@pytest.mark.parametrize(
    ("photo_hw", "tile_px"),
    [((400, 300), 227), ((512, 512), 96), ((3000, 4000), 375), ((6000, 8000), 454)],
)
def test_auto_follows_the_size_of_the_photo(photo_hw: tuple[int, int], tile_px: int) -> None:
    assert tile_sides(photo_hw, 227, ScanSettings()) == (tile_px,)


@pytest.mark.parametrize(
    ("photo_hw", "side"),
    [
        ((227, 227), 227),
        ((256, 256), 256),
        ((261, 140), 261),
        ((262, 262), 227),
        ((261, 130), 130),
        ((64, 64), 64),
    ],
)
def test_a_photo_of_about_one_patch_is_one_look(photo_hw: tuple[int, int], side: int) -> None:
    assert tile_sides(photo_hw, 227, ScanSettings()) == (side,)


def test_a_known_scale_says_what_one_patch_is() -> None:
    # 0.05 mm a pixel: 60 mm of wall are 1,200 pixels.
    close_up = ScanSettings(mm_per_px=0.05)
    assert tile_sides((1300, 1300), 227, close_up) == (1300,)
    assert tile_sides((1400, 1400), 227, close_up) == (1200,)
    assert tile_sides((227, 227), 227, ScanSettings(mm_per_px=1.0)) == (96,)


def test_a_tile_that_was_asked_for_is_taken() -> None:
    assert tile_sides((227, 227), 227, ScanSettings(tile_px=100)) == (100,)


def test_one_look_may_be_joined_by_finer_ones() -> None:
    assert tile_sides((227, 200), 227, ScanSettings(scales=(0.5, 1, 2))) == (114, 227)


def test_a_known_scale_gives_tiles_of_the_size_of_training_patches_on_the_wall() -> None:
    assert tile_sides((3000, 4000), 227, ScanSettings(mm_per_px=0.2)) == (300,)
    assert tile_sides((3000, 4000), 227, ScanSettings(mm_per_px=20.0)) == (96,)


def test_scales_multiply_the_tile_within_the_photo() -> None:
    assert tile_sides((600, 900), 227, ScanSettings(tile_px=100, scales=(2, 1, 20))) == (100, 200, 600)
