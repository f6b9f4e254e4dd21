from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crackscope.errors import NoPhotosError
from studies.pretraining.images import STORED_PX, group_of, held_out, list_images, open_pools


def _photo(path: Path, grey: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 30), (grey, grey, grey)).save(path)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for number in range(1, 5000, 400):
        _photo(tmp_path / "data" / "metu" / "Negative" / f"{number:05}.png", number % 200)
    for photo in range(12):
        _photo(tmp_path / "data" / "sdnet2018" / "W" / "CW" / f"{7000 + photo}-1.png", photo)
    _photo(tmp_path / "data" / "bridge" / "Positive" / "IMG_1_2_3.png", 255)
    return tmp_path / "data"


def test_the_two_copies_of_a_metu_patch_share_a_group() -> None:
    assert group_of("metu", "Positive/00123.jpg") == group_of("metu", "Positive/05623.jpg")


def test_sdnet_patches_are_grouped_by_photo() -> None:
    assert group_of("sdnet2018", "W/CW/7069-12.jpg") == group_of("sdnet2018", "W/UW/7069-104.jpg") == "7069"


def test_bridge_patches_are_grouped_by_photo() -> None:
    assert group_of("bridge", "Positive/IMG_0482_1_15.jpg") == group_of("bridge", "Negative/IMG_0482_9_1.jpg")


@pytest.mark.parametrize(("source", "share"), [("metu", 0.2), ("sdnet2018", 0.5), ("caltech101", 0.2)])
def test_about_the_stated_share_of_groups_is_held_out(source: str, share: float) -> None:
    names = {"metu": "{:05}.jpg", "sdnet2018": "{}-1.jpg", "caltech101": "chair/{}.jpg"}[source]
    count = 5500 if source == "metu" else 1000
    found = np.mean([held_out(source, names.format(number)) for number in range(1, count + 1)])
    # METU has 22 groups only.
    assert found == pytest.approx(share, abs=0.12 if source == "metu" else 0.04)


def test_no_held_out_photo_reaches_a_pool(data: Path, tmp_path: Path) -> None:
    counts = {pool.source: len(pool.pixels_nhwc) for pool in open_pools(data, tmp_path / "cache")}
    seen = {
        source: sum(not held_out(source, name) for name in list_images(data / source)) for source in counts
    }
    assert counts == seen
    assert 0 < counts["sdnet2018"] < 12


def test_photos_of_other_licences_are_never_read(data: Path, tmp_path: Path) -> None:
    pools = open_pools(data, tmp_path / "cache")
    assert [pool.source for pool in pools] == ["metu", "sdnet2018"]
    assert all(pool.pixels_nhwc.max() < 255 for pool in pools)


def test_pixels_are_stored_once_and_read_in_place(data: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    calls: list[tuple[int, int | None]] = []
    first = open_pools(data, cache, progress=lambda done, total: calls.append((done, total)))
    read = len(calls)
    again = open_pools(data, cache, progress=lambda done, total: calls.append((done, total)))
    assert len(calls) == read > 0
    assert again[0].pixels_nhwc.shape[1:] == (STORED_PX, STORED_PX, 3)
    np.testing.assert_array_equal(first[0].pixels_nhwc, again[0].pixels_nhwc)
    assert isinstance(again[0].pixels_nhwc, np.memmap)


def test_a_new_photo_makes_a_new_store(data: Path, tmp_path: Path) -> None:
    before = len(open_pools(data, tmp_path / "cache")[0].pixels_nhwc)
    number = next(n for n in range(1, 5000) if n % 400 != 1 and not held_out("metu", f"Negative/{n:05}.png"))
    _photo(data / "metu" / "Negative" / f"{number:05}.png", 7)
    assert len(open_pools(data, tmp_path / "cache")[0].pixels_nhwc) == before + 1


def test_a_folder_without_concrete_is_refused(tmp_path: Path) -> None:
    _photo(tmp_path / "caltech101" / "chair" / "1.png", 9)
    with pytest.raises(NoPhotosError, match="metu, sdnet2018, caltech101"):
        open_pools(tmp_path, tmp_path / "cache")
