from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from crackscope.errors import DataError
from crackscope.inspection.records import Region as ScannedRegion
from crackscope.labels import Label, ReviewReason
from crackscope.records import Failure
from crackscope.reporting.results_file import ScanResults
from crackscope.scanning.records import PhotoMetadata, PhotoReport
from crackscope.scanning.results import write_results
from crackscope.storage import sha256_file

HEADER: dict[str, Any] = {
    "crackscope_version": "1.2.3",
    "model": {"name": "a model", "sha256": "ab" * 32},
    "settings": {"tile_px": None, "scales": [1.0], "overlap": 0.25, "threshold": 0.5, "mm_per_px": 0.4},
}


def _scan(folder: Path, *paths: str, sha256: str = "cd" * 32) -> Path:
    reports: list[PhotoReport | Failure] = [
        PhotoReport(
            path=path,
            label=Label.POSITIVE,
            score=0.75,
            threshold=0.5,
            reason=ReviewReason.UNCERTAIN,
            sha256=sha256,
            photo_hw=(300, 400),
            tile_px=(60,),
            cracked_share=0.1,
            regions=(ScannedRegion(number=1, box_ltrb=(1, 2, 30, 40), area_px=500, score=0.8),),
            tiles=(),
            mm_per_px=0.4,
            metadata=PhotoMetadata(camera="Canon", taken="2026-01-02T03:04:05", latitude=1.0, longitude=2.0),
            overlay="overlays/a.jpg",
        )
        for path in paths
    ]
    write_results(folder, [*reports, Failure(path="photos/bad.jpg", error="the file is empty")], HEADER)
    return folder


def test_what_a_scan_wrote_is_read(tmp_path: Path) -> None:
    results = ScanResults(_scan(tmp_path, "photos/a.jpg"))
    assert (results.crackscope_version, results.overlaps) == ("1.2.3", (0.25,))
    assert (results.model.name, results.model.sha256) == ("a model", "ab" * 32)
    photo, failure = results.photos
    assert (photo.number, photo.name, photo.label, photo.score) == (1, "a.jpg", Label.POSITIVE, 0.75)
    assert (photo.reason, photo.review_open, photo.worth_showing) == (ReviewReason.UNCERTAIN, True, True)
    assert (photo.photo_hw, photo.tile_px, photo.mm_per_px) == ((300, 400), (60,), 0.4)
    assert (photo.camera, photo.taken, photo.latitude) == ("Canon", "2026-01-02T03:04:05", 1.0)
    assert photo.regions[0].box_ltrb == (1, 2, 30, 40)
    assert (photo.file, photo.drawn) == (Path("photos/a.jpg"), tmp_path / "overlays/a.jpg")
    assert (failure.number, failure.label, failure.error) == (2, None, "the file is empty")
    assert not failure.worth_showing


def test_the_file_itself_can_be_named_instead_of_its_folder(tmp_path: Path) -> None:
    assert ScanResults(_scan(tmp_path, "photos/a.jpg") / "results.json").photos[0].name == "a.jpg"


def test_photos_that_moved_are_found_by_name_and_told_apart_by_content(tmp_path: Path) -> None:
    new = tmp_path / "new"
    for place, grey in (("north/a.jpg", 10), ("south/a.jpg", 20), ("b.jpg", 30)):
        (new / place).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (20, 20), grey).save(new / place)
    digest = sha256_file(new / "south/a.jpg")
    folder = _scan(tmp_path / "results", "gone/a.jpg", "gone/b.jpg", "gone/c.jpg", sha256=digest)
    files = [photo.file for photo in ScanResults(folder, new).photos[:3]]
    assert files == [new / "south/a.jpg", new / "b.jpg", None]


def test_a_folder_of_photos_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere"):
        ScanResults(_scan(tmp_path, "a.jpg"), tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not json", "damaged"),
        ("[]", "schema version None"),
        ('{"schema_version": 2}', "schema version 2; this version reads 1"),
        ('{"schema_version": 1}', "damaged: KeyError"),
        (json.dumps({"schema_version": 1, **HEADER, "photos": [{"path": 3}]}), "damaged"),
        (json.dumps({"schema_version": 1, **HEADER, "photos": 3}), "damaged"),
        (json.dumps({"schema_version": 1, **HEADER, "photos": [{"path": "a", "label": "Maybe"}]}), "damaged"),
    ],
)
def test_damaged_results_are_refused_with_the_reason(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "results.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        ScanResults(tmp_path)


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        ({"width_px": 0}, "a.jpg has no pixels"),
        ({"score": float("nan")}, "no number"),
        ({"mm_per_px": -1}, "-1.0 millimetres per pixel"),
        ({"mm_per_px": float("inf")}, "inf millimetres per pixel"),
        ({"metadata": {"latitude": float("nan"), "longitude": 7.0}}, "no number"),
    ],
)
def test_results_that_no_photo_can_have_are_damaged(
    tmp_path: Path, lie: dict[str, Any], message: str
) -> None:
    path = _scan(tmp_path, "a.jpg") / "results.json"
    document = json.loads(path.read_text())
    document["photos"][0] |= lie
    path.write_text(json.dumps(document))
    with pytest.raises(DataError, match=rf"damaged.*{message}"):
        ScanResults(path)


def test_a_folder_without_results_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected the results of `crackscope scan`"):
        ScanResults(tmp_path)
