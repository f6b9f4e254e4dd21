"""Photos with masks become labelled tiles by the stated rule, and the other commands take the folder."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from crackscope.dataset.discover import discover
from crackscope.dataset.groups import shot_name, source_photo
from crackscope.dataset.manifest import read_manifest
from crackscope.dataset.tiles import TileRule, label_tiles, write_tiles
from crackscope.errors import DataError, NoPhotosError, OutputError
from crackscope.labels import Label

RULE = TileRule(tile_px=64)


def _mask(*lines: tuple[slice, slice, int]) -> np.ndarray:
    mask = np.zeros((130, 200), np.uint8)
    for rows, columns, value in lines:
        mask[rows, columns] = value
    return mask


@pytest.fixture
def photos(tmp_path: Path) -> tuple[Path, Path]:
    images, masks = tmp_path / "images", tmp_path / "labels"
    images.mkdir()
    masks.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a1", "b2"):
        Image.fromarray(rng.integers(90, 200, (130, 200, 3)).astype(np.uint8)).save(images / f"{name}.jpg")
        mask = _mask((np.s_[10:12], np.s_[0:40], 255), (np.s_[70:120], np.s_[150:152], 204))
        # An alpha channel of 255 everywhere, as UAV75's masks have it, is no crack.
        rgba = np.dstack([mask] * 3 + [np.full_like(mask, 255)])
        Image.fromarray(rgba).save(masks / f"{name}.png")
    return images, masks


def test_a_tile_needs_half_as_many_crack_pixels_as_it_is_wide() -> None:
    enough, short = (_mask((np.s_[10:12], np.s_[8 : 8 + length], 255)) for length in (16, 15))
    assert label_tiles(enough, RULE)[0].label is Label.POSITIVE
    assert label_tiles(short, RULE)[0].label is None


def test_a_crack_just_outside_makes_a_tile_ambiguous() -> None:
    near, far = (_mask((np.s_[0:60], np.s_[column : column + 2], 255)) for column in (66, 69))
    assert label_tiles(near, RULE)[0].label is None
    assert label_tiles(far, RULE)[0].label is Label.NEGATIVE


def test_tiles_lie_by_label_and_planking(photos: tuple[Path, Path], tmp_path: Path) -> None:
    counts = write_tiles(*photos, tmp_path / "tiles", rule=RULE)

    assert (counts.photos, counts.positive, counts.negative_planking) == (2, 2, 2)
    assert counts.negative_plain == 8
    assert counts.ambiguous == 0
    assert len(list((tmp_path / "tiles" / "Negative" / "planking").iterdir())) == 2
    with (tmp_path / "tiles" / "tiles.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["crack_pixels"] for row in rows if row["label"] == "Positive"} == {"80"}
    assert {row["planking_pixels"] for row in rows if "planking" in row["path"]} == {"100"}


def test_a_tile_holds_the_pixels_of_its_place(photos: tuple[Path, Path], tmp_path: Path) -> None:
    write_tiles(*photos, tmp_path / "tiles", rule=RULE)
    from crackscope.images import read_photo

    photo = read_photo(photos[0] / "b2.jpg").pixels_hwc
    tile = read_photo(tmp_path / "tiles" / "Negative" / "plain" / "b2_1_0.png").pixels_hwc
    assert np.array_equal(tile, photo[64:128, 0:64])


def test_the_folder_is_a_data_set_grouped_by_photo(photos: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "tiles"
    write_tiles(*photos, folder, rule=RULE)

    found = discover([folder])
    assert found.counts() == {Label.NEGATIVE: 10, Label.POSITIVE: 2}
    assert {origin[1] for photo in found.photos if (origin := source_photo(photo))} == {"a1", "b2"}
    manifest = read_manifest(folder / "manifest.csv", root=folder)
    assert {row.group for row in manifest.rows} == {"a1", "b2"}
    assert len(manifest.rows) == 12


def test_parts_of_one_photo_are_one_group(photos: tuple[Path, Path], tmp_path: Path) -> None:
    for folder, ending in zip(photos, ("jpg", "png"), strict=True):
        (folder / f"a1.{ending}").rename(folder / f"DSC00552.{ending}")
        (folder / f"b2.{ending}").rename(folder / f"DSC00552b.{ending}")
    counts = write_tiles(*photos, tmp_path / "tiles", rule=RULE)
    assert (counts.photos, counts.positive) == (2, 2)
    manifest = read_manifest(tmp_path / "tiles" / "manifest.csv", root=tmp_path / "tiles")
    assert {row.group for row in manifest.rows} == {"DSC00552"}
    assert len(manifest.rows) == 12


def test_parts_of_one_photo_were_taken_at_one_moment(real_data: Path) -> None:
    moments: dict[str, set[str]] = {}
    for path in sorted((real_data / "uav75" / "images").iterdir()):
        with Image.open(path) as opened:
            taken = opened.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
        if taken is not None:
            moments.setdefault(shot_name(path.stem), set()).add(taken)
    assert len(moments) == 30
    assert all(len(found) == 1 for found in moments.values())
    assert len(set.union(*moments.values())) == len(moments)


def test_a_photo_without_a_mask_is_named(photos: tuple[Path, Path], tmp_path: Path) -> None:
    (photos[1] / "b2.png").unlink()
    with pytest.raises(DataError, match=r"1 of 2 photos .* b2\.jpg"):
        write_tiles(*photos, tmp_path / "tiles")


def test_a_mask_of_another_size_is_refused(photos: tuple[Path, Path], tmp_path: Path) -> None:
    Image.fromarray(np.zeros((10, 10), np.uint8)).save(photos[1] / "a1.png")
    with pytest.raises(DataError, match=r"a1\.jpg is \(130, 200\)"):
        write_tiles(*photos, tmp_path / "tiles")
    assert not (tmp_path / "tiles").exists()


def test_nothing_is_overwritten_and_nothing_is_made_of_nothing(
    photos: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match="not an empty folder"):
        write_tiles(*photos, photos[0])
    with pytest.raises(NoPhotosError, match=r"there is no folder .*nowhere"):
        write_tiles(tmp_path / "nowhere", photos[1], tmp_path / "tiles")
    with pytest.raises(DataError, match=r"no photo in .* holds a tile of 300"):
        write_tiles(*photos, tmp_path / "tiles", rule=TileRule(tile_px=300))
