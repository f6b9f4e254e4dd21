from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.dataset.copies import copies_that_differ, copy_numbers
from crackscope.dataset.discover import discover
from crackscope.dataset.fingerprints import fingerprint_photo, fingerprint_photos
from crackscope.dataset.records import Fingerprint
from tests.unit.dataset.photos import noise, save


def numbers(folder: Path, *names: str) -> list[int]:
    return copy_numbers([fingerprint_photo(folder, name) for name in names])


def test_exact_and_recompressed_photos_are_copies_and_others_are_not(tmp_path: Path) -> None:
    save(noise(1, side_px=227), tmp_path / "a.jpg", quality=95)
    save(noise(2, side_px=227), tmp_path / "b.jpg", quality=95)
    save(noise(1, side_px=227), tmp_path / "c.jpg", quality=60)
    (tmp_path / "d.jpg").write_bytes((tmp_path / "b.jpg").read_bytes())
    assert numbers(tmp_path, "a.jpg", "b.jpg", "c.jpg", "d.jpg") == [0, 1, 0, 1]


def test_flat_patches_of_different_grey_are_no_copies(tmp_path: Path) -> None:
    # Their hashes are the same: no pixel is darker than its neighbour.
    for level in (60, 66, 200):
        save(Image.new("L", (227, 227), level), tmp_path / f"{level}.png")
    assert numbers(tmp_path, "60.png", "66.png", "200.png") == [0, 1, 2]


def test_copies_of_copies_are_one_group(tmp_path: Path) -> None:
    base = np.asarray(noise(1, side_px=200)).astype(np.int16)
    for step in range(4):
        shifted = np.clip(base + 2 * step, 0, 255).astype(np.uint8)
        save(Image.fromarray(shifted), tmp_path / f"{step}.png")
    assert numbers(tmp_path, "0.png", "3.png") == [0, 1]
    assert numbers(tmp_path, "0.png", "1.png", "2.png", "3.png") == [0, 0, 0, 0]


def test_unreadable_files_stand_alone() -> None:
    broken = [Fingerprint(path=name, sha256="0" * 64, error="damaged") for name in ("a", "b")]
    assert copy_numbers(broken) == [0, 1]
    assert copy_numbers([]) == []


def test_groups_of_copies_that_differ_ignore_missing_values() -> None:
    assert copies_that_differ([0, 0, 2, 2, 4, 4], ["x", "y", "x", "x", "x", None]) == [[0, 1]]


@pytest.mark.slow
def test_metu_falls_into_pairs_and_triples_of_copies(real_data: Path) -> None:
    dataset = discover([real_data / "metu"])
    fingerprints = fingerprint_photos(dataset)
    assert all(one.error is None for one in fingerprints)
    _, sizes = np.unique(copy_numbers(fingerprints), return_counts=True)
    # Nothing is joined into a large group by chance.
    assert sizes.max() == 3
    assert sizes[sizes > 1].sum() == pytest.approx(5653, abs=10)
