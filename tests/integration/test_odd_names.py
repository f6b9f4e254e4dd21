"""Names, folders and systems as they are found in the field: every photo has its row under its own name."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.cli.app import app
from crackscope.inference.find_photos import find_photos
from crackscope.records import Failure
from tests.helpers.bundles import write_tiny_bundle
from tests.unit.scanning.conftest import save_wall

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows does not allow these names")
NAMES = [
    "new\nline", "per%20cent%s", "brackets [1] {a} (b)", "quotes ' \" `", "=1+1", "+1", "-rf", "@SUM(A1)",
    "comma, semicolon; tab\t", "#hash?query&x=1", "a" * 246, "ü" * 120, "😀" * 60, " blanks ", "Case", "case",
    "CON", "back\\slash", "a:b|c*d<e>",
]  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_tiny_bundle(tmp_path_factory.mktemp("names"), patch_px=64, calibration_scale=4.0)


def scan(bundle: Bundle, inputs: list[Path | str], output: Path) -> list[dict[str, str]]:
    scanner = CrackScanner.load(bundle.folder, settings=ScanSettings(tile_px=64), jobs=1)
    scanner.scan_paths(inputs, output=output)
    with (output / "photos.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@POSIX
def test_every_name_has_a_row_an_overlay_and_its_own_path(bundle: Bundle, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for number, name in enumerate(NAMES):
        save_wall(photos / f"{name}.png", 80 + number, 80)
    rows = scan(bundle, [photos], tmp_path / "out")
    documents = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["photos"]
    assert sorted(document["path"] for document in documents) == sorted(
        str(path) for path in photos.iterdir()
    )
    assert [row["error"] for row in rows] == [""] * len(NAMES)
    assert (tmp_path / "out" / "photos.csv").read_text("utf-8").count("\n") == len(NAMES) + 1
    overlays = {row["overlay"] for row in rows}
    assert len(overlays) == len(NAMES)
    for overlay in overlays:
        assert (tmp_path / "out" / overlay).is_file()
        assert len(Path(overlay).name.encode()) <= 255
        assert not set(overlay) & set('\n\t%#?<>:"\\|*')


@POSIX
@pytest.mark.parametrize("name", ["=1+1.png", "+1.png", "-rf.png", "@SUM(A1).png"])
def test_a_name_that_a_spreadsheet_would_run_still_names_its_file(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    save_wall(tmp_path / name, 80, 80)
    monkeypatch.chdir(tmp_path)
    (row,) = scan(bundle, [name], tmp_path / "out")
    assert row["path"] == f"./{name}"
    assert Path(row["path"]).samefile(tmp_path / name)
    (document,) = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))["photos"]
    assert document["path"] == name
    arguments = ["predict", "--model", str(bundle.folder), "--format", "csv", "--", name]
    ran = CliRunner().invoke(app, arguments)
    assert f"\n./{name}," in ran.stdout


def test_what_systems_keep_beside_photos_is_left_out_and_named_where_asked_for(
    bundle: Bundle, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    save_wall(photos / "a.png", 80, 80)
    double = b"\0\x05\x16\x07\0\2\0\0Mac OS X" + bytes(100)
    (photos / "._a.png").write_bytes(double)
    (photos / "__MACOSX").mkdir()
    (photos / "__MACOSX" / "a.png").write_bytes(double)
    (photos / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100))
    assert list(find_photos([str(photos)])) == [str(photos / "a.png")]
    named = [photos / "a.png", photos / "._a.png", photos / "Thumbs.db"]
    errors = [row["error"] for row in scan(bundle, list(named), tmp_path / "out")]
    assert errors[0] == ""
    assert "macOS" in errors[1]
    assert "Thumbs.db" in errors[2]


@POSIX
def test_links_are_followed_and_loops_end(tmp_path: Path) -> None:
    save_wall(tmp_path / "photos" / "a.png", 80, 80)
    (tmp_path / "photos" / "loop").symlink_to(tmp_path / "photos")
    (tmp_path / "photos" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    found = list(find_photos([str(tmp_path / "photos")]))
    assert [item.error for item in found if isinstance(item, Failure)] == [
        "a folder loop: this link leads back to a folder that it lies in"
    ]
    assert [Path(item).name for item in found if isinstance(item, str)] == ["a.png", "gone.png"]


def test_folders_inside_each_other_without_end_are_a_row(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * 400)
    deep.mkdir(parents=True)
    (found,) = find_photos([str(tmp_path)])
    assert isinstance(found, Failure)
    assert "folders inside each other" in found.error


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_a_folder_without_read_permission_is_a_row(tmp_path: Path) -> None:
    save_wall(tmp_path / "a.png", 80, 80)
    (tmp_path / "locked").mkdir(mode=0)
    found = list(find_photos([str(tmp_path)]))
    assert [isinstance(item, Failure) for item in found] == [False, True]


def command(bundle: Bundle, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "crackscope", *arguments, "--model", str(bundle.folder)]


@pytest.mark.slow
def test_a_home_that_can_not_be_written_is_no_matter(bundle: Bundle, tmp_path: Path) -> None:
    save_wall(tmp_path / "a.png", 80, 80)
    # Not even root can make a folder there.
    home = {**os.environ, "HOME": "/dev/null/home", "XDG_CACHE_HOME": "/dev/null/cache"}
    scanned = command(bundle, "scan", str(tmp_path / "a.png"), "-o", str(tmp_path / "out"))
    for each in (scanned, command(bundle, "predict", str(tmp_path / "a.png"))):
        done = subprocess.run(each, env=home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert "telemetry" not in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_behind_standard_output_is_a_clear_error(bundle: Bundle, tmp_path: Path) -> None:
    save_wall(tmp_path / "a.png", 80, 80)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(bundle, "predict", str(tmp_path / "a.png")),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
