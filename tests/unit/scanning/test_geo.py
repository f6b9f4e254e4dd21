"""GeoTIFF: regions on the earth."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.scanning.geo import read_georeference
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
    place = read_georeference(write_ortho(tmp_path / "a.tif", turned=turned), "TIFF")
    assert place is not None
    ring = np.array(place.place((10, 20, 110, 70)).ring_wgs84)
    assert (ring[0] == ring[-1]).all()
    (x, y), (next_x, next_y) = ring[:-1].T - ring[0][:, None], ring[1:].T - ring[0][:, None]
    assert (x * next_y - next_x * y).sum() > 0


def test_plain_photos_have_no_georeference(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (64, 64)).save(tmp_path / "plain.tif")
    assert read_georeference(tmp_path / "plain.tif", "TIFF") is None
    assert read_georeference(tmp_path / "missing.jpg", "JPEG") is None


def test_a_large_photo_gives_the_same_answer_by_windows(dark_bundle: Bundle, tmp_path: Path) -> None:
    path = write_ortho(tmp_path / "ortho.tif")
    whole = CrackScanner.load(dark_bundle.folder, settings=ScanSettings(tile_px=64), jobs=2)
    from crackscope.scanning.items import PhotoFile

    item = PhotoFile(path, whole.settings)
    by_windows = PhotoFile(path, whole.settings)
    by_windows.__dict__["large"] = True
    first, second = whole.scan_item(item), whole.scan_item(by_windows)
    assert first.label == second.label
    assert first.sha256 == second.sha256
    assert [tile.box_ltrb for tile in first.tiles] == [tile.box_ltrb for tile in second.tiles]
    assert [tile.score for tile in first.tiles] == pytest.approx(
        [tile.score for tile in second.tiles], abs=0.01
    )
    assert first.regions[0].place == second.regions[0].place
