from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from crackscope.dataset.discover import discover
from crackscope.dataset.records import Part
from crackscope.errors import DataError, MissingClassError, NoPhotosError
from crackscope.labels import Label


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


def found(root: Path, **named: str) -> dict[str, Label]:
    return {photo.path: photo.label for photo in discover([root], **named).photos}


def test_class_folders_are_found_at_any_depth_and_in_any_case(tmp_path: Path) -> None:
    touch(tmp_path, "a/b/POSITIVE/1.jpg", "a/b/negative/deep/er/2.JPEG", "Positive/3.png")
    assert found(tmp_path) == {
        "Positive/3.png": Label.POSITIVE,
        "a/b/POSITIVE/1.jpg": Label.POSITIVE,
        "a/b/negative/deep/er/2.JPEG": Label.NEGATIVE,
    }


def test_innermost_class_folder_decides(tmp_path: Path) -> None:
    touch(tmp_path, "positive/Negative/1.jpg", "negative/Positive/2.jpg")
    assert found(tmp_path) == {
        "negative/Positive/2.jpg": Label.POSITIVE,
        "positive/Negative/1.jpg": Label.NEGATIVE,
    }


def test_sdnet_surfaces_are_labelled_by_cracked_and_uncracked(tmp_path: Path) -> None:
    touch(tmp_path, "SDNET2018/D/CD/7001-1.jpg", "SDNET2018/D/UD/7001-2.jpg", "SDNET2018/W/CW/7069-1.jpg")
    dataset = discover([tmp_path])
    assert dataset.counts() == {Label.NEGATIVE: 1, Label.POSITIVE: 2}
    assert {photo.source for photo in dataset.photos} == {"sdnet2018"}


def test_one_sdnet_surface_may_be_given_by_itself(tmp_path: Path) -> None:
    touch(tmp_path, "sdnet2018/W/CW/7069-1.jpg", "sdnet2018/W/UW/7069-2.jpg")
    dataset = discover([tmp_path / "sdnet2018" / "W"])
    assert [photo.path for photo in dataset.photos] == ["CW/7069-1.jpg", "UW/7069-2.jpg"]
    assert {photo.source for photo in dataset.photos} == {"sdnet2018"}


def test_sdnet_letters_that_do_not_belong_together_are_no_label(tmp_path: Path) -> None:
    touch(tmp_path, "W/CD/1.jpg", "W/UD/2.jpg")
    with pytest.raises(MissingClassError, match=r"without a label in W/CD/ \(1\)"):
        discover([tmp_path])


@pytest.mark.parametrize(
    "layout", ["{part}/{label}/x.jpg", "{label}/{part}/x.jpg", "set/{part}/{label}/x.jpg"]
)
def test_part_folders_may_stand_above_or_below_the_class(tmp_path: Path, layout: str) -> None:
    names = {"Train": Part.TRAIN, "valid": Part.VALIDATION, "val": Part.VALIDATION, "TEST": Part.TEST}
    for part in names:
        touch(tmp_path, *(layout.format(part=part, label=label) for label in ("Positive", "Negative")))
    counted = Counter(photo.part for photo in discover([tmp_path]).photos)
    assert counted == {Part.TRAIN: 2, Part.VALIDATION: 4, Part.TEST: 2}


def test_part_is_none_where_the_layout_gives_none(tmp_path: Path) -> None:
    # The folder's own name is no part: people keep data in folders called test.
    dataset = discover([touch(tmp_path / "test", "Positive/1.jpg", "Negative/1.jpg")])
    assert {photo.part for photo in dataset.photos} == {None}


def test_source_is_the_folder_or_its_children_where_it_holds_several_data_sets(tmp_path: Path) -> None:
    touch(tmp_path / "datasets", "METU/Positive/1.jpg", "METU/Negative/1.jpg", "bridge/images/Positive/1.jpg")
    assert {photo.source for photo in discover([tmp_path / "datasets"]).photos} == {"metu", "bridge"}
    assert {photo.source for photo in discover([tmp_path / "datasets" / "METU"]).photos} == {"metu"}


def test_several_folders_share_their_common_parent_as_root(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "metu/Positive/1.jpg",
        "metu/Negative/1.jpg",
        "more/bridge/Positive/2.jpg",
        "other/Positive/3.jpg",
    )
    dataset = discover([tmp_path / "more" / "bridge", tmp_path / "metu"])
    assert dataset.root == tmp_path
    assert [(photo.path, photo.source) for photo in dataset.photos] == [
        ("metu/Negative/1.jpg", "metu"),
        ("metu/Positive/1.jpg", "metu"),
        ("more/bridge/Positive/2.jpg", "bridge"),
    ]
    assert all(dataset.absolute(photo).is_file() for photo in dataset.photos)


def test_class_folders_may_be_given_one_by_one(tmp_path: Path) -> None:
    touch(tmp_path / "metu", "Positive/1.jpg", "Negative/1.jpg")
    dataset = discover([tmp_path / "metu" / "Positive", tmp_path / "metu" / "Negative"])
    assert dataset.counts() == {Label.NEGATIVE: 1, Label.POSITIVE: 1}
    assert {photo.source for photo in dataset.photos} == {"metu"}


def test_overlapping_folders_give_every_photo_once(tmp_path: Path) -> None:
    touch(tmp_path / "metu", "Positive/1.jpg", "Negative/1.jpg")
    assert len(discover([tmp_path, tmp_path / "metu", tmp_path / "metu" / "Positive"]).photos) == 2


def test_named_folders_replace_the_known_layouts(tmp_path: Path) -> None:
    touch(tmp_path, "Decks/Cracked/1.jpg", "Decks/Non-cracked/2.jpg", "Positive/3.jpg")
    expected = {"Decks/Cracked/1.jpg": Label.POSITIVE, "Decks/Non-cracked/2.jpg": Label.NEGATIVE}
    assert found(tmp_path, positive="cracked", negative="non-cracked") == expected
    as_paths = {"positive": tmp_path / "Decks" / "Cracked", "negative": tmp_path / "Decks" / "Non-cracked"}
    assert found(tmp_path, **as_paths) == expected
    assert found(tmp_path, positive="Decks/Cracked", negative="Decks/Non-cracked") == expected


@pytest.mark.parametrize(
    "named", [{"positive": "a"}, {"positive": "a", "negative": "A"}, {"positive": "a", "negative": "../b"}]
)
def test_named_folders_must_be_two_and_below_the_data(tmp_path: Path, named: dict[str, str]) -> None:
    touch(tmp_path / "data", "a/1.jpg", "b/1.jpg")
    with pytest.raises(DataError, match=r"--negative|not below"):
        discover([tmp_path / "data"], **named)


def test_hidden_files_and_what_systems_leave_behind_are_ignored(tmp_path: Path) -> None:
    touch(tmp_path, "Positive/1.jpg", "Negative/1.jpg", "Positive/._1.jpg", "Positive/Thumbs.db")
    touch(tmp_path, "__MACOSX/Positive/1.jpg", ".cache/Positive/1.jpg", "Positive/notes.txt")
    assert sorted(found(tmp_path)) == ["Negative/1.jpg", "Positive/1.jpg"]


def test_images_outside_class_folders_are_counted_not_used(tmp_path: Path) -> None:
    dataset = discover([touch(tmp_path, "Positive/1.jpg", "Negative/1.jpg", "logo.png", "masks/1.png")])
    assert (len(dataset.photos), dataset.unlabelled) == (2, 2)


def test_missing_folder_says_how_to_get_data(tmp_path: Path) -> None:
    with pytest.raises(NoPhotosError, match=r"there is no folder .*nowhere.*crackscope data download"):
        discover([tmp_path / "nowhere"])


def test_folder_without_images_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoPhotosError, match=r"no image below .*Positive/ and Negative/"):
        discover([touch(tmp_path, "Positive/readme.txt")])


def test_missing_class_is_an_error_that_counts_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(
        MissingClassError, match=r"0 Negative, 2 Positive, and images without a label in sound/ \(1\)"
    ):
        discover([touch(tmp_path, "Positive/1.jpg", "Positive/2.jpg", "sound/1.jpg")])


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_loops_of_links_end_and_bring_in_nothing_twice(tmp_path: Path) -> None:
    touch(tmp_path, "metu/Positive/1.jpg", "metu/Negative/1.jpg", "neighbour/Positive/9.jpg")
    (tmp_path / "metu" / "Positive" / "again").symlink_to(tmp_path / "metu")
    (tmp_path / "metu" / "above").symlink_to(tmp_path)
    (tmp_path / "metu" / "A").symlink_to(tmp_path / "metu" / "Positive")
    assert sorted(found(tmp_path / "metu")) == ["Negative/1.jpg", "Positive/1.jpg"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_linked_folders_are_followed_and_broken_links_are_kept_to_be_reported(tmp_path: Path) -> None:
    touch(tmp_path / "elsewhere", "1.jpg")
    touch(tmp_path / "data", "Negative/1.jpg")
    (tmp_path / "data" / "Positive").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "Negative" / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    assert sorted(found(tmp_path / "data")) == ["Negative/1.jpg", "Negative/gone.jpg", "Positive/1.jpg"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_with_an_image_name_is_no_photo(tmp_path: Path) -> None:
    touch(tmp_path, "Positive/1.jpg", "Negative/1.jpg")
    os.mkfifo(tmp_path / "Positive" / "pipe.jpg")
    assert len(found(tmp_path)) == 2


def test_real_data_sets_are_found(real_data: Path) -> None:
    dataset = discover([real_data / "sdnet2018", real_data / "bridge"])
    assert Counter((photo.source, str(photo.label)) for photo in dataset.photos) == {
        ("sdnet2018", "Positive"): 1242,
        ("sdnet2018", "Negative"): 1578,
        ("bridge", "Positive"): 400,
        ("bridge", "Negative"): 400,
    }
