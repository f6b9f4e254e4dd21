from __future__ import annotations

import pytest

from crackscope.dataset.groups import Grouping, Groups, group_photos, source_photo
from crackscope.dataset.records import Fingerprint, LabelledPhoto
from crackscope.errors import DataError
from crackscope.labels import Label


def photo(path: str, *, source: str = "metu") -> LabelledPhoto:
    return LabelledPhoto(path=path, label=Label.POSITIVE, source=source)


def group(
    photos: list[LabelledPhoto],
    grouping: Grouping,
    *,
    copies: list[int] | None = None,
    colours: list[float] | None = None,
    block_length: int = 10,
) -> Groups:
    levels = colours or [float(number) for number in range(len(photos))]
    fingerprints = [
        Fingerprint(path=one.path, mean_rgb=(level, level, level))
        for one, level in zip(photos, levels, strict=True)
    ]
    numbers = copies or list(range(len(photos)))
    return group_photos(photos, fingerprints, numbers, grouping=grouping, block_length=block_length)


def together(groups: Groups) -> set[frozenset[int]]:
    members: dict[int, set[int]] = {}
    for index, number in enumerate(groups.numbers):
        members.setdefault(number, set()).add(index)
    return {frozenset(found) for found in members.values()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("W/CW/7069-12.jpg", "7069"),
        ("Positive/IMG_0482_1_15.jpg", "IMG_0482"),
        ("Positive/IMG_2_15_3.jpg", "IMG_2"),
        ("Negative/DSC00552_3_4.jpg", "DSC00552"),
        ("Negative/DSC00552b_3_4.jpg", "DSC00552"),
        ("Negative/DJI_0012c_0_0.jpg", "DJI_0012"),
        ("Negative/wall2024b_0_0.jpg", "wall2024b"),
        ("Negative/IMG_12b_0_0.jpg", "IMG_12b"),
        ("Positive/00001.jpg", None),
        ("Positive/10204_1.jpg", None),
        ("Positive/crack.jpg", None),
        ("Positive/_1_2.jpg", None),
    ],
)
def test_source_photo_is_read_from_the_file_name(name: str, expected: str | None) -> None:
    found = source_photo(photo(name))
    assert (found and found[1]) == expected


def test_auto_unites_source_photos_and_copies_and_keeps_data_sets_apart() -> None:
    photos = [
        photo("s/CW/7069-1.jpg", source="s"),
        photo("s/UW/7069-2.jpg", source="s"),
        photo("s/UW/7070-1.jpg", source="s"),
        photo("t/7069-1.jpg", source="t"),
        photo("m/00001.jpg"),
        photo("m/00002.jpg"),
    ]
    found = group(photos, Grouping.AUTO, copies=[0, 1, 2, 3, 2, 5])
    assert together(found) == {frozenset({0, 1}), frozenset({2, 4}), frozenset({3}), frozenset({5})}


def test_duplicates_unite_copies_only() -> None:
    photos = [photo("CW/7069-1.jpg"), photo("CW/7069-2.jpg"), photo("CW/7069-3.jpg")]
    assert together(group(photos, Grouping.DUPLICATES, copies=[0, 1, 0])) == {
        frozenset({0, 2}),
        frozenset({1}),
    }


def test_source_photo_refuses_names_that_do_not_tell() -> None:
    with pytest.raises(DataError, match=r"Positive/00001\.jpg does not tell its source photo.*auto"):
        group([photo("7069-1.jpg"), photo("Positive/00001.jpg")], Grouping.SOURCE_PHOTO)


def test_blocks_are_runs_of_numbers_within_a_folder() -> None:
    names = ["P/00001.jpg", "P/00009_1.jpg", "P/00010.jpg", "N/00001.jpg", "P/other.jpg"]
    found = group([photo(name) for name in names], Grouping.BLOCKS, block_length=10)
    assert together(found) == {frozenset({0, 1}), frozenset({2}), frozenset({3}), frozenset({4})}


def test_run_that_repeats_an_earlier_one_joins_its_blocks_without_chaining_them() -> None:
    # Numbers 100 to 139 come again as 205 to 244; every second photo of the repeat is a copy.
    photos = [photo(f"P/{number:05d}.jpg") for number in [*range(100, 140), *range(205, 245)]]
    copies = [*range(40), *(index - 40 if index % 2 == 0 else index for index in range(40, 80))]
    found = group(photos, Grouping.BLOCKS, copies=copies, block_length=10)
    assert together(found) == {
        frozenset([*range(at, at + 10), *range(at + 40, at + 50)]) for at in (0, 10, 20, 30)
    }


def test_folder_whose_neighbours_have_nothing_in_common_is_not_cut_into_blocks() -> None:
    ordered = [photo(f"P/{number:05d}.jpg") for number in range(100)]
    shuffled = [photo(f"N/{number:05d}.jpg") for number in range(100)]
    colours = [*map(float, range(100)), *(float(number * 37 % 100) for number in range(100))]
    found = group(ordered + shuffled, Grouping.BLOCKS, colours=colours)
    assert found.unordered_folders == ("N",)
    assert len(set(found.numbers[:100])) == 10
    assert len(set(found.numbers[100:])) == 100
