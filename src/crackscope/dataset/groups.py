"""Which photos must stay on one side of a split: copies, patches of one source photo, runs of neighbours."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from crackscope.dataset.records import Fingerprint, LabelledPhoto
from crackscope.errors import DataError

#: METU's Positive files come in runs of some forty patches from two or three photos taken side by side.
BLOCK_LENGTH = 100

# `7069-12` is patch 12 of SDNET2018's photo 7069; `IMG_0482_1_15` is row 1, column 15 of photo IMG_0482.
_SOURCE_PHOTO = re.compile(r"(?P<photo>\d+)-\d+|(?P<named>.*[^\W_].*)_\d+_\d+")
# `DSC00552b` is another part of photo DSC00552: by UAV75's EXIF data all parts of a photo were taken at one
# moment, and every photo at another.
_PART = re.compile(r"(?P<shot>[A-Z][A-Z_\d]*\d{4})[a-z]")
_NUMBER = re.compile(r"\d+")

# Correlation of a photo's mean colour with the next one's, by file number: METU Positive 0.8, and Negative,
# whose files were shuffled, 0.00.
_ORDERED_FROM = 0.3
_TOO_FEW_TO_TELL = 50


class Grouping(StrEnum):
    """What is kept together. Copies always are.

    ``auto``: patches of one source photo where file names tell it, as SDNET2018's do.
    ``duplicates``: copies only.
    ``blocks``: runs of neighbouring file numbers, in folders whose neighbours look alike.
    ``source-photo``: like auto, but a name that does not tell its source photo is an error.
    """

    AUTO = "auto"
    DUPLICATES = "duplicates"
    BLOCKS = "blocks"
    SOURCE_PHOTO = "source-photo"

    @classmethod
    def named(cls, name: str) -> Grouping:
        """The grouping of that name; an unknown one is a `DataError` that lists the valid ones."""
        try:
            return cls(name)
        except ValueError as error:
            raise DataError(f"unknown grouping {name!r}; valid: {', '.join(cls)}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """One group number per photo, and the folders whose file numbers ``blocks`` could not go by."""

    numbers: list[int]
    unordered_folders: tuple[str, ...] = ()


def group_photos(
    photos: Sequence[LabelledPhoto],
    fingerprints: Sequence[Fingerprint],
    copies: Sequence[int],
    *,
    grouping: Grouping = Grouping.AUTO,
    block_length: int = BLOCK_LENGTH,
) -> Groups:
    """Group photos by copies and by what ``grouping`` adds.

    Args:
        photos: What to group.
        fingerprints: One per photo.
        copies: One number per photo, the same for copies (see `copies.copy_numbers`).
        grouping: What else belongs together.
        block_length: File numbers per block.

    Raises:
        DataError: ``source-photo``, and a file name that does not tell its source photo.
    """
    if grouping is Grouping.BLOCKS:
        blocks, unordered = _block_keys(photos, fingerprints, copies, block_length)
        return Groups(numbers=_join(copies, blocks), unordered_folders=unordered)
    if grouping is Grouping.DUPLICATES:
        return Groups(numbers=_join(copies))
    origins = [source_photo(photo) for photo in photos]
    if grouping is Grouping.SOURCE_PHOTO and None in origins:
        nameless = photos[origins.index(None)].path
        raise DataError(
            f"the name of {nameless} does not tell its source photo; expected names such as 7069-12.jpg or "
            f"IMG_0482_1_15.jpg; use the grouping auto, duplicates or blocks"
        )
    return Groups(numbers=_join(copies, origins))


def source_photo(photo: LabelledPhoto) -> tuple[str, str] | None:
    """The data set and name of the photo that a patch was cut from, where its file name tells it."""
    match = _SOURCE_PHOTO.fullmatch(_stem(photo.path))
    return None if match is None else (photo.source, match["photo"] or shot_name(match["named"]))


def shot_name(stem: str) -> str:
    """A photo's name without the letter that tells the parts of one shot apart: of DSC00552b, DSC00552."""
    match = _PART.fullmatch(stem)
    return stem if match is None else match["shot"]


def _join(*labellings: Sequence[Hashable | None]) -> list[int]:
    """Join all items that share a label in any labelling; ``None`` shares nothing."""
    parent = list(range(len(labellings[0])))

    def find(item: int) -> int:
        while parent[item] != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item

    for labels in labellings:
        first: dict[Hashable, int] = {}
        for item, label in enumerate(labels):
            if label is not None:
                parent[find(item)] = find(first.setdefault(label, item))
    return [find(item) for item in range(len(parent))]


def _block_keys(
    photos: Sequence[LabelledPhoto],
    fingerprints: Sequence[Fingerprint],
    copies: Sequence[int],
    block_length: int,
) -> tuple[list[Hashable | None], tuple[str, ...]]:
    keys: list[Hashable | None] = [None] * len(photos)
    unordered = []
    for folder, members in sorted(_numbered_by_folder(photos).items()):
        indices = [index for _, index in members]
        if not _looks_ordered([fingerprints[index].mean_rgb for index in indices]):
            unordered.append(folder)
            continue
        homes = _homes([number for number, _ in members], [copies[index] for index in indices], block_length)
        for index, home in zip(indices, homes, strict=True):
            keys[index] = (folder, home // block_length)
    return keys, tuple(unordered)


def _numbered_by_folder(photos: Sequence[LabelledPhoto]) -> dict[str, list[tuple[int, int]]]:
    """Per folder: (file number, index of the photo) in the order of numbers."""
    folders: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for index in sorted(range(len(photos)), key=lambda index: photos[index].path):
        number = _NUMBER.search(_stem(photos[index].path))
        if number is not None:
            folders[photos[index].path.rpartition("/")[0]].append((int(number[0]), index))
    for members in folders.values():
        members.sort(key=lambda member: member[0])
    return folders


def _looks_ordered(colours: Sequence[tuple[float, float, float]]) -> bool:
    """Whether neighbours look alike; where numbers carry no order, blocks would be groups of strangers."""
    if len(colours) < _TOO_FEW_TO_TELL:
        return True
    deviation = np.asarray(colours) - np.mean(colours, axis=0)
    variance = float((deviation**2).sum(axis=1).mean())
    neighbours = float((deviation[1:] * deviation[:-1]).sum(axis=1).mean())
    return neighbours >= _ORDERED_FROM * variance


def _homes(numbers: Sequence[int], copies: Sequence[int], block_length: int) -> list[int]:
    """The number a photo is filed under: its own or, in a run that repeats an earlier run, the earlier one's.

    METU's Positive files go through their source photos twice, some 5,500 numbers apart. Uniting plain blocks
    that share a copy chains them all, because the second run begins in the middle of a block (at 50 files per
    block: 4,600 of 10,500 files in one group).
    """
    homes: list[int] = []
    home_of_copy: dict[int, int] = {}
    repeated_at, repeated_home = -block_length, 0
    for number, copy in zip(numbers, copies, strict=True):
        home = home_of_copy.get(copy)
        if home is not None:
            repeated_at, repeated_home = number, home
        elif number - repeated_at < block_length:
            home = repeated_home
        else:
            home = number
        home_of_copy.setdefault(copy, home)
        homes.append(home)
    return homes


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0]
