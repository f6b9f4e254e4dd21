"""What was found reaches other programs: read back by them, with what people decided and nothing else."""

from __future__ import annotations

import csv
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from crackscope.errors import DataError, SettingsError
from crackscope.exporting.records import ExportedPhoto, PlaceSource, places_of
from crackscope.exporting.write import write_places
from crackscope.inspection.findings import Shape, ShapeKind
from tests.unit.exporting.conftest import WALL, finding, on_map

Photos = tuple[ExportedPhoto, ...]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_rejected_regions_are_gone_and_drawn_boxes_and_findings_are_there(photos: Photos) -> None:
    named = [[(place.name, place.source) for place in photo.places] for photo in photos]
    assert named == [
        [("1", PlaceSource.REGION), ("A", PlaceSource.DRAWN), ("F7", PlaceSource.FINDING)],
        [("1", PlaceSource.REGION)],
        [],
    ]


def test_a_region_that_became_a_finding_is_told_once() -> None:
    box = Shape(kind=ShapeKind.BOX, points_xy=((10, 20), (110, 70)))
    assert [place.name for place in places_of(replace(WALL, findings=(finding(box),)))] == ["2", "F7"]


def test_the_table_has_who_saw_what_and_only_widths_that_were_typed(photos: Photos, tmp_path: Path) -> None:
    written = write_places(tmp_path / "o.csv", photos)
    assert (written.photos, written.places, written.left_out) == (3, 4, 0)
    model, drawn, stated, ortho = rows(tmp_path / "o.csv")
    assert (model["score"], model["seen_by"], model["box_width_mm"], model["width_mm"]) == (
        "0.9",
        "",
        "50.0",
        "",
    )
    assert (drawn["score"], drawn["seen_by"], drawn["type"]) == ("", "Anna", "crack")
    assert (stated["width_mm"], stated["width_method"], stated["type"]) == ("0.3", "loupe", "spalling")
    assert (ortho["crs"], ortho["element"], model["element"]) == ("EPSG:2056", "", "Pier 1")


def test_a_cell_that_a_spreadsheet_would_run_is_none(photos: Photos, tmp_path: Path) -> None:
    odd = replace(photos[0], entry=replace(photos[0].entry, name="=1+1\n.jpg"))
    write_places(tmp_path / "o.csv", (odd,))
    assert {row["path"] for row in rows(tmp_path / "o.csv")} == {"./=1+1\\n.jpg"}


def test_geojson_has_areas_of_maps_and_the_camera_of_photos(photos: Photos, tmp_path: Path) -> None:
    nowhere = replace(photos[0], entry=replace(photos[0].entry, latitude=None, longitude=None))
    write_places(tmp_path / "o.geojson", (*photos[:2], nowhere))
    features = json.loads((tmp_path / "o.geojson").read_text())["features"]
    kinds = [None if each["geometry"] is None else each["geometry"]["type"] for each in features]
    assert kinds == ["Point"] * 3 + ["Polygon"] + [None] * 3
    assert [each["properties"]["position"] for each in features[2:5]] == ["camera", "place", "unknown"]
    assert features[2]["properties"]["points_px"] == [[10, 10], [60, 10], [60, 90]]


def test_a_geopackage_is_read_back_in_the_system_of_the_map(photos: Photos, tmp_path: Path) -> None:
    pyogrio, shapely = pytest.importorskip("pyogrio"), pytest.importorskip("shapely")
    written = write_places(tmp_path / "o.gpkg", photos)
    assert (written.places, written.left_out) == (1, 3)
    about, _, shapes, fields = pyogrio.raw.read(tmp_path / "o.gpkg", layer="places")
    told = {name: values[0] for name, values in zip(about["fields"], fields, strict=True)}
    assert about["crs"] == "EPSG:2056"
    assert shapely.from_wkb(shapes[0]).bounds == (2_600_001, 1_199_993, 2_600_011, 1_199_998)
    assert (told["path"], told["place"], told["left"], told["width_method"]) == ("ortho.tif", "1", 10, None)
    about, _, shapes, fields = pyogrio.raw.read(tmp_path / "o.gpkg", layer="photos")
    assert (about["crs"], len(shapes)) == ("EPSG:4326", 2)
    assert shapely.from_wkb(shapes[0]).coords[0] == (8.5, 47.5)


def test_maps_of_two_systems_share_wgs_84(photos: Photos, tmp_path: Path) -> None:
    pyogrio = pytest.importorskip("pyogrio")
    other = replace(photos[1], places=places_of(photos[1].entry, on_map("EPSG:25832", 5e5, 5e6)))
    write_places(tmp_path / "o.gpkg", (photos[1], other))
    assert pyogrio.read_info(tmp_path / "o.gpkg", layer="places")["crs"] == "EPSG:4326"


def test_a_geopackage_of_photos_without_any_position_is_refused(photos: Photos, tmp_path: Path) -> None:
    pytest.importorskip("pyogrio")
    nowhere = replace(photos[0], entry=replace(photos[0].entry, latitude=None, longitude=None))
    with pytest.raises(DataError, match=r"write \.csv or \.dxf instead"):
        write_places(tmp_path / "o.gpkg", (nowhere,))
    assert not (tmp_path / "o.gpkg").exists()


def test_a_drawing_has_the_map_s_coordinates_and_a_layer_per_type(photos: Photos, tmp_path: Path) -> None:
    ezdxf = pytest.importorskip("ezdxf")
    pytest.importorskip("rasterio")
    written = write_places(tmp_path / "o.dxf", photos)
    assert (written.places, written.left_out) == (1, 3)
    drawing = ezdxf.readfile(tmp_path / "o.dxf")
    assert drawing.audit().errors == []
    assert drawing.header["$INSUNITS"] == 6
    line, text = drawing.modelspace()
    assert (line.dxf.layer, line.closed, text.dxf.text) == ("CRACK", True, "2-1")
    assert next(tuple(xy) for xy in line.get_points("xy")) == (2_600_001, 1_199_998)


def test_a_drawing_in_pixels_has_y_up_and_photos_side_by_side(photos: Photos, tmp_path: Path) -> None:
    ezdxf = pytest.importorskip("ezdxf")
    write_places(tmp_path / "o.dxf", photos, pixels=True)
    drawing = ezdxf.readfile(tmp_path / "o.dxf")
    lines = [each for each in drawing.modelspace() if each.dxftype() == "LWPOLYLINE"]
    assert [line.dxf.layer for line in lines] == ["PHOTO", "CRACK", "CRACK", "SPALLING", "PHOTO", "CRACK"]
    assert next(tuple(xy) for xy in lines[1].get_points("xy")) == (10, 280)
    assert next(tuple(xy) for xy in lines[4].get_points("xy")) == (440, 300)
    texts = [each.dxf.text for each in drawing.modelspace() if each.dxftype() == "TEXT"]
    assert texts == ["1 pier 1/wall.jpg", "1-1", "1-A", "1-F7 0.3 mm", "2 ortho.tif", "2-1"]


@pytest.mark.parametrize(
    ("systems", "problem"),
    [(("EPSG:2056", "EPSG:25832"), "2 reference systems"), (("EPSG:4326",), "in degrees")],
)
def test_a_drawing_says_why_it_can_t_be_one(
    photos: Photos, systems: tuple[str, ...], problem: str, tmp_path: Path
) -> None:
    pytest.importorskip("ezdxf")
    pytest.importorskip("rasterio")
    maps = [replace(photos[1], places=places_of(photos[1].entry, on_map(crs, 8, 47))) for crs in systems]
    with pytest.raises(DataError, match=problem):
        write_places(tmp_path / "o.dxf", maps)


def test_pictures_are_named_by_number_and_what_is_missing_is_told(photos: Photos, tmp_path: Path) -> None:
    drawn = replace(photos[0], picture=lambda: b"a picture")
    write_places(tmp_path / "o.zip", (drawn, *photos[2:]))
    with zipfile.ZipFile(tmp_path / "o.zip") as archive:
        assert archive.namelist() == ["00001-wall.jpg", "not_drawn.txt"]
        assert archive.read("not_drawn.txt") == b"=bad.jpg: the file is empty\n"
    with pytest.raises(DataError, match=r"no annotated picture: =bad\.jpg: the file is empty"):
        write_places(tmp_path / "none.zip", photos[2:])
    assert not (tmp_path / "none.zip").exists()


def test_an_unknown_ending_lists_those_there_are(photos: Photos, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"expected .csv, .geojson, .gpkg, .dxf, .zip"):
        write_places(tmp_path / "o.shp", photos)
