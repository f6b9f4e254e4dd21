"""One photo: what is dark is found where it is, and nothing else is."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.special import logit

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle, Calibration, Familiarity, ReviewBand
from crackscope.errors import PhotoTooSmallError, SettingsError, UnreadablePhotoError
from crackscope.labels import Label, ReviewReason
from crackscope.scanning.records import PhotoReport, mm_per_px_from_points
from tests.helpers.bundles import change_config, write_tiny_bundle
from tests.unit.scanning.conftest import wall

TILE = 64


def scan(bundle: Bundle, pixels: np.ndarray, jobs: int = 1, **settings: object) -> PhotoReport:
    chosen = ScanSettings(**{"tile_px": TILE, **settings})  # type: ignore[arg-type]
    return CrackScanner.load(bundle.folder, settings=chosen, jobs=jobs).scan(pixels)


def test_a_sound_wall_is_negative_without_regions(dark_bundle: Bundle) -> None:
    report = scan(dark_bundle, wall(320, 480))
    assert report.label is Label.NEGATIVE
    assert report.score < 0.01
    assert report.regions == ()
    assert report.cracked_share == 0


def test_a_dark_place_becomes_one_region_where_it_is(dark_bundle: Bundle) -> None:
    report = scan(dark_bundle, wall(320, 480, (128, 64, 256, 192)))
    assert report.label is Label.POSITIVE
    (region,) = report.regions
    # Scores of cells are made for cracks, which look wider to a network than they are: up to two cells.
    assert np.abs(np.subtract(region.box_ltrb, (128, 64, 256, 192))).max() <= 2 * TILE // 8
    assert 96 * 96 <= report.cracked_share * 320 * 480 <= 128 * 128


def test_places_apart_are_regions_apart_the_strongest_first(dark_bundle: Bundle) -> None:
    report = scan(dark_bundle, wall(320, 480, (0, 0, 128, 128), (320, 192, 416, 288)))
    assert [region.number for region in report.regions] == [1, 2]
    assert report.regions[0].score >= report.regions[1].score
    assert report.regions[0].box_ltrb[:2] == (0, 0)


def test_the_heat_map_is_finer_than_a_tile(dark_bundle: Bundle) -> None:
    report = scan(dark_bundle, wall(64, 64, (0, 0, 32, 64)))
    assert report.heat is not None
    assert len(report.tiles) == 1
    assert report.heat.scores.shape == (8, 8)
    assert (report.heat.scores[:, :2] > 0.9).all()
    assert (report.heat.scores[:, 4:] < 0.1).all()


def test_a_photo_of_one_tile_has_the_score_of_the_tile(dark_bundle: Bundle) -> None:
    report = scan(dark_bundle, np.full((64, 64, 3), 120, np.uint8))
    assert report.score == report.tiles[0].score


def test_the_photo_score_counts_how_often_was_looked(dark_bundle: Bundle) -> None:
    one_dark_tile = (128, 128, 192, 192)
    small = scan(dark_bundle, wall(256, 256, one_dark_tile))
    large = scan(dark_bundle, wall(1024, 1024, one_dark_tile))
    logits = [math.log(report.score / (1 - report.score)) for report in (small, large)]
    # 16 times the area: the odds fall by 16 to the power of 0.75, as tiles of one wall are not independent.
    assert logits[0] - logits[1] == pytest.approx(math.log(8), abs=0.05)


def test_a_small_photo_is_one_whole_tile(dark_bundle: Bundle) -> None:
    report = scan(dark_bundle, wall(40, 50), tile_px=200)
    assert report.tile_px == (40,)
    assert {tile.box_ltrb[3] - tile.box_ltrb[1] for tile in report.tiles} == {40}


def test_the_number_of_workers_changes_nothing(dark_bundle: Bundle) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 700, 3), np.uint8)
    reports = [scan(dark_bundle, pixels, jobs=jobs) for jobs in (1, 2, 5)]
    assert reports[0] == reports[1] == reports[2]
    heats = [report.heat.scores.tobytes() for report in reports if report.heat]
    assert heats[0] == heats[1] == heats[2]


def test_another_engine_gives_the_same_answer(dark_bundle: Bundle) -> None:
    pytest.importorskip("openvino")
    pixels = np.random.default_rng(0).integers(0, 256, (300, 700, 3), np.uint8)
    pixels[100:200, 100:200] = 0
    settings = ScanSettings(tile_px=TILE)
    first, second = (
        CrackScanner.load(dark_bundle.folder, settings=settings, jobs=2, engine=engine).scan(pixels)
        for engine in ("onnxruntime", "openvino")
    )
    assert second.label == first.label
    assert [region.box_ltrb for region in second.regions] == [region.box_ltrb for region in first.regions]
    assert [tile.score for tile in second.tiles] == pytest.approx(
        [tile.score for tile in first.tiles], abs=1e-5
    )


def test_a_transparent_part_is_neither_scanned_nor_counted(dark_bundle: Bundle, tmp_path: Path) -> None:
    """The right half is transparent, and black where one does not look; the model takes black for a crack."""
    pixels = wall(256, 512, (64, 64, 128, 128), (256, 0, 512, 256))
    photo = Image.fromarray(pixels)
    photo.putalpha(Image.fromarray(np.repeat([[255] * 256 + [0] * 256], 256, axis=0).astype(np.uint8)))
    photo.save(tmp_path / "cut.png")
    scanner = CrackScanner.load(dark_bundle.folder, settings=ScanSettings(tile_px=TILE), jobs=1)
    report, half = scanner.scan(tmp_path / "cut.png"), scanner.scan(pixels[:, :256])
    assert report.picture_share == pytest.approx(0.5, abs=0.01)
    assert [region.box_ltrb for region in report.regions] == [region.box_ltrb for region in half.regions]
    assert report.cracked_share == pytest.approx(half.cracked_share, rel=0.02)


def test_the_model_says_how_sure_cells_are(dark_bundle: Bundle, tmp_path: Path) -> None:
    darkening = np.linspace(150, 105, 192).astype(np.uint8)
    pixels = np.broadcast_to(darkening[None, :, None], (128, 192, 3))
    shutil.copytree(dark_bundle.folder, tmp_path / "model")
    copy = Bundle(tmp_path / "model", dark_bundle.config)
    found = []
    for scale, bias in ((2.0, -1.0), (0.5, 1.0)):
        cells = Calibration(method="test", scale=scale, bias=bias, fitted_on="nothing")
        heat = scan(change_config(copy, cells=cells), pixels).heat
        assert heat is not None
        found.append((logit(heat.scores.astype(np.float64)) - cells.bias) / cells.scale)
    assert np.ptp(found[0]) > 1
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)


def test_scales_look_at_several_sizes_and_keep_the_strongest(dark_bundle: Bundle) -> None:
    pixels = wall(512, 512, (0, 0, 70, 70))
    report = scan(dark_bundle, pixels, scales=(1.0, 4.0))
    assert report.tile_px == (64, 256)
    assert {tile.tile_px for tile in report.tiles} == {64, 256}
    assert report.label is Label.POSITIVE


def test_the_threshold_decides_photo_tiles_and_regions(dark_bundle: Bundle) -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    low, high = scan(dark_bundle, grey, threshold=0.4), scan(dark_bundle, grey, threshold=0.6)
    assert (low.label, high.label) == (Label.POSITIVE, Label.NEGATIVE)
    assert low.tiles[0].label is Label.POSITIVE
    assert low.regions
    assert not high.regions


def test_uncertain_and_unfamiliar_photos_are_for_review(dark_bundle: Bundle, tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    bundle = write_tiny_bundle(tmp_path_factory.mktemp("review") / "m", patch_px=64)
    band = ReviewBand(low=0.4, high=0.6, alpha=0.05, fitted_on="nothing")
    familiar = Familiarity(method="euclidean", limit=0.5, quantile=0.99, fitted_on="nothing")
    bundle = change_config(bundle, review=band, familiarity=familiar)
    grey = scan(bundle, np.full((64, 64, 3), 128, np.uint8))
    white = scan(bundle, np.full((256, 256, 3), 255, np.uint8))
    assert grey.reason is ReviewReason.UNCERTAIN
    assert white.reason is ReviewReason.UNFAMILIAR


@pytest.mark.parametrize(
    "settings", [{"overlap": 1.0}, {"tile_px": 8}, {"scales": ()}, {"threshold": 2.0}, {"mm_per_px": 0.0}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(SettingsError, match="expected"):
        ScanSettings(**settings)  # type: ignore[arg-type]


def test_pixels_that_are_not_a_photo_are_refused(dark_bundle: Bundle) -> None:
    with pytest.raises(UnreadablePhotoError, match="expected uint8"):
        scan(dark_bundle, np.zeros((64, 64), np.uint8))
    with pytest.raises(PhotoTooSmallError, match="shorter than 16"):
        scan(dark_bundle, np.zeros((8, 64, 3), np.uint8))


def test_two_points_and_a_distance_give_the_scale() -> None:
    assert mm_per_px_from_points((0, 0), (300, 400), 250.0) == 0.5
    with pytest.raises(SettingsError, match="two different points"):
        mm_per_px_from_points((1, 1), (1, 1), 5)
