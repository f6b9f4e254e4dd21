"""The tables and documents follow their published schemas."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest

from crackscope.errors import OutputError
from crackscope.inspection.codec import report_from_json, report_to_json
from crackscope.inspection.records import Region, RegionPlace
from crackscope.labels import Label, ReviewReason
from crackscope.records import Failure
from crackscope.scanning import results
from crackscope.scanning.records import PhotoMetadata, PhotoReport, ScaleSource, TileScore
from crackscope.scanning.results import ScanOutcome, write_results

RING = ((8.0, 47.0), (8.1, 47.0), (8.1, 47.1), (8.0, 47.1), (8.0, 47.0))
REPORT = PhotoReport(
    path='wände/Nr. 1,\n"nord".jpg',
    label=Label.POSITIVE,
    score=0.75,
    threshold=0.5,
    reason=ReviewReason.UNCERTAIN,
    sha256="ab" * 32,
    photo_hw=(300, 400),
    tile_px=(64, 128),
    cracked_share=0.25,
    regions=(Region(number=1, box_ltrb=(10, 20, 110, 70), area_px=3000, score=0.9),),
    tiles=(
        TileScore(tile_px=64, box_ltrb=(0, 0, 64, 64), score=0.9, label=Label.POSITIVE, distance=1.5),
        TileScore(tile_px=64, box_ltrb=(32, 0, 96, 64), score=0.1, label=Label.NEGATIVE),
    ),
    mm_per_px=0.5,
    scale=ScaleSource.USER,
    metadata=PhotoMetadata(taken="2024-05-01T10:00:00", camera="X", latitude=47.5, longitude=8.5),
    overlay="overlays/x.jpg",
)
PLACED = dataclasses.replace(
    REPORT,
    path="ortho.tif",
    mm_per_px=None,
    reason=None,
    regions=(
        dataclasses.replace(REPORT.regions[0], place=RegionPlace(polygons_wgs84=(RING,), ring_crs=RING)),
    ),
    scale=ScaleSource.UNCALIBRATED,
    metadata=PhotoMetadata(crs="EPSG:2056"),
)
NOWHERE = dataclasses.replace(REPORT, path="c.jpg", metadata=PhotoMetadata())
OUTCOMES: tuple[ScanOutcome, ...] = (
    REPORT,
    Failure(path="bad.jpg", error="the file is empty"),
    PLACED,
    NOWHERE,
)
HEADER = {
    "crackscope_version": "0",
    "model": {"name": "m", "sha256": "cd" * 32},
    "settings": {"tile_px": None, "scales": [1.0], "overlap": 0.5, "threshold": 0.5, "mm_per_px": None},
}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write_results(tmp_path, OUTCOMES, HEADER)
    return tmp_path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_photo_is_one_physical_line(written: Path) -> None:
    data = (written / "photos.csv").read_bytes()
    assert b"\r" not in data
    assert data.count(b"\n") == 1 + len(OUTCOMES)
    assert [row["label"] for row in rows(written / "photos.csv")] == ["Positive", "", "Positive", "Positive"]


def test_columns_are_those_of_version_1(written: Path) -> None:
    # These names are a promise to whoever reads the tables: a change needs a new schema version.
    assert (written / "photos.csv").read_text(encoding="utf-8").splitlines()[0] == (
        "path,label,score,threshold,review,reason,error,cracked_share,regions,tiles,width_px,height_px,tile_px,"
        "mm_per_px,sha256,taken,camera,focal_length_mm,latitude,longitude,altitude_m,crs,overlay,"
        "picture_share,scale,map_problem"
    )
    assert (written / "regions.csv").read_text(encoding="utf-8").splitlines()[0] == (
        "path,region,score,left,top,right,bottom,area_px,width_mm,height_mm,area_mm2"
    )
    assert (written / "tiles.csv").read_text(encoding="utf-8").splitlines()[0] == (
        "path,tile_px,left,top,right,bottom,score,label,distance"
    )


def test_millimetres_stand_only_where_the_scale_was_given(written: Path) -> None:
    with_scale, without, _ = rows(written / "regions.csv")
    assert (with_scale["width_mm"], with_scale["height_mm"], with_scale["area_mm2"]) == (
        "50.0",
        "25.0",
        "750.0",
    )
    assert (without["width_mm"], without["height_mm"], without["area_mm2"]) == ("", "", "")
    photos = json.loads((written / "results.json").read_text(encoding="utf-8"))["photos"]
    assert [photo.get("scale") for photo in photos][:3] == ["given by the user", None, "uncalibrated"]


def test_documents_validate_against_the_published_schemas(written: Path) -> None:
    folder = Path(results.__file__).parent / "schemas"
    for name in ("results", "regions"):
        schema = json.loads((folder / f"{name}.v1.schema.json").read_text(encoding="utf-8"))
        suffix = "json" if name == "results" else "geojson"
        document = json.loads((written / f"{name}.{suffix}").read_text(encoding="utf-8"))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(document)
        document["surprise"] = 1
        with pytest.raises(jsonschema.ValidationError, match="surprise"):
            jsonschema.Draft202012Validator(schema).validate(document)


def test_geometry_is_the_region_the_camera_or_null(written: Path) -> None:
    found = json.loads((written / "regions.geojson").read_text(encoding="utf-8"))["features"]
    assert [feature["properties"]["position"] for feature in found] == ["camera", "region", "unknown"]
    assert found[0]["geometry"] == {"type": "Point", "coordinates": [8.5, 47.5]}
    assert found[1]["geometry"]["type"] == "Polygon"
    assert found[1]["properties"]["crs"] == "EPSG:2056"
    assert found[2]["geometry"] is None
    assert found[2]["properties"]["box_ltrb_px"] == [10, 20, 110, 70]


def test_a_report_comes_back_from_json_as_it_was() -> None:
    for report in (REPORT, PLACED):
        text = json.dumps(report_to_json(report))
        assert report_from_json(json.loads(text), report.path) == report


def test_a_failure_while_writing_leaves_the_old_results_whole(written: Path) -> None:
    before = {path.name: path.read_bytes() for path in written.iterdir()}

    def breaks() -> Iterator[ScanOutcome]:
        yield REPORT
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match="No space left"):
        write_results(written, breaks(), HEADER)
    assert {path.name: path.read_bytes() for path in written.iterdir()} == before
