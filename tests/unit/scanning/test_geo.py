"""GeoTIFF: regions on the earth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.photos.geo import georeference_of
from tests.unit.scanning.conftest import wall

rasterio = pytest.importorskip("rasterio")

# Swiss grid, 1 cm per pixel, north up: Bern's old observatory, where its axes meet.
EAST, NORTH, METRES_PER_PX = 2_600_000.0, 1_200_000.0, 0.01


def write_ortho(path: Path, *, turned: bool = False) -> Path:
    pixels = wall(256, 320, (64, 64, 160, 160)).transpose(2, 0, 1)
    transform = rasterio.transform.from_origin(EAST, NORTH, METRES_PER_PX, METRES_PER_PX)
    if turned:
        transform = transform * rasterio.Affine.rotation(30)
    profile = {"count": 3, "height": 256, "width": 320, "dtype": "uint8", "driver": "GTiff"}
    with rasterio.open(path, "w", **profile, crs="EPSG:2056", transform=transform) as out:
        out.write(pixels)
    return path


def test_regions_are_placed_in_wgs84_and_in_the_crs_of_the_photo(dark_bundle: Bundle, tmp_path: Path) -> None:
    path = write_ortho(tmp_path / "ortho.tif")
    scanner = CrackScanner.load(dark_bundle.folder, settings=ScanSettings(tile_px=64), jobs=1)
    scanner.scan_paths([path], output=tmp_path / "out", overlays=False)
    (feature,) = json.loads((tmp_path / "out" / "regions.geojson").read_text("utf-8"))["features"]
    assert feature["properties"]["crs"] == "EPSG:2056"
    assert feature["geometry"]["type"] == "Polygon"
    (ring,) = feature["geometry"]["coordinates"]
    left, top, right, bottom = feature["properties"]["box_ltrb_px"]
    eastings = sorted({round(x, 2) for x, _ in feature["properties"]["box_crs"]})
    northings = sorted({round(y, 2) for _, y in feature["properties"]["box_crs"]})
    assert eastings == pytest.approx([EAST + left / 100, EAST + right / 100])
    assert northings == pytest.approx([NORTH - bottom / 100, NORTH - top / 100])
    # The origin of the Swiss grid, from swisstopo's formulas.
    longitudes, latitudes = np.array(ring).T
    assert longitudes == pytest.approx(7.43864, abs=1e-4)
    assert latitudes == pytest.approx(46.95108, abs=1e-4)


@pytest.mark.parametrize("turned", [False, True])
def test_rings_are_closed_and_counter_clockwise(tmp_path: Path, turned: bool) -> None:
    with rasterio.open(write_ortho(tmp_path / "a.tif", turned=turned)) as dataset:
        place = georeference_of(dataset)
        assert place is not None
        region = place.place((10, 20, 110, 70))
    assert region is not None
    ring = np.array(region.polygons_wgs84[0])
    assert (ring[0] == ring[-1]).all()
    (x, y), (next_x, next_y) = ring[:-1].T - ring[0][:, None], ring[1:].T - ring[0][:, None]
    assert (x * next_y - next_x * y).sum() > 0


def test_a_map_without_the_extra_says_what_to_install(
    dark_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_ortho(tmp_path / "ortho.tif")
    monkeypatch.setitem(__import__("sys").modules, "rasterio", None)
    summary = CrackScanner.load(dark_bundle.folder, jobs=1).scan_paths([path], output=tmp_path / "out")
    assert "crackscope[geo]" in summary.failures[0].error


def test_a_map_and_a_large_photo_give_the_answer_of_the_photo(dark_bundle: Bundle, tmp_path: Path) -> None:
    path = write_ortho(tmp_path / "ortho.tif")
    Image.fromarray(wall(256, 320, (64, 64, 160, 160))).save(tmp_path / "plain.tif")
    scanner = CrackScanner.load(dark_bundle.folder, settings=ScanSettings(tile_px=64), jobs=2)
    mapped, plain = scanner.scan(path), scanner.scan(tmp_path / "plain.tif")
    item = scanner.photo_file(tmp_path / "plain.tif")
    item.__dict__["large"] = True
    large = scanner.scan_item(item)
    assert large.sha256 == plain.sha256
    for report in (mapped, large):
        assert report.label == plain.label
        assert [tile.box_ltrb for tile in report.tiles] == [tile.box_ltrb for tile in plain.tiles]
        assert [tile.score for tile in report.tiles] == pytest.approx(
            [tile.score for tile in plain.tiles], abs=0.01
        )
    assert mapped.regions[0].place is not None
    assert plain.regions[0].place is None


@pytest.mark.parametrize("how", ["no-data value", "alpha", "mask"])
def test_what_a_map_does_not_show_is_neither_scanned_nor_counted(
    dark_bundle: Bundle, tmp_path: Path, how: str
) -> None:
    """The right half of the map is empty; stored black, which this model takes for a crack."""
    pixels = wall(256, 512, (64, 64, 128, 128)).transpose(2, 0, 1)
    pixels[:, :, 256:] = 0
    shown = np.full((256, 512), 255, np.uint8)
    shown[:, 256:] = 0
    profile = {"height": 256, "width": 512, "dtype": "uint8", "driver": "GTiff", "crs": "EPSG:2056"}
    profile["transform"] = rasterio.transform.from_origin(EAST, NORTH, METRES_PER_PX, METRES_PER_PX)
    if how == "no-data value":
        profile["nodata"] = 0
    elif how == "alpha":
        pixels = np.concatenate([pixels, shown[None]])
        profile |= {"photometric": "RGB", "alpha": "yes"}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(tmp_path / "a.tif", "w", count=len(pixels), **profile) as out,
    ):
        out.write(pixels)
        if how == "mask":
            out.write_mask(shown)
    scanner = CrackScanner.load(dark_bundle.folder, settings=ScanSettings(tile_px=64), jobs=1)
    report = scanner.scan(tmp_path / "a.tif")
    half = scanner.scan(wall(256, 256, (64, 64, 128, 128)))
    assert report.picture_share == pytest.approx(0.5, abs=0.01)
    # A tile half full is still looked at: its holes are filled with the colour of its picture.
    assert max(tile.box_ltrb[2] for tile in report.tiles) <= 256 + 64 // 2
    assert [region.box_ltrb for region in report.regions] == [region.box_ltrb for region in half.regions]
    assert report.cracked_share == pytest.approx(half.cracked_share, rel=0.02)
    assert report.score == pytest.approx(half.score, abs=0.01)


def test_a_map_without_any_picture_is_a_row_that_says_so(dark_bundle: Bundle, tmp_path: Path) -> None:
    profile = {"count": 3, "height": 256, "width": 512, "dtype": "uint8", "driver": "GTiff", "nodata": 0}
    with rasterio.open(tmp_path / "void.tif", "w", **profile) as out:
        out.write(np.zeros((3, 256, 512), np.uint8))
    summary = CrackScanner.load(dark_bundle.folder, jobs=1).scan_paths(
        [tmp_path / "void.tif"], output=tmp_path / "out"
    )
    assert "without data" in summary.failures[0].error
