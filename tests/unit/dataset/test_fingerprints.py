from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.dataset.discover import discover
from crackscope.dataset.fingerprints import fingerprint_photo, fingerprint_photos
from tests.unit.dataset.photos import make_classes, noise, save


def bits_apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def test_hash_says_where_levels_rise_to_the_right(tmp_path: Path) -> None:
    ramp = np.repeat(np.linspace(0, 255, 170).astype(np.uint8)[None, :], 160, axis=0)
    save(Image.fromarray(ramp), tmp_path / "rise.png")
    save(Image.fromarray(ramp[:, ::-1]), tmp_path / "fall.png")
    assert fingerprint_photo(tmp_path, "rise.png").dhash == b"\xff" * 32
    assert fingerprint_photo(tmp_path, "fall.png").dhash == b"\x00" * 32


def test_sizes_colours_and_sha256_are_those_of_the_file(tmp_path: Path) -> None:
    pixels = np.zeros((30, 40, 3), dtype=np.uint8)
    pixels[:, :, 0] = 200
    pixels[:15, :, 1] = 100
    path = save(Image.fromarray(pixels), tmp_path / "a.png")
    found = fingerprint_photo(tmp_path, "a.png")
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.size_hw == (30, 40)
    assert found.mean_rgb == pytest.approx((200, 50, 0))
    assert found.std_rgb == pytest.approx((0, 50, 0))
    assert found.error is None


def test_size_is_the_upright_one(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    save(noise(1).resize((60, 40)), tmp_path / "turned.jpg", exif=exif)
    assert fingerprint_photo(tmp_path, "turned.jpg").size_hw == (60, 40)


def test_compressing_again_or_enlarging_changes_few_bits_and_another_photo_many(tmp_path: Path) -> None:
    save(noise(1, side_px=227), tmp_path / "a.jpg", quality=95)
    save(noise(1, side_px=227), tmp_path / "b.jpg", quality=40)
    save(noise(1, side_px=800), tmp_path / "c.png")
    save(noise(2, side_px=227), tmp_path / "d.jpg")
    a, b, c, d = (fingerprint_photo(tmp_path, name).dhash for name in ("a.jpg", "b.jpg", "c.png", "d.jpg"))
    assert bits_apart(a, b) <= 12
    assert bits_apart(a, c) <= 12
    assert bits_apart(a, d) > 64


def test_files_that_cannot_be_used_get_an_error_and_the_rest_goes_on(tmp_path: Path) -> None:
    make_classes(tmp_path, 3)
    (tmp_path / "Positive" / "empty.jpg").write_bytes(b"")
    (tmp_path / "Positive" / "text.jpg").write_text("not an image", encoding="utf-8")
    whole = save(noise(9), tmp_path / "Negative" / "cut.jpg").read_bytes()
    (tmp_path / "Negative" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    dataset = discover([tmp_path])
    (tmp_path / "Negative" / "00001.png").unlink()
    found = fingerprint_photos(dataset)
    assert [one.path for one in found] == [photo.path for photo in dataset.photos]
    errors = {one.path: one.error for one in found if one.error is not None}
    assert errors.keys() == {
        "Positive/empty.jpg",
        "Positive/text.jpg",
        "Negative/cut.jpg",
        "Negative/00001.png",
    }
    assert errors["Positive/empty.jpg"] == "the file is empty"
    assert errors["Negative/00001.png"] == "No such file or directory" or sys.platform == "win32"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_file_name_that_is_not_unicode_is_an_error_of_that_file(tmp_path: Path) -> None:
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    save(noise(1), tmp_path / name)
    assert "rename the file" in str(fingerprint_photo(tmp_path, name).error)


def test_threads_and_order_do_not_change_the_result(tmp_path: Path) -> None:
    dataset = discover([make_classes(tmp_path, 70)])
    calls: list[tuple[int, int | None]] = []
    many = fingerprint_photos(dataset, jobs=4, progress=lambda done, total: calls.append((done, total)))
    assert many == fingerprint_photos(dataset, jobs=1)
    assert calls == [(64, 140), (128, 140), (140, 140)]
