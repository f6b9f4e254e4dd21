"""``crackscope scan`` as its users run it: folders, bad files, interruptions, odd outputs."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.cli.app import app
from crackscope.errors import NoPhotosError, OutputError
from crackscope.scanning.journal import JOURNAL_NAME
from tests.helpers.bundles import change_config, write_tiny_bundle
from tests.unit.scanning.conftest import save_wall

TABLES = ("photos.csv", "regions.csv", "tiles.csv", "results.json", "regions.geojson")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    folder = tmp_path_factory.mktemp("folder-scan") / "dark"
    return write_tiny_bundle(folder, patch_px=64, calibration_scale=4.0)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    save_wall(folder / "b.png", 200, 300, (96, 96, 192, 192))
    save_wall(folder / "a.png", 200, 300)
    save_wall(folder / "north" / "größe ü.png", 260, 200, (0, 0, 100, 100))
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("not a photo")
    return folder


def scanner(bundle: Bundle, jobs: int = 2) -> CrackScanner:
    return CrackScanner.load(bundle.folder, settings=ScanSettings(tile_px=64), jobs=jobs)


def contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != JOURNAL_NAME]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_folder_gives_tables_and_overlays_in_path_order(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    summary = scanner(bundle).scan_paths([photos], output=tmp_path / "out")
    table = rows(tmp_path / "out" / "photos.csv")
    assert [Path(row["path"]).name for row in table] == ["a.png", "b.png", "empty.jpg", "größe ü.png"]
    assert [row["label"] for row in table] == ["Negative", "Positive", "", "Positive"]
    assert table[2]["error"] == "the file is empty"
    assert (summary.photos, summary.positive, len(summary.failures)) == (4, 2, 1)
    overlays = [tmp_path / "out" / row["overlay"] for row in table if row["overlay"]]
    assert len(overlays) == 3
    for overlay in overlays:
        with Image.open(overlay) as picture:
            assert max(picture.size) >= 900
    assert set(TABLES) <= {path.name for path in (tmp_path / "out").iterdir()}


def test_the_command_and_the_scanner_write_the_same_bytes_with_any_number_of_jobs(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    for name, jobs in (("one", 1), ("three", 3)):
        scanner(bundle, jobs).scan_paths([photos], output=tmp_path / name)
    arguments = ["scan", str(photos), "--output", str(tmp_path / "cli"), "--model", str(bundle.folder)]
    ran = CliRunner().invoke(app, [*arguments, "--tile-px", "64"])
    assert ran.exit_code == 0, ran.output
    assert contents(tmp_path / "one") == contents(tmp_path / "three") == contents(tmp_path / "cli")


def test_one_photo_by_path_is_the_row_of_the_folder(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    scanner(bundle).scan_paths([photos / "b.png"], output=tmp_path / "out")
    report = scanner(bundle).scan(photos / "b.png")
    (row,) = rows(tmp_path / "out" / "photos.csv")
    assert (row["score"], row["sha256"]) == (str(report.score), report.sha256)
    assert scanner(bundle).scan(np.asarray(Image.open(photos / "b.png"))).score == report.score


def test_a_second_run_does_nothing_again(
    bundle: Bundle, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner(bundle).scan_paths([photos], output=tmp_path / "out")
    before = contents(tmp_path / "out")
    again = scanner(bundle)
    monkeypatch.setattr(again.classifier, "infer", lambda images: pytest.fail("a finished photo was scanned"))
    summary = again.scan_paths([photos], output=tmp_path / "out")
    assert summary.reused == 3
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("change", ["content", "settings", "engine", "cells", "overlay lost", "fresh"])
def test_what_changed_is_done_again(bundle: Bundle, photos: Path, tmp_path: Path, change: str) -> None:
    scanner(bundle).scan_paths([photos], output=tmp_path / "out")
    settings, engine = ScanSettings(tile_px=64), "onnxruntime"
    if change == "content":
        save_wall(photos / "a.png", 200, 300, (0, 0, 128, 128))
    elif change == "settings":
        settings = ScanSettings(tile_px=64, overlap=0.25)
    elif change == "engine":
        pytest.importorskip("openvino")
        engine = "openvino"
    elif change == "cells":
        copy = Bundle(Path(shutil.copytree(bundle.folder, tmp_path / "model")), bundle.config)
        bundle = change_config(copy, cells=replace(bundle.config.cells, bias=0.0))
    elif change == "overlay lost":
        next((tmp_path / "out" / "overlays").glob("a-*.jpg")).unlink()
    other = CrackScanner.load(bundle.folder, settings=settings, jobs=1, engine=engine)
    summary = other.scan_paths([photos], output=tmp_path / "out", fresh=change == "fresh")
    assert summary.reused == {"content": 2, "overlay lost": 2}.get(change, 0)
    other.scan_paths([photos], output=tmp_path / "clean")
    assert {name: contents(tmp_path / "out")[name] for name in TABLES} == {
        name: contents(tmp_path / "clean")[name] for name in TABLES
    }


def test_photos_that_moved_are_not_done_again(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    scanner(bundle).scan_paths([photos], output=tmp_path / "out")
    photos.rename(tmp_path / "moved")
    assert scanner(bundle).scan_paths([tmp_path / "moved"], output=tmp_path / "out").reused == 3
    paths = [Path(row["path"]) for row in rows(tmp_path / "out" / "photos.csv")]
    assert all(path.is_relative_to(tmp_path / "moved") for path in paths)


def test_an_output_inside_the_input_is_refused_before_anything_is_written(
    bundle: Bundle, photos: Path
) -> None:
    for output in (photos, photos / "results"):
        with pytest.raises(OutputError, match="lies in the data folder"):
            scanner(bundle).scan_paths([photos], output=output)
    assert not (photos / "results").exists()


def test_results_of_other_scans_are_not_taken_for_photos(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    scanner(bundle).scan_paths([photos / "b.png"], output=photos / "old results")
    summary = scanner(bundle).scan_paths([photos], output=tmp_path / "out")
    assert summary.photos == 4


def test_an_output_that_holds_the_photos_does_not_hide_them_from_the_second_run(
    bundle: Bundle, photos: Path
) -> None:
    for reused in (0, 3):
        assert scanner(bundle).scan_paths([photos], output=photos.parent).reused == reused


def test_nothing_to_scan_is_an_error(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    with pytest.raises(NoPhotosError, match="no photo found"):
        scanner(bundle).scan_paths([tmp_path / "void"], output=tmp_path / "out")


def test_a_missing_file_is_a_row(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    summary = scanner(bundle).scan_paths([photos / "gone.jpg", photos / "a.png"], output=tmp_path / "out")
    assert [Path(failure.path).name for failure in summary.failures] == ["gone.jpg"]
    assert "no such file" in summary.failures[0].error


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Makes a real file system in memory with mount options; only root may."""
    folders: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk-{len(folders)}"
        folder.mkdir()
        if shutil.which("mount") is None or os.name == "nt":
            pytest.skip("no mount here")
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip("may not mount a file system here")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", str(folder)], check=True)


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.name != JOURNAL_NAME]


@pytest.mark.slow
@pytest.mark.parametrize("kb", [20, 90, 165])
def test_a_disk_that_is_full_is_a_clear_error_and_the_scan_goes_on_when_there_is_room(
    bundle: Bundle, tmp_path: Path, mounted: Callable[[str], Path], kb: int
) -> None:
    """No room for the first overlay, for the third, for the tables."""
    for number in range(4):
        save_wall(tmp_path / "photos" / f"{number}.png", 200, 300, (96, 96, 130 + 20 * number, 192))
    disk = mounted("size=1m")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes((1024 - kb) << 10))
    command = [sys.executable, "-m", "crackscope", "scan", str(tmp_path / "photos"), "--tile-px", "64"]
    command += ["--model", str(bundle.folder), "--output", str(disk / "out")]
    full = subprocess.run(command, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert "No space left on device" in full.stderr
    assert "Traceback" not in full.stderr
    assert not leftovers(disk / "out")
    assert not (disk / "out" / "photos.csv").exists()
    finished = (disk / "out" / JOURNAL_NAME).read_bytes().count(b"\n")
    ballast.unlink()
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert ("finished earlier" in again.stdout) == (finished > 0)
    scanner(bundle).scan_paths([tmp_path / "photos"], output=tmp_path / "clean")
    assert contents(disk / "out") == contents(tmp_path / "clean")


@pytest.mark.skipif(os.name == "nt", reason="no limit on the size of files here")
def test_a_limit_on_the_size_of_files_is_a_clear_error(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    """As a quota does it; needs no rights."""
    code = (
        "import resource, signal\n"
        "from crackscope.cli import main\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, "scan", str(photos), "--tile-px", "64", "--overlap", "0.8"]
    command += ["--model", str(bundle.folder), "--output", str(tmp_path / "out"), "--no-overlays"]
    full = subprocess.run(command, capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert "cannot write" in full.stderr
    assert "Traceback" not in full.stderr
    assert not leftovers(tmp_path / "out")
    assert not (tmp_path / "out" / "photos.csv").exists()
    settings = ScanSettings(tile_px=64, overlap=0.8)
    for name in ("out", "clean"):
        CrackScanner.load(bundle.folder, settings=settings, jobs=2).scan_paths(
            [photos], output=tmp_path / name, overlays=False
        )
    assert contents(tmp_path / "out") == contents(tmp_path / "clean")


def test_a_read_only_output_is_a_clear_error(
    bundle: Bundle, photos: Path, mounted: Callable[[str], Path]
) -> None:
    disk = mounted("size=1m,ro")
    for output in (disk, disk / "out"):
        with pytest.raises(OutputError, match="cannot write"):
            scanner(bundle).scan_paths([photos], output=output)


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere"
)
def test_an_output_without_the_right_to_write_is_a_clear_error(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="cannot write"):
        scanner(bundle).scan_paths([photos], output=tmp_path / "locked" / "out")


def test_strict_exits_1_where_a_photo_failed(bundle: Bundle, photos: Path, tmp_path: Path) -> None:
    arguments = ["scan", str(photos), "-o", str(tmp_path / "out"), "--model", str(bundle.folder)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert CliRunner().invoke(app, [*arguments, "--strict"]).exit_code == 1


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_scan_killed_at_any_time_goes_on_to_the_same_bytes(bundle: Bundle, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    rng = np.random.default_rng(3)
    for number in range(30):
        folder.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (300, 400, 3), np.uint8)).save(folder / f"{number:02}.png")
    command = [sys.executable, "-m", "crackscope", "scan", str(folder), "--model", str(bundle.folder)]
    command += ["--tile-px", "64", "--overlap", "0.8", "--jobs", "1", "--output"]
    journal = tmp_path / "killed" / JOURNAL_NAME
    for least in (1, 8, 16):
        process = subprocess.Popen([*command, str(tmp_path / "killed")], stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if journal.exists() and journal.read_bytes().count(b"\n") >= least:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (tmp_path / "killed" / "photos.csv").exists(), "killed too late to test anything"
        finished = journal.read_bytes().count(b"\n")
        assert finished >= least
    ended = subprocess.run([*command, str(tmp_path / "killed")], capture_output=True, text=True, check=True)
    assert "finished earlier" in ended.stdout
    subprocess.run([*command, str(tmp_path / "whole")], capture_output=True, check=True)
    assert contents_without_leftovers(tmp_path / "killed") == contents(tmp_path / "whole")
    assert len(json.loads((tmp_path / "whole" / "results.json").read_text("utf-8"))["photos"]) == 30


def contents_without_leftovers(folder: Path) -> dict[str, bytes]:
    """A kill may leave a hidden temporary file; it is no result."""
    return {name: data for name, data in contents(folder).items() if not Path(name).name.startswith(".")}


def test_a_page_lies_beside_the_results_unless_it_is_not_wanted(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    words = ["scan", str(photos), "-m", str(bundle.folder), "-o", str(tmp_path / "out"), "--tile-px", "64"]
    shown = CliRunner().invoke(app, words)
    assert "begin with index.html" in shown.stdout
    before = contents(tmp_path / "out")
    assert b"north/gr\xc3\xb6\xc3\x9fe \xc3\xbc.png" in before.pop("index.html")
    plain = CliRunner().invoke(app, [*words, "--no-index"])
    assert "index.html" not in plain.stdout
    assert contents(tmp_path / "out") == before


def test_places_of_a_scan_are_exported_and_labels_only_when_asked_for(
    bundle: Bundle, photos: Path, tmp_path: Path
) -> None:
    scanner(bundle).scan_paths([photos], output=tmp_path / "out")
    places, labels = tmp_path / "places.csv", tmp_path / "labels.json"
    done = CliRunner().invoke(app, ["export-places", str(tmp_path / "out"), "-o", str(places)])
    assert done.exit_code == 0, done.output
    assert [row["path"] for row in rows(places)] == ["b.png", "north/größe ü.png"]
    refused = CliRunner().invoke(app, ["export-labels", str(tmp_path / "out"), "-o", str(labels)])
    assert "nobody has reviewed it" in str(refused.exception)
    words = ["export-labels", str(tmp_path / "out"), "-o", str(labels), "--unreviewed"]
    assert "left out: empty.jpg: not scanned" in CliRunner().invoke(app, words).stderr
    words = ["data", "tiles", str(photos), str(labels), str(tmp_path / "tiles"), "--size", "64"]
    done = CliRunner().invoke(app, words)
    assert "3 photos" in done.stdout, done.output
