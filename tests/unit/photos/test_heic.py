"""Photos of phones: HEIC files made by pillow-heif, scanned as they are."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from crackscope import CrackScanner, ScanSettings
from crackscope.bundle import Bundle
from crackscope.photos.metadata import read_header
from tests.unit.scanning.conftest import wall

pillow_heif = pytest.importorskip("pillow_heif")


def save_heic(path: Path, *, orientation: int = 1) -> Path:
    """320 x 200 upright, dark at the bottom left; as a phone writes it, with place and time."""
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Apple", "iPhone 15"
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2025:03:04 05:06:07"
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitude: (47.0, 30.0, 0.0),
            ExifTags.GPS.GPSLatitudeRef: "N",
            ExifTags.GPS.GPSLongitude: (8.0, 15.0, 0.0),
            ExifTags.GPS.GPSLongitudeRef: "E",
        }
    )
    pixels = wall(200, 320, (0, 104, 96, 200))
    if orientation == 6:  # turned clockwise to be seen upright
        pixels = np.ascontiguousarray(np.rot90(pixels))
    Image.fromarray(pixels).save(path, format="HEIF", quality=95, exif=exif.tobytes())
    assert path.read_bytes()[4:8] == b"ftyp"
    return path


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_heic_photo_is_scanned_upright_with_its_place(
    dark_bundle: Bundle, tmp_path: Path, orientation: int
) -> None:
    path = save_heic(tmp_path / "IMG_0001.HEIC", orientation=orientation)
    scanner = CrackScanner.load(dark_bundle.folder, settings=ScanSettings(tile_px=64), jobs=1)
    summary = scanner.scan_paths([tmp_path], output=tmp_path.parent / f"out-{orientation}")
    assert (summary.photos, summary.positive) == (1, 1)
    report = scanner.scan(path)
    header = read_header(path, 10**9)
    assert header is not None
    assert report.photo_hw == header.photo_hw == (200, 320)
    (region,) = report.regions
    assert np.abs(np.subtract(region.box_ltrb, (0, 104, 96, 200))).max() <= 16
    found = report.metadata
    assert (found.latitude, found.longitude) == (47.5, 8.25)
    assert (found.camera, found.taken) == ("Apple iPhone 15", "2025-03-04T05:06:07")


def test_without_the_extra_the_row_says_what_to_install(
    dark_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crackscope import images

    path = save_heic(tmp_path / "a.heic")
    # Pillow forgets no opener that was once registered.
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.setattr(images, "_formats", lambda: ("JPEG", "PNG"))
    summary = CrackScanner.load(dark_bundle.folder, jobs=1).scan_paths([path], output=tmp_path / "out")
    assert "crackscope[heic]" in summary.failures[0].error
