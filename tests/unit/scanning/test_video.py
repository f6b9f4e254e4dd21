"""Frames of videos."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.errors import SettingsError
from crackscope.scanning.video import video_frames
from tests.unit.scanning.conftest import wall

av = pytest.importorskip("av")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds at 10 frames per second; the wall is dark from 2 s on."""
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        for number in range(40):
            pixels = wall(128, 192, (0, 0, 192, 128)) if number >= 20 else wall(128, 192)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def scanner(bundle: Bundle) -> CrackScanner:
    return CrackScanner.load(bundle.folder, settings=ScanSettings(tile_px=64), jobs=2)


def test_frames_are_taken_at_regular_times(clip: Path) -> None:
    names = [frame.name.rsplit("#", 1)[1] for frame in video_frames(clip, 1.5)]
    assert names == ["t=0", "t=1.5", "t=3"]


def test_each_frame_is_what_is_seen_at_its_time(dark_bundle: Bundle, clip: Path, tmp_path: Path) -> None:
    summary = scanner(dark_bundle).scan_paths([clip], output=tmp_path / "out", every_s=0.5)
    with (tmp_path / "out" / "photos.csv").open(encoding="utf-8", newline="") as stream:
        labels = [row["label"] for row in csv.DictReader(stream)]
    assert labels == ["Negative"] * 4 + ["Positive"] * 4
    assert summary.photos == 8
    assert len(list((tmp_path / "out" / "overlays").glob("clip-*.jpg"))) == 8


def test_a_damaged_video_is_a_row(dark_bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    summary = scanner(dark_bundle).scan_paths([tmp_path / "bad.mp4"], output=tmp_path / "out")
    assert summary.failures[0].error == "not a readable video: Invalid data found when processing input"


def test_without_the_extra_the_row_says_what_to_install(
    dark_bundle: Bundle, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    summary = scanner(dark_bundle).scan_paths([clip], output=tmp_path / "out")
    assert "crackscope[video]" in summary.failures[0].error


def test_times_must_advance(clip: Path) -> None:
    with pytest.raises(SettingsError, match="expected seconds above 0"):
        video_frames(clip, 0)


def test_frames_show_the_right_pixels(clip: Path) -> None:
    frames = video_frames(clip, 1.9)
    for frame, bright in zip(frames, (True, True, False), strict=True):
        with frame.open(lambda hw: hw) as photo:
            mean = photo.source.rows(photo.source.photo_hw, 0, 128).mean()
        assert np.isclose(mean, 250 if bright else 5, atol=6)
