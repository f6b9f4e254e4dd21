from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.inspection.records import Region
from crackscope.reporting.pictures import LONGEST_PX, SHORTEST_PX, TOTAL_PIXELS, draw_picture, longest_side_px
from crackscope.reporting.records import PhotoEntry, Report


def _pixels(jpeg: bytes | None) -> np.ndarray:
    assert jpeg is not None
    with Image.open(io.BytesIO(jpeg)) as image:
        return np.asarray(image.convert("L")).astype(int)


def test_regions_are_drawn_where_they_are(tmp_path: Path) -> None:
    file = tmp_path / "wall.png"
    Image.new("RGB", (1000, 500), (128, 128, 128)).save(file)
    region = Region(number=1, box_ltrb=(400, 200, 600, 400), score=0.9, area_px=1)
    photo = PhotoEntry(number=1, name="", file=file, photo_hw=(500, 1000), regions=(region,))
    picture = draw_picture(photo, 500)
    assert picture.size_wh == (500, 250)
    changed = np.abs(_pixels(picture.jpeg) - 128) > 60
    rows, columns = np.nonzero(changed)
    # The number stands above the box.
    assert (columns.min(), columns.max()) == pytest.approx((200, 299), abs=2)
    assert 75 <= rows.min() < 98
    assert rows.max() == pytest.approx(199, abs=2)
    assert not changed[110:190, 210:290].any()


def test_a_turned_photo_is_upright_and_its_regions_with_it(tmp_path: Path) -> None:
    file = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (800, 400), (200, 200, 200)).save(file, exif=exif)
    region = Region(number=1, box_ltrb=(0, 700, 100, 800), score=0.9, area_px=1)
    photo = PhotoEntry(number=1, name="", file=file, photo_hw=(800, 400), regions=(region,))
    picture = draw_picture(photo, 1400)
    assert picture.size_wh == (400, 800)
    assert _pixels(picture.jpeg)[790:, :20].min() < 60


def test_another_file_in_the_photo_s_place_is_not_shown(report: Report, tmp_path: Path) -> None:
    photo = report.photos[0]
    impostor = tmp_path / "pier.jpg"
    Image.new("RGB", (640, 480), "red").save(impostor)
    picture = draw_picture(replace(photo, file=impostor), 400)
    assert (picture.jpeg, picture.problem) == (None, "changed")


def test_the_scan_s_own_picture_stands_in_for_a_photo_that_is_gone(report: Report, tmp_path: Path) -> None:
    drawn = tmp_path / "overlay.jpg"
    Image.new("RGB", (900, 300), "blue").save(drawn)
    picture = draw_picture(replace(report.photos[5], drawn=drawn), 300)
    assert picture.problem == "missing"
    assert picture.size_wh == (300, 100)
    assert _pixels(picture.jpeg).shape == (100, 300)


def test_a_damaged_photo_says_so(tmp_path: Path) -> None:
    file = tmp_path / "bad.jpg"
    file.write_bytes(b"\xff\xd8\xff no photo")
    assert draw_picture(PhotoEntry(number=1, name="", file=file), 300).problem == "unreadable"
    assert draw_picture(PhotoEntry(number=1, name="", file=tmp_path), 300).problem in (
        "unreadable",
        "missing",
    )
    assert draw_picture(PhotoEntry(number=1, name=""), 300).problem == "missing"


def test_many_photos_are_shown_smaller_so_that_all_together_stay_within_bounds() -> None:
    assert longest_side_px(1) == LONGEST_PX
    sides = [longest_side_px(count) for count in (1, 50, 200, 500, 1000, 10_000)]
    assert sides == sorted(sides, reverse=True)
    assert sides[-1] == SHORTEST_PX
    assert 500 * longest_side_px(500) ** 2 * 3 / 4 <= TOTAL_PIXELS
