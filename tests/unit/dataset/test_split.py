from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from crackscope.dataset.discover import discover
from crackscope.dataset.fingerprints import fingerprint_photos
from crackscope.dataset.manifest import write_manifest
from crackscope.dataset.records import Dataset, Fingerprint, Part
from crackscope.dataset.shares import Shares
from crackscope.dataset.split import split_dataset
from crackscope.errors import DataError
from crackscope.labels import Label
from tests.unit.dataset.photos import make_classes, noise, save
from tests.unit.dataset.prints import fingerprint, labelled, made_up


def singles(count: int) -> tuple[Dataset, list[Fingerprint]]:
    return made_up({str(label): [f"{label}{number}" for number in range(count)] for label in Label})


def by_path(dataset: Dataset, prints: list[Fingerprint], **options: object) -> dict[str, Part]:
    split = split_dataset(dataset, prints, **options)  # type: ignore[arg-type]
    return {row.path: row.part for row in split.manifest.rows}


def test_default_shares_are_70_15_15_with_half_of_validation_for_calibration() -> None:
    counts = split_dataset(*singles(200)).counts()
    assert {part: list(found.values()) for part, found in counts.items()} == {
        Part.TRAIN: [140, 140],
        Part.VALIDATION: [15, 15],
        Part.CALIBRATION: [15, 15],
        Part.TEST: [30, 30],
    }


def test_copies_share_a_group_and_a_part() -> None:
    copies = {
        str(label): [f"{label}{number % 40}#{number // 40}" for number in range(100)] for label in Label
    }
    split = split_dataset(*made_up(copies))
    assert split.groups == 80
    part_of_group = {(row.group, row.part) for row in split.manifest.rows}
    assert len(part_of_group) == 80
    assert len(split.manifest.rows) == 200


def test_every_data_set_is_stratified_by_itself() -> None:
    photos, prints = [], []
    for source, positives in (("big", 160), ("small", 40)):
        for label, count in ((Label.POSITIVE, positives), (Label.NEGATIVE, 80)):
            for number in range(count):
                path = f"{source}/{label}/{number}.jpg"
                photos.append(labelled(path, label, source=source))
                prints.append(fingerprint(path, path))
    found = by_path(Dataset(root=Path(), photos=tuple(photos)), prints)
    tested = Counter(path.rsplit("/", 1)[0] for path, part in found.items() if part is Part.TEST)
    assert tested == {"big/Positive": 24, "big/Negative": 12, "small/Positive": 6, "small/Negative": 12}


def test_another_seed_gives_another_split_of_the_same_sizes() -> None:
    first, second = (split_dataset(*singles(100), seed=seed) for seed in (0, 1))
    assert first.counts() == second.counts()
    assert first.manifest.rows != second.manifest.rows


def test_given_parts_are_kept_and_given_validation_is_halved() -> None:
    dataset, prints = singles(40)
    given = [Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST]
    photos = tuple(
        dataclasses.replace(photo, part=given[index % 4]) for index, photo in enumerate(dataset.photos)
    )
    found = by_path(dataclasses.replace(dataset, photos=photos), prints)
    for photo in photos:
        expected = {photo.part} | ({Part.CALIBRATION} if photo.part is Part.VALIDATION else set())
        assert found[photo.path] in expected
    assert Counter(found.values()) == {
        Part.TRAIN: 40,
        Part.VALIDATION: 10,
        Part.CALIBRATION: 10,
        Part.TEST: 20,
    }


def test_part_that_the_layout_lacks_comes_out_of_its_training_photos() -> None:
    dataset, prints = singles(50)
    photos = tuple(
        dataclasses.replace(photo, part=Part.TEST if index % 5 == 0 else Part.TRAIN)
        for index, photo in enumerate(dataset.photos)
    )
    found = by_path(dataclasses.replace(dataset, photos=photos), prints)
    assert Counter(found.values()) == {Part.TRAIN: 66, Part.VALIDATION: 8, Part.CALIBRATION: 6, Part.TEST: 20}
    assert all(found[photo.path] is Part.TEST for photo in photos if photo.part is Part.TEST)


def test_copies_that_the_layout_puts_into_two_parts_stay_there_and_are_reported() -> None:
    dataset, prints = singles(40)
    photos = list(dataset.photos)
    photos[0] = dataclasses.replace(photos[0], part=Part.TRAIN)
    photos[1] = dataclasses.replace(photos[1], part=Part.TEST)
    prints[:3] = [fingerprint(photo.path, "same") for photo in photos[:3]]
    split = split_dataset(dataclasses.replace(dataset, photos=tuple(photos)), prints)
    rows = {row.path: row for row in split.manifest.rows}
    assert [rows[photo.path].part for photo in photos[:3]] == [Part.TRAIN, Part.TEST, Part.TEST]
    assert rows[photos[0].path].group != rows[photos[1].path].group
    assert split.across_parts == (tuple(photo.path for photo in photos[:3]),)


def test_contradictory_copies_are_reported_and_left_out_unless_kept() -> None:
    dataset, prints = made_up(
        {
            "Positive": [*(f"p{i}" for i in range(40)), "same"],
            "Negative": [*(f"n{i}" for i in range(40)), "same#1"],
        }
    )
    pair = ("Negative/00040.jpg", "Positive/00040.jpg")
    split = split_dataset(dataset, prints)
    assert split.contradictory == (pair,)
    assert not {row.path for row in split.manifest.rows} & set(pair)
    kept = split_dataset(dataset, prints, keep_contradictory=True)
    assert len({row.group for row in kept.manifest.rows if row.path in pair}) == 1


def test_unreadable_files_are_reported_and_not_in_the_manifest() -> None:
    dataset, prints = singles(40)
    prints[3] = Fingerprint(path=prints[3].path, error="the file is empty")
    split = split_dataset(dataset, prints)
    assert [one.path for one in split.unreadable] == ["Negative/00003.jpg"]
    assert len(split.manifest.rows) == 79


def test_random_split_counts_what_training_would_have_shown_of_the_test_photos() -> None:
    # Every photo twice, byte for byte: in a random 70/15/15 split about 70 % of the test photos leak.
    doubled = {str(label): [f"{label}{number // 2}" for number in range(400)] for label in Label}
    random = split_dataset(*made_up(doubled)).random
    assert random.test == 120
    assert 70 <= random.exact <= 96
    assert (random.near, random.grouped) == (0, 0)
    near = {str(label): [f"{label}{number // 2}#{number % 2}" for number in range(400)] for label in Label}
    random = split_dataset(*made_up(near)).random
    assert random.exact == 0
    assert 70 <= random.near <= 96


def test_random_split_counts_patches_of_one_source_photo() -> None:
    dataset, prints = singles(120)
    named = tuple(
        dataclasses.replace(photo, path=f"{photo.label}/{index % 20}-{index}.jpg")
        for index, photo in enumerate(dataset.photos)
    )
    random = split_dataset(dataclasses.replace(dataset, photos=named), prints).random
    assert (random.test, random.exact, random.near) == (36, 0, 0)
    assert random.grouped > 30


def test_part_without_a_class_is_an_error_that_says_why() -> None:
    with pytest.raises(
        DataError,
        match=r"the (validation|calibration|test) part would have no \w+ photo: there are 3, and 6 groups",
    ):
        split_dataset(*singles(3))


def test_test_share_of_zero_makes_no_test_part() -> None:
    counts = split_dataset(*singles(40), shares=Shares.parse("80/20/0")).counts()
    assert [sum(found.values()) for found in counts.values()] == [64, 8, 8, 0]


@pytest.mark.parametrize("text", ["70/15", "a/b/c", "70/20/20", "0/50/50", "110/-20/10", "nan/0/0"])
def test_shares_that_are_no_split_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="70/15/15"):
        Shares.parse(text)


def test_unknown_grouping_lists_the_valid_ones() -> None:
    with pytest.raises(DataError, match="valid: auto, duplicates, blocks, source-photo"):
        split_dataset(*singles(10), grouping="photo")


def test_split_moves_renames_and_deletes_nothing(tmp_path: Path) -> None:
    make_classes(tmp_path, 12)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    dataset = discover([tmp_path])
    split_dataset(dataset, fingerprint_photos(dataset))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


_SCRIPT = """
import sys
from pathlib import Path
from crackscope.dataset.discover import discover
from crackscope.dataset.fingerprints import fingerprint_photos
from crackscope.dataset.manifest import write_manifest
from crackscope.dataset.split import split_dataset
dataset = discover([Path(sys.argv[1])])
write_manifest(Path(sys.argv[2]), split_dataset(dataset, fingerprint_photos(dataset)).manifest)
"""


@pytest.mark.slow
def test_same_files_at_another_place_under_another_hash_seed_give_the_same_manifest(tmp_path: Path) -> None:
    manifests = []
    for name, hash_seed in (("one", "1"), ("else/where", "2")):
        make_classes(tmp_path / name, 15)
        save(noise(0), tmp_path / name / "Positive" / "copy.png")
        output = tmp_path / f"{hash_seed}.csv"
        command = [sys.executable, "-c", _SCRIPT, str(tmp_path / name), str(output)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
        manifests.append(output.read_bytes())
    assert manifests[0] == manifests[1]


def test_sdnet_photos_stay_whole(real_data: Path, tmp_path: Path) -> None:
    dataset = discover([real_data / "sdnet2018"])
    split = split_dataset(dataset, fingerprint_photos(dataset))
    write_manifest(tmp_path / "manifest.csv", split.manifest)
    part_of = {(row.path.rsplit("/", 1)[1].split("-")[0], row.part) for row in split.manifest.rows}
    assert len(part_of) == split.groups == 42
    assert len(split.manifest.rows) == 2820
    # Every test patch of a random split would have had a sister in training.
    assert split.random.grouped == split.random.test
