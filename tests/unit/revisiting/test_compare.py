"""Two folders of photos compared with the shipped detector."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope.cli.app import app
from crackscope.errors import DataError, OutputError, UnreadablePhotoError
from crackscope.inspection.changes import REASONS, ChangeKind, Comparison, PairedBy
from crackscope.inspection.changes_file import read_comparison
from crackscope.revisiting.pairing import Pairing, distance_m, vote
from crackscope.revisiting.visits import VisitPhoto, read_visit
from tests.unit.revisiting.scenes import crack, view, wall


@pytest.fixture(scope="module")
def dates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``2025`` and ``2026``: a grown crack, a new one, a renamed photo, two other places under one name."""
    folder = tmp_path_factory.mktemp("dates")
    half, whole = crack(wall(1), (60, 180), (210, 180)), crack(wall(1), (60, 180), (420, 180))
    for name, earlier, later in (
        ("pier 1/a", half, whole),
        ("pier 1/b", wall(2), crack(wall(2), (80, 90), (380, 250))),
        ("pier 2/IMG_1", wall(3), wall(4)),
    ):
        _write(folder / "2025" / f"{name}.jpg", view(earlier)[0])
        _write(folder / "2026" / f"{name}.png", view(later, turn_deg=-3, light=0.95)[0])
    _write(folder / "2025" / "old name.jpg", view(crack(wall(5), (60, 60), (400, 300)))[0])
    _write(folder / "2026" / "new <name>.jpg", view(wall(5), turn_deg=-6)[0])
    (folder / "2026" / "broken.jpg").write_bytes(b"no photo")
    return folder


def _write(path: Path, pixels_hwc: np.ndarray) -> None:  # type: ignore[type-arg]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels_hwc).save(path, quality=95)


@pytest.fixture(scope="module")
def results(dates: Path) -> Path:
    words = ["compare-inspections", str(dates / "2025"), str(dates / "2026"), "-o", str(dates / "out")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "3 of 5 later photos compared" in done.stdout
    return dates / "out"


@pytest.fixture(scope="module")
def comparison(results: Path) -> Comparison:
    return read_comparison(results)


def test_photos_are_paired_by_name_and_else_by_what_they_show(comparison: Comparison) -> None:
    pairs = {photo.later: (photo.earlier, photo.paired_by, photo.reason) for photo in comparison.photos}
    assert pairs["pier 1/a.png"] == ("pier 1/a.jpg", PairedBy.NAME, "")
    assert pairs["new <name>.jpg"] == ("old name.jpg", PairedBy.CONTENT, "")
    earlier, by, reason = pairs["pier 2/IMG_1.png"]
    assert (earlier, by) == ("pier 2/IMG_1.jpg", PairedBy.NAME)
    assert reason in REASONS
    assert pairs["broken.jpg"][2] == "unreadable"


def test_a_longer_crack_is_grown_another_new_and_a_lost_one_gone(comparison: Comparison) -> None:
    kinds = {photo.later: {region.kind for region in photo.regions} for photo in comparison.photos}
    assert kinds["pier 1/a.png"] == {ChangeKind.GROWN}
    assert kinds["pier 1/b.png"] == {ChangeKind.NEW}
    assert kinds["new <name>.jpg"] == {ChangeKind.GONE}


def test_the_table_has_every_region_and_every_photo_that_is_not_compared(
    results: Path, comparison: Comparison
) -> None:
    rows = list(csv.DictReader((results / "changes.csv").open(encoding="utf-8")))
    assert [row["later"] for row in rows if row["region"]] == [
        photo.later for photo in comparison.photos for _ in photo.regions
    ]
    refused = [row for row in rows if row["change"] == "not comparable" and not row["region"]]
    assert {row["later"] for row in refused} == {"broken.jpg", "pier 2/IMG_1.png"}
    assert all(row["reason"] in REASONS.values() for row in refused)
    assert float(next(row for row in rows if row["change"] == "grown")["grown_px"]) > 60


def test_the_page_holds_both_pictures_and_no_name_ends_its_script(results: Path) -> None:
    page = (results / "index.html").read_text(encoding="utf-8")
    data = page.split('type="application/json">')[1].split("</script>")[0]
    assert "new \\u003cname>.jpg" in data
    document = json.loads(data)
    assert len(document["pairs"]) == 3
    assert all(picture.startswith("data:image/jpeg;base64,") for picture in document["pairs"][0]["pictures"])
    assert document["head"]["counts"]["gone"] == 1


def test_both_languages_of_the_page_know_every_reason(results: Path) -> None:
    page = (results / "index.html").read_text(encoding="utf-8")
    german = page.split("Was sich verändert hat")[1]
    assert [key for key in REASONS if f"{key}: " not in german] == []


def test_no_output_inside_the_photos(dates: Path) -> None:
    words = ["compare-inspections", str(dates / "2025"), str(dates / "2026"), "-o", str(dates / "2026" / "x")]
    assert isinstance(CliRunner().invoke(app, words).exception, OutputError)


def test_a_scan_is_a_date_too_with_its_scale(dates: Path, tmp_path: Path) -> None:
    words = ["scan", str(dates / "2026"), "-o", str(tmp_path / "scan"), "--mm-per-px", "0.5"]
    done = CliRunner().invoke(app, [*words, "--no-overlays"])
    assert done.exit_code == 0, done.output
    photos = read_visit(tmp_path / "scan")
    assert {photo.name for photo in photos} == {photo.name for photo in read_visit(dates / "2026")}
    assert {photo.mm_per_px for photo in photos if photo.name != "broken.jpg"} == {0.5}
    moved = read_visit(tmp_path / "scan", dates / "2026")
    assert all(photo.file is not None and photo.file.is_file() for photo in moved)


def test_a_damaged_comparison_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text('{"schema_version": 1, "photos": 3}')
    with pytest.raises(DataError, match="compare the inspections again"):
        read_comparison(tmp_path)


def test_metres_between_cameras_also_across_the_180th_meridian() -> None:
    def at(latitude: float | None, longitude: float) -> VisitPhoto:
        return VisitPhoto(name="x", file=None, latitude=latitude, longitude=longitude)

    assert distance_m(at(0, 179.9999), at(0, -179.9999)) == pytest.approx(22.3, abs=0.1)
    assert distance_m(at(47, 8), at(47.0001, 8)) == pytest.approx(11.1, abs=0.1)
    assert distance_m(at(None, 8), at(47, 8)) == float("inf")


def test_a_feature_that_two_photos_share_votes_for_neither() -> None:
    basis = np.eye(128, dtype=np.float32)
    known, owners = np.concatenate([basis[:3], basis[:1]]), np.array([0, 0, 0, 1])
    assert vote(basis[:3], known, owners, 2).tolist() == [2, 0]
    assert vote(basis[:0], known, owners, 2).tolist() == [0, 0]


def test_candidates_come_by_name_then_by_position_each_once() -> None:
    def photo(name: str, north_m: float | None) -> VisitPhoto:
        latitude = None if north_m is None else 47 + north_m / 111_320
        return VisitPhoto(name=name, file=None, latitude=latitude, longitude=None if north_m is None else 8.0)

    def unreadable(photo: VisitPhoto) -> np.ndarray:  # type: ignore[type-arg]
        raise UnreadablePhotoError("gone")

    earlier = [photo("pier/a.jpg", 9), photo("far.jpg", 40), photo("near.jpg", 2), photo("none.jpg", None)]
    found = Pairing(earlier, unreadable).candidates(photo("Pier/A.JPEG", 0))
    assert [(each.name, by) for each, by in found] == [
        ("pier/a.jpg", PairedBy.NAME),
        ("near.jpg", PairedBy.POSITION),
    ]
