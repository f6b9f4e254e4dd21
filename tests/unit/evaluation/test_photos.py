"""Which photos are evaluated on, and how they are grouped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crackscope.dataset.manifest import write_manifest
from crackscope.dataset.records import Manifest, ManifestRow, Part
from crackscope.errors import DataError, MissingClassError, NoPhotosError, SettingsError
from crackscope.evaluation.photos import find_labelled_photos, photos_of_manifest
from crackscope.labels import Label


def _row(path: str, part: Part = Part.TEST, group: str = "g") -> ManifestRow:
    return ManifestRow(path=path, label=Label.POSITIVE, group=group, part=part, sha256="0" * 64)


def test_photos_below_a_folder_carry_their_truth_and_copies_share_a_group(data: Path) -> None:
    photos = find_labelled_photos([data])
    groups = {photo.path: photo.group for photo in photos}

    assert len(photos) == 12
    assert [photo.path for photo in photos] == sorted(groups)
    assert all(photo.file.is_file() and photo.path.startswith(str(photo.truth)) for photo in photos)
    assert groups["Positive/4.png"] == groups["Positive/0.png"] == "Positive/0.png"
    assert len(set(groups.values())) == 11


def test_patches_of_one_source_photo_share_a_group(data: Path, tmp_path: Path) -> None:
    for label, names in {"Positive": ("7001-1", "7001-2"), "Negative": ("7001-3", "7002-1")}.items():
        (tmp_path / label).mkdir()
        for index, name in enumerate(names):
            shutil.copy(data / label / f"{index}.png", tmp_path / label / f"{name}.png")

    groups = [photo.group for photo in find_labelled_photos([tmp_path])]
    assert len(set(groups)) == 2
    assert len({photo.group for photo in find_labelled_photos([tmp_path], grouping="duplicates")}) == 4


def test_one_part_of_a_layout_can_be_chosen(data: Path, tmp_path: Path) -> None:
    for part in ("train", "test"):
        shutil.copytree(data, tmp_path / part)

    assert len(find_labelled_photos([tmp_path])) == 24
    chosen = find_labelled_photos([tmp_path], part="test")
    assert len(chosen) == 12
    assert all(photo.path.startswith("test/") for photo in chosen)
    with pytest.raises(NoPhotosError, match="calibration"):
        find_labelled_photos([tmp_path], part="calibration")


def test_a_manifest_is_read_relative_to_the_data_and_gives_its_test_part(data: Path, tmp_path: Path) -> None:
    rows = (
        _row("Positive/0.png", group="a"),
        _row("Positive/1.png", Part.TRAIN, group="b"),
        _row("Positive/4.png", group="a"),
    )
    target = tmp_path / "manifest.csv"
    write_manifest(target, Manifest(root=data, rows=rows))

    test = find_labelled_photos([data], manifest=target)
    assert [(photo.path, photo.group) for photo in test] == [("Positive/0.png", "a"), ("Positive/4.png", "a")]
    assert test[0].file == data / "Positive" / "0.png"
    assert len(find_labelled_photos([data], manifest=target, part="all")) == 3
    train = find_labelled_photos([data], manifest=target, part="train")
    assert [photo.path for photo in train] == ["Positive/1.png"]
    both = find_labelled_photos([data / "Positive", data / "Negative"], manifest=target)
    assert [photo.file for photo in both] == [photo.file for photo in test]


def test_a_part_that_a_manifest_lacks_is_refused_with_those_it_has(data: Path) -> None:
    manifest = Manifest(root=data, rows=(_row("a.png", Part.TRAIN), _row("b.png", Part.TRAIN)))

    with pytest.raises(NoPhotosError, match="no photo in the part test; parts: train"):
        photos_of_manifest(manifest)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"part": "tset"}, "unknown part 'tset'; valid: all, train"),
        ({"grouping": "x"}, "unknown grouping 'x'"),
    ],
)
def test_unknown_names_are_refused_with_the_valid_ones(
    data: Path, settings: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        find_labelled_photos([data], **settings)  # type: ignore[arg-type]


def test_missing_folders_classes_and_manifests_are_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(NoPhotosError, match=r"there is no folder .*nowhere"):
        find_labelled_photos([tmp_path / "nowhere"])
    with pytest.raises(NoPhotosError, match="there is no folder"):
        find_labelled_photos([tmp_path / "nowhere"], manifest=tmp_path / "manifest.csv")
    with pytest.raises(DataError, match="cannot read the manifest"):
        find_labelled_photos([data], manifest=tmp_path / "manifest.csv")
    with pytest.raises(MissingClassError, match=r"below .* there are"):
        find_labelled_photos([data / "Positive"])
