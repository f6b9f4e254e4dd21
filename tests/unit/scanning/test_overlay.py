"""The overlay says what the report says; how it looks was judged by eye."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.images import Photo
from crackscope.inspection.lengths import round_length
from crackscope.photos.pixels import DecodedPhoto
from crackscope.scanning.overlay import colour_of, draw_overlay
from tests.unit.scanning.conftest import wall


def overlay_of(bundle: Bundle, pixels: np.ndarray, **settings: object) -> np.ndarray:
    scanner = CrackScanner.load(bundle.folder, settings=ScanSettings(**settings), jobs=1)  # type: ignore[arg-type]
    report = scanner.scan(pixels)
    assert report.heat is not None
    source = DecodedPhoto(Photo(pixels, report.photo_hw))
    return np.asarray(draw_overlay(source, report, report.heat))


@pytest.mark.parametrize("photo_hw", [(64, 64), (16, 900), (900, 16), (3000, 4000), (512, 512)])
def test_every_shape_of_photo_gets_a_readable_frame(dark_bundle: Bundle, photo_hw: tuple[int, int]) -> None:
    picture = overlay_of(dark_bundle, wall(*photo_hw))
    assert 300 <= picture.shape[1] <= 1700
    assert picture.shape[0] <= 1800


def test_sound_concrete_stays_as_photographed(dark_bundle: Bundle) -> None:
    pixels = wall(512, 1024, (0, 0, 256, 512))
    picture = overlay_of(dark_bundle, pixels, tile_px=64)
    below = picture[picture.shape[0] // 2, -100:-20]
    assert (below == 250).all()


def test_cracked_places_are_coloured(dark_bundle: Bundle) -> None:
    picture = overlay_of(dark_bundle, wall(512, 1024, (0, 0, 256, 512)), tile_px=64).astype(int)
    red, _, blue = picture[picture.shape[0] // 2, 100]
    assert red > blue + 40


def test_colours_darken_evenly_so_that_grey_print_keeps_their_order() -> None:
    colours = colour_of(np.linspace(0, 1, 50, dtype=np.float32)) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(colours) < 0).all()


def test_the_scale_bar_is_drawn_only_where_the_scale_is_known(dark_bundle: Bundle) -> None:
    unknown = overlay_of(dark_bundle, wall(400, 600), tile_px=64)
    known = overlay_of(dark_bundle, wall(400, 600), tile_px=64, mm_per_px=0.5)
    assert unknown.shape == known.shape
    assert (unknown != known).any()


@pytest.mark.parametrize(
    ("longest", "rounded"), [(1, 1), (1.9, 1), (2, 2), (49, 20), (50, 50), (999, 500), (0.7, 0.5)]
)
def test_scale_bars_have_round_lengths(longest: float, rounded: float) -> None:
    assert round_length(longest) == pytest.approx(rounded)


def test_many_regions_and_long_names_do_not_break_the_frame(dark_bundle: Bundle) -> None:
    scanner = CrackScanner.load(dark_bundle.folder, settings=ScanSettings(tile_px=64), jobs=1)
    pixels = wall(300, 300, (0, 0, 64, 64))
    report = scanner.scan(pixels)
    assert report.heat is not None
    crowded = dataclasses.replace(report, path="n" * 300 + ".jpg", regions=report.regions * 100)
    picture = draw_overlay(DecodedPhoto(Photo(pixels, (300, 300))), crowded, report.heat)
    assert picture.width == 900
