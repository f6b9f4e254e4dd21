"""Maps of every odd kind: another program reads their regions where they should lie, or nowhere."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.reporting.results_file import ScanResults
from crackscope.reporting.site_map import draw_site_map
from crackscope.scanning.records import ScaleSource
from tests.unit.scanning.conftest import wall

rasterio = pytest.importorskip("rasterio")
pyogrio = pytest.importorskip("pyogrio")
shapely = pytest.importorskip("shapely")
pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

HEIGHT, WIDTH = 256, 320
DARK_LTRB = (64, 64, 160, 160)
EARTH_M = 6_378_137.0


@dataclass(frozen=True)
class Scanned:
    """What a scan wrote of one map, and its shapes as GDAL reads them."""

    photo: dict[str, Any]
    features: list[dict[str, Any]]
    shapes: NDArray[np.object_]

    @property
    def problem(self) -> str:
        return str(self.photo["metadata"]["map_problem"])


def write_map(path: Path, **profile: Any) -> Path:
    pixels = wall(HEIGHT, WIDTH, DARK_LTRB).transpose(2, 0, 1)
    kind = {"count": 3, "height": HEIGHT, "width": WIDTH, "dtype": "uint8", "driver": "GTiff"}
    with rasterio.open(path, "w", **kind, **profile) as out:
        out.write(pixels)
    return path


def scan(bundle: Bundle, folder: Path, **profile: Any) -> Scanned:
    path = write_map(folder / "map.tif", **profile)
    scanner = CrackScanner.load(bundle.folder, settings=ScanSettings(tile_px=64), jobs=1)
    summary = scanner.scan_paths([path], output=folder / "out", overlays=False)
    assert not summary.failures
    (photo,) = json.loads((folder / "out" / "results.json").read_text("utf-8"))["photos"]
    geojson = folder / "out" / "regions.geojson"
    features = json.loads(geojson.read_text("utf-8"))["features"]
    _, _, shapes, _ = pyogrio.raw.read(geojson)
    assert features
    found = shapely.from_wkb(shapes)
    assert all(shape is None or shape.is_valid for shape in found)
    return Scanned(photo, features, found)


def north_up(west: float, north: float, pixel: float) -> Any:
    return rasterio.transform.from_origin(west, north, pixel, pixel)


def box_of(scanned: Scanned) -> tuple[int, int, int, int]:
    left, top, right, bottom = scanned.features[0]["properties"]["box_ltrb_px"]
    return left, top, right, bottom


def test_ground_control_points_place_a_map_as_its_geotransform_would(
    dark_bundle: Bundle, tmp_path: Path
) -> None:
    from rasterio.control import GroundControlPoint

    transform = north_up(2_600_000, 1_200_000, 0.01)
    corners = [(0, 0), (0, WIDTH), (HEIGHT, 0), (HEIGHT, WIDTH), (100, 70)]
    points = [GroundControlPoint(row, column, *(transform @ (column, row))) for row, column in corners]
    for name in ("points", "plain"):
        (tmp_path / name).mkdir()
    by_points = scan(dark_bundle, tmp_path / "points", gcps=points, crs="EPSG:2056")
    plain = scan(dark_bundle, tmp_path / "plain", transform=transform, crs="EPSG:2056")
    assert by_points.features[0]["properties"]["position"] == "region"
    assert by_points.shapes[0].equals_exact(plain.shapes[0], 1e-8)
    assert by_points.photo["mm_per_px"] == plain.photo["mm_per_px"] == 10
    assert by_points.photo["metadata"]["crs"] == "EPSG:2056"


@pytest.mark.parametrize(
    ("rows_columns_xy", "reason"),
    [
        ([(0, 0, 0, 0), (10, 10, 10, 10), (20, 20, 20, 20)], "do not span an area"),
        ([(0, 0, 0, 0), (0, 320, 320, 0)], "do not span an area"),
        ([(0, 0, 0, 0), (0, 320, 320, 0), (256, 0, 0, -256), (256, 320, 900, 700)], "contradict"),
    ],
)
def test_control_points_that_do_not_fix_the_map_are_a_reason(
    dark_bundle: Bundle, tmp_path: Path, rows_columns_xy: list[tuple[float, ...]], reason: str
) -> None:
    from rasterio.control import GroundControlPoint

    points = [GroundControlPoint(r, c, 2_600_000 + x, 1_200_000 + y) for r, c, x, y in rows_columns_xy]
    scanned = scan(dark_bundle, tmp_path, gcps=points, crs="EPSG:2056")
    assert reason in scanned.problem
    assert scanned.shapes[0] is None
    assert scanned.features[0]["properties"]["position"] == "unknown"


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ({"crs": "EPSG:4326", "transform": north_up(465_000, 5_247_000, 0.01)}, "lie outside of EPSG:4326"),
        ({"crs": "EPSG:4326", "transform": north_up(7, 465_000, 0.01)}, "lie outside of EPSG:4326"),
        ({"crs": "EPSG:4326"}, "without a geotransform"),
        ({"crs": "EPSG:2056"}, "without a geotransform"),
        ({"crs": "EPSG:32632", "transform": north_up(5e8, 9e9, 0.01)}, "lie outside of EPSG:32632"),
        ({"crs": "EPSG:4978", "transform": north_up(4_000_000, 600_000, 0.01)}, "geocentric"),
        ({"crs": 'LOCAL_CS["site",UNIT["metre",1]]', "transform": north_up(0, 9, 0.01)}, "local grid"),
    ],
    ids=[
        "metres as longitude",
        "metres as latitude",
        "untied",
        "untied, metric",
        "off",
        "geocentric",
        "local",
    ],
)
def test_a_place_that_can_not_be_known_is_a_reason_and_no_place(
    dark_bundle: Bundle, tmp_path: Path, profile: dict[str, Any], reason: str
) -> None:
    scanned = scan(dark_bundle, tmp_path, **profile)
    assert reason in scanned.problem
    for feature, shape in zip(scanned.features, scanned.shapes, strict=True):
        assert shape is None
        assert feature["geometry"] is None
        assert feature["properties"]["position"] == "unknown"
        assert reason in feature["properties"]["map_problem"]
    assert scanned.photo["metadata"]["latitude"] is None
    local = "local" in reason
    assert scanned.photo["mm_per_px"] == (10 if local else None)
    assert scanned.photo["scale"] == ("from the map" if local else "uncalibrated")


def test_rational_polynomials_alone_are_a_reason(dark_bundle: Bundle, tmp_path: Path) -> None:
    from rasterio.rpc import RPC

    rpcs = RPC(
        height_off=100, height_scale=500, lat_off=47, lat_scale=0.1, long_off=7, long_scale=0.1, line_off=128,
        line_scale=128, samp_off=160, samp_scale=160, line_num_coeff=[0, 0, -1, *[0] * 17],
        line_den_coeff=[1, *[0] * 19], samp_num_coeff=[0, 1, *[0] * 18], samp_den_coeff=[1, *[0] * 19],
    )  # fmt: skip
    scanned = scan(dark_bundle, tmp_path, rpcs=rpcs)
    assert "RPC" in scanned.problem
    assert scanned.shapes[0] is None


# World Mercator around 150 degrees east: x is (longitude - 150) degrees times the equator's radius.
PACIFIC_METRES_TO_180 = math.radians(30) * EARTH_M


@pytest.mark.parametrize("crs", ["EPSG:3832", "EPSG:4326"])
def test_a_region_across_the_180th_meridian_is_cut_there(
    dark_bundle: Bundle, tmp_path: Path, crs: str
) -> None:
    middle = (DARK_LTRB[0] + DARK_LTRB[2]) / 2
    if crs == "EPSG:3832":
        transform = north_up(PACIFIC_METRES_TO_180 - middle, -2_000_000, 1)
        degrees_per_px = math.degrees(1 / EARTH_M)
    else:
        transform, degrees_per_px = north_up(180 - middle * 1e-5, -17, 1e-5), 1e-5
    scanned = scan(dark_bundle, tmp_path, crs=crs, transform=transform)
    assert scanned.features[0]["geometry"]["type"] == "MultiPolygon"
    left, _, right, _ = box_of(scanned)
    west, east = sorted((part.bounds for part in scanned.shapes[0].geoms), key=lambda bounds: -bounds[0])
    assert west[2] == 180
    assert east[0] == -180
    assert west[0] == pytest.approx(180 - (middle - left) * degrees_per_px, abs=1e-8)
    assert east[2] == pytest.approx(-180 + (right - middle) * degrees_per_px, abs=1e-8)
    for polygon in scanned.features[0]["geometry"]["coordinates"]:
        assert shapely.LinearRing(polygon[0]).is_ccw
        assert all(-180 <= longitude <= 180 for longitude, _ in polygon[0])
    assert -180 <= scanned.photo["metadata"]["longitude"] <= 180


def test_longitudes_up_to_360_are_brought_back(dark_bundle: Bundle, tmp_path: Path) -> None:
    scanned = scan(dark_bundle, tmp_path, crs="EPSG:4326", transform=north_up(200, 10, 1e-5))
    assert scanned.shapes[0].bounds[0] == pytest.approx(-160 + box_of(scanned)[0] * 1e-5, abs=1e-8)


@pytest.mark.parametrize(("crs", "latitude"), [("EPSG:3031", -90), ("EPSG:3413", 90)])
def test_a_region_with_a_pole_in_it_reaches_the_pole_and_goes_round_the_world(
    dark_bundle: Bundle, tmp_path: Path, crs: str, latitude: int
) -> None:
    middle = (DARK_LTRB[0] + DARK_LTRB[2]) / 2
    scanned = scan(dark_bundle, tmp_path, crs=crs, transform=north_up(-middle, middle, 1))
    west, south, east, north = scanned.shapes[0].bounds
    assert (west, east) == (-180, 180)
    assert latitude in (south, north)
    left, top, right, bottom = box_of(scanned)
    # All round the pole, at the distance of the box's nearest edge, all is inside; further out, nothing.
    near, far = min(middle - left, right - middle, middle - top, bottom - middle) - 2, (right - left) * 0.75
    shape = scanned.shapes[0]
    for longitude in range(-175, 180, 10):
        inside, outside = (latitude * (1 - metres * 1.03 / 111_694 / 90) for metres in (near, far))
        assert shape.contains(shapely.Point(longitude, inside))
        assert not shape.contains(shapely.Point(longitude, outside))


def test_edges_that_are_bent_in_degrees_have_points_on_the_bend(dark_bundle: Bundle, tmp_path: Path) -> None:
    """A straight edge of a map of the whole Arctic runs far from the straight line in degrees."""
    scanned = scan(dark_bundle, tmp_path, crs="EPSG:3995", transform=north_up(1_000_000, -1_000_000, 2_000))
    left, top, right, _ = box_of(scanned)
    middle_x, y = 1_000_000 + (left + right) * 1_000, -1_000_000 - top * 2_000
    longitude = math.degrees(math.atan2(middle_x, -y))
    edge = shapely.LineString(scanned.shapes[0].exterior.coords)
    ((_, latitude),) = zip(*rasterio.warp.transform("EPSG:3995", "EPSG:4326", [middle_x], [y]), strict=True)
    assert edge.distance(shapely.Point(longitude, latitude)) < 1e-3
    straight = shapely.Polygon(scanned.features[0]["geometry"]["coordinates"][0])
    assert len(straight.exterior.coords) > 50


def test_an_ordinary_region_stays_a_ring_of_five_points(dark_bundle: Bundle, tmp_path: Path) -> None:
    scanned = scan(dark_bundle, tmp_path, crs="EPSG:2056", transform=north_up(2_600_000, 1_200_000, 0.01))
    assert len(scanned.shapes[0].exterior.coords) == 5


FOOT_MM = 1200 / 3937 * 1000


@pytest.mark.parametrize(
    ("crs", "transform", "mm_per_px"),
    [
        ("EPSG:2056", north_up(2_600_000, 1_200_000, 0.002), 2),
        ("EPSG:32632", north_up(465_000, 5_247_000, 0.005), 5),
        ("EPSG:2263", north_up(1_000_000, 200_000, 0.01), FOOT_MM * 0.01),
        # On the sphere of Web Mercator a metre at 60 degrees north is about half a metre of ground.
        ("EPSG:3857", north_up(0, 8_399_737.89, 0.01), 5.0124),
        ("EPSG:4326", rasterio.Affine(1e-7 / 0.5, 0, 7, 0, -1.0017e-7, 60), 11.16),
        ("EPSG:2056", north_up(2_600_000, 1_200_000, 0.002) @ rasterio.Affine.rotation(30), 2),
    ],
    ids=["metres", "UTM", "US feet", "Web Mercator", "degrees", "turned"],
)
def test_the_map_gives_the_scale(
    dark_bundle: Bundle, tmp_path: Path, crs: str, transform: Any, mm_per_px: float
) -> None:
    scanned = scan(dark_bundle, tmp_path, crs=crs, transform=transform)
    assert scanned.photo["mm_per_px"] == pytest.approx(mm_per_px, rel=0.002)
    assert scanned.photo["scale"] == "from the map"
    assert scanned.photo["metadata"]["map_problem"] is None
    left, _, right, _ = box_of(scanned)
    region = scanned.features[0]["properties"]
    assert region["width_mm"] == pytest.approx((right - left) * mm_per_px, rel=0.003)


@pytest.mark.parametrize(
    ("transform", "reason"),
    [
        (rasterio.Affine(0.01, 0, 2_600_000, 0, -0.02, 1_200_000), "10 x 20 mm"),
        (rasterio.Affine(0.01, 0.004, 2_600_000, 0, -math.sqrt(0.01**2 - 0.004**2), 1_200_000), "skewed"),
    ],
)
def test_pixels_that_are_no_squares_have_a_place_but_no_scale(
    dark_bundle: Bundle, tmp_path: Path, transform: Any, reason: str
) -> None:
    scanned = scan(dark_bundle, tmp_path, crs="EPSG:2056", transform=transform)
    assert reason in scanned.problem
    assert scanned.photo["scale"] == "uncalibrated"
    assert scanned.shapes[0] is not None


def test_the_scale_of_the_map_is_used_as_if_the_user_had_given_it(
    dark_bundle: Bundle, tmp_path: Path
) -> None:
    path = write_map(tmp_path / "map.tif", crs="EPSG:2056", transform=north_up(2_600_000, 1_200_000, 6e-4))
    by_map = CrackScanner.load(dark_bundle.folder, jobs=1).scan(path)
    given = CrackScanner.load(dark_bundle.folder, settings=ScanSettings(mm_per_px=0.6), jobs=1).scan(path)
    assert by_map.tile_px == given.tile_px == (100,)
    assert (by_map.scale, given.scale) == (ScaleSource.MAP, ScaleSource.USER)
    other = CrackScanner.load(dark_bundle.folder, settings=ScanSettings(mm_per_px=2), jobs=1).scan(path)
    assert other.mm_per_px == 2


def test_a_report_knows_scale_and_place_of_a_map(dark_bundle: Bundle, tmp_path: Path) -> None:
    scanned = scan(dark_bundle, tmp_path, crs="EPSG:2056", transform=north_up(2_600_000, 1_200_000, 0.01))
    (photo,) = ScanResults(tmp_path / "out").photos
    assert photo.mm_per_px == 10
    site_map = draw_site_map([photo])
    assert site_map is not None
    middle = shapely.Point(*reversed(site_map.centre))
    assert scanned.shapes[0].distance(middle) < 1e-4
    assert site_map.centre == pytest.approx((46.95108, 7.43864), abs=1e-4)


def test_a_journal_of_maps_is_read_back_as_it_was(dark_bundle: Bundle, tmp_path: Path) -> None:
    middle = (DARK_LTRB[0] + DARK_LTRB[2]) / 2
    profile = {"crs": "EPSG:3832", "transform": north_up(PACIFIC_METRES_TO_180 - middle, -2_000_000, 1)}
    scan(dark_bundle, tmp_path, **profile)
    first = (tmp_path / "out" / "regions.geojson").read_bytes()
    scan(dark_bundle, tmp_path, **profile)
    assert (tmp_path / "out" / "regions.geojson").read_bytes() == first
