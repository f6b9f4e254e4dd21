"""Folders of photos as they are found on the web and on disks."""

from __future__ import annotations

from pathlib import Path

import pytest

from crackscope.dataset.discover import discover
from crackscope.errors import MissingClassError
from crackscope.labels import Label


def touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_a_mirror_with_the_folder_twice_inside_itself_has_every_photo_once_by_path(tmp_path: Path) -> None:
    names = [f"{kind}/0000{n}.jpg" for kind in ("Positive", "Negative") for n in range(3)]
    inner = "Concrete Crack Images/Concrete Crack Images"
    root = touch(tmp_path / "archive", *(f"{inner}/{name}" for name in names), *names)
    dataset = discover([root])
    assert dataset.counts() == {Label.POSITIVE: 6, Label.NEGATIVE: 6}
    assert len({photo.path for photo in dataset.photos}) == 12


def test_sdnet2018_as_its_own_zip_unpacks(tmp_path: Path) -> None:
    folders = {"D": ("CD", "UD"), "P": ("CP", "UP"), "W": ("CW", "UW")}
    names = [f"{top}/{below}/7001-{n}.jpg" for top, both in folders.items() for below in both for n in (1, 2)]
    dataset = discover([touch(tmp_path / "SDNET2018", *names, "__MACOSX/D/CD/._7001-1.jpg")])
    assert dataset.counts() == {Label.POSITIVE: 6, Label.NEGATIVE: 6}


@pytest.mark.parametrize("names", [("positive", "negative"), ("POSITIVE", "NEGATIVE")])
def test_class_folders_in_any_case(tmp_path: Path, names: tuple[str, str]) -> None:
    dataset = discover([touch(tmp_path, *(f"{name}/a.jpg" for name in names))])
    assert dataset.counts() == {Label.POSITIVE: 1, Label.NEGATIVE: 1}


def test_three_folders_of_other_names_are_a_question(tmp_path: Path) -> None:
    touch(tmp_path, "crack/a.jpg", "sound/b.jpg", "spalling/c.jpg")
    with pytest.raises(MissingClassError, match="there are") as asked:
        discover([tmp_path])
    for name in ("crack/", "sound/", "spalling/", "--positive", "--negative"):
        assert name in str(asked.value)
    dataset = discover([tmp_path], positive="crack", negative="sound")
    assert dataset.counts() == {Label.POSITIVE: 1, Label.NEGATIVE: 1}
    assert dataset.unlabelled == 1


def test_one_class_alone_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(MissingClassError, match="0 Negative"):
        discover([touch(tmp_path, "Positive/a.jpg")])
