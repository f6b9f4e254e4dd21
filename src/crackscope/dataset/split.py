"""Split a data set into training, validation, calibration and test, by group; moves no file.

The split is a pure function of the photos' content, their given parts and the seed: file order, the root
folder, the machine and Python's hash seed don't matter. (File names matter where the grouping reads them.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crackscope.dataset.assign import Group, assign_parts, make_groups
from crackscope.dataset.copies import copies_that_differ, copy_numbers
from crackscope.dataset.groups import BLOCK_LENGTH, Grouping, group_photos
from crackscope.dataset.random_split import RandomSplit, random_split
from crackscope.dataset.records import (
    Dataset,
    Fingerprint,
    LabelledPhoto,
    Manifest,
    ManifestRow,
    Part,
)
from crackscope.dataset.shares import Shares
from crackscope.errors import DataError
from crackscope.labels import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A manifest, and what is to be known about how it came about.

    Attributes:
        groups: Number of groups in the manifest.
        unreadable: Files left out because they can't be used.
        contradictory: Groups of copies that carry both labels; left out unless kept on request.
        across_parts: Groups of copies that the folder layout puts into different parts; they stay there.
        unordered_folders: Folders that the grouping ``blocks`` treated like ``duplicates``, because
            neighbouring numbers there have nothing in common.
    """

    manifest: Manifest
    shares: Shares
    seed: int
    grouping: Grouping
    groups: int
    random: RandomSplit
    unreadable: tuple[Fingerprint, ...] = ()
    contradictory: tuple[tuple[str, ...], ...] = ()
    across_parts: tuple[tuple[str, ...], ...] = ()
    unordered_folders: tuple[str, ...] = ()

    def counts(self) -> dict[Part, dict[Label, int]]:
        """Photos per part and class, all of both always present."""
        found = Counter((row.part, row.label) for row in self.manifest.rows)
        return {part: {label: found[part, label] for label in Label} for part in Part}


def split_dataset(
    dataset: Dataset,
    fingerprints: Sequence[Fingerprint],
    *,
    shares: Shares | None = None,
    seed: int = 0,
    grouping: str = Grouping.AUTO,
    block_length: int = BLOCK_LENGTH,
    keep_contradictory: bool = False,
) -> Split:
    """Split by group, stratified by data set and label.

    Photos whose folder layout gives a part keep it; given validation photos are halved into validation and
    calibration, and a part that the layout of a data set lacks is taken from its training photos.

    Args:
        dataset: The photos.
        fingerprints: One per photo, in the same order.
        shares: 70/15/15 unless given.
        seed: Another seed gives another split.
        grouping: A `Grouping` or its name.
        block_length: File numbers per block, for the grouping ``blocks``.
        keep_contradictory: Keep copies with contradictory labels instead of leaving them out.

    Raises:
        DataError: The grouping is unknown, or a part would lack a class.
    """
    shares = Shares() if shares is None else shares
    grouping = Grouping.named(grouping)
    copies = copy_numbers(fingerprints)
    contradictory = copies_that_differ(copies, [photo.label for photo in dataset.photos])
    left_out = set() if keep_contradictory else {index for members in contradictory for index in members}
    kept = [i for i, one in enumerate(fingerprints) if one.error is None and i not in left_out]
    photos = [dataset.photos[index] for index in kept]
    prints = [fingerprints[index] for index in kept]
    copies = [copies[index] for index in kept]
    grouped = group_photos(photos, prints, copies, grouping=grouping, block_length=block_length)
    groups = make_groups(photos, prints, grouped.numbers, shares.by_part())
    parts = assign_parts(groups, shares.by_part(), seed=seed)
    split = Split(
        manifest=Manifest(root=dataset.root, rows=_rows(photos, prints, groups, parts)),
        shares=shares,
        seed=seed,
        grouping=grouping,
        groups=len(groups),
        random=random_split(photos, prints, copies, grouped.numbers, shares=shares, seed=seed),
        unreadable=tuple(one for one in fingerprints if one.error is not None),
        contradictory=_paths(dataset.photos, contradictory),
        across_parts=_paths(photos, copies_that_differ(copies, [photo.part for photo in photos])),
        unordered_folders=grouped.unordered_folders,
    )
    _require_both_classes(split)
    return split


def _rows(
    photos: Sequence[LabelledPhoto],
    prints: Sequence[Fingerprint],
    groups: Sequence[Group],
    parts: dict[str, Part],
) -> tuple[ManifestRow, ...]:
    rows = [
        ManifestRow(
            path=photos[index].path,
            label=photos[index].label,
            group=group.id,
            part=parts[group.id],
            sha256=prints[index].sha256,
        )
        for group in groups
        for index in group.members
    ]
    return tuple(sorted(rows, key=lambda row: row.path))


def _paths(photos: Sequence[LabelledPhoto], groups: Sequence[Sequence[int]]) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(tuple(sorted(photos[index].path for index in group)) for group in groups))


def _require_both_classes(split: Split) -> None:
    counts = split.counts()
    for part in split.shares.by_part():
        for label in Label:
            if counts[part][label] == 0:
                there = sum(found[label] for found in counts.values())
                raise DataError(
                    f"the {part} part would have no {label} photo: there are {there:,}, and {split.groups:,} "
                    f"groups in all (grouping {split.grouping}) for shares of {split.shares}; add {label} "
                    f"photos, change the shares or use a finer grouping"
                )
