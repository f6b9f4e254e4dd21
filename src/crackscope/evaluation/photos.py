"""The labelled photos to evaluate on, and which of them belong together."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crackscope.dataset.copies import copy_numbers
from crackscope.dataset.corrections import Corrections, Seen, what_was_seen
from crackscope.dataset.discover import discover
from crackscope.dataset.fingerprints import fingerprint_photos
from crackscope.dataset.groups import Grouping, group_photos
from crackscope.dataset.manifest import read_manifest
from crackscope.dataset.records import Dataset, Fingerprint, LabelledPhoto, Manifest, Part
from crackscope.errors import DataError, NoPhotosError, SettingsError
from crackscope.labels import Label

#: Instead of a part: all of them.
ALL_PARTS = "all"

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedPhoto:
    """A photo whose truth is known.

    Attributes:
        path: POSIX path relative to the data folder; what tables call it.
        file: Where it lies.
        truth: What it shows, by the data set.
        group: Photos of one group are not independent of each other.
        sha256: Of the file, where corrections were asked for; else empty.
        seen: What a person saw in it or in a copy; ``None`` where nobody looked, or nobody asked.
    """

    path: str
    file: Path
    truth: Label
    group: str
    sha256: str = ""
    seen: Seen | None = None


def find_labelled_photos(
    folders: Sequence[Path | str],
    *,
    manifest: Path | None = None,
    part: str | None = None,
    grouping: str = Grouping.AUTO,
    positive: str | None = None,
    negative: str | None = None,
    corrections: Corrections | None = None,
    progress: Progress | None = None,
) -> tuple[GroupedPhoto, ...]:
    """The photos below some folders, with truth and group from a manifest or from folder and file names.

    Args:
        folders: Data folders; a manifest's paths are relative to the one folder, or to the common parent.
        manifest: A ``manifest.csv``; without it the photos are found, fingerprinted and grouped.
        part: A `Part`, or ``all``. By default the test part of a manifest, and all photos without one.
        grouping: A `Grouping`, where there is no manifest.
        positive: Name of the folder of Positive photos, where there is no manifest.
        negative: Likewise.
        corrections: What people saw; each photo is told of it, and keeps its label.
        progress: Told (photos fingerprinted, photos).

    Raises:
        SettingsError: The part or the grouping is unknown.
        DataError: There are no such photos, or the manifest can't be read.
    """
    chosen = _choose(part or (ALL_PARTS if manifest is None else Part.TEST), [ALL_PARTS, *Part], "part")
    kept = None if chosen == ALL_PARTS else Part(chosen)
    if manifest is None:
        how = Grouping(_choose(grouping, list(Grouping), "grouping"))
        dataset = discover(folders, positive=positive, negative=negative)
        return photos_of_dataset(dataset, part=kept, grouping=how, corrections=corrections, progress=progress)
    try:
        root = Path(os.path.commonpath([Path(folder).absolute() for folder in folders]))
    except ValueError as error:
        raise DataError(f"the data folders have no common parent: {error}") from error
    if not root.is_dir():
        raise NoPhotosError(f"there is no folder {root}; the paths in {manifest} are relative to it")
    photos = photos_of_manifest(read_manifest(manifest, root=root), kept)
    return photos if corrections is None else _looked_up(photos, root, corrections, progress)


def photos_of_manifest(manifest: Manifest, part: Part | None = Part.TEST) -> tuple[GroupedPhoto, ...]:
    """The photos of one part of a split, or of all parts, in path order.

    Raises:
        NoPhotosError: The part is empty.
    """
    rows = manifest.rows if part is None else manifest.of(part)
    if not rows:
        raise NoPhotosError(f"the manifest has no photo in the part {part}; parts: {_parts(manifest)}")
    return tuple(
        GroupedPhoto(path=row.path, file=manifest.root / row.path, truth=row.label, group=row.group)
        for row in rows
    )


def photos_of_dataset(
    dataset: Dataset,
    *,
    part: Part | None = None,
    grouping: Grouping = Grouping.AUTO,
    corrections: Corrections | None = None,
    progress: Progress | None = None,
) -> tuple[GroupedPhoto, ...]:
    """The photos of a data set, or of one part that its folders name, grouped by content and file name.

    A group is called after the first of its photos.

    Raises:
        NoPhotosError: The data set has no such part.
        DataError: The grouping can't be had; see `group_photos`.
    """
    photos = [photo for photo in dataset.photos if part is None or photo.part is part]
    if not photos:
        raise NoPhotosError(f"no folder below {dataset.root} is called {part}; without a part all are used")
    chosen = Dataset(root=dataset.root, photos=tuple(photos))
    fingerprints = fingerprint_photos(chosen, progress=progress)
    copies = copy_numbers(fingerprints)
    numbers = group_photos(photos, fingerprints, copies, grouping=grouping).numbers
    names: dict[int, str] = {}
    grouped = tuple(
        GroupedPhoto(
            path=photo.path,
            file=dataset.absolute(photo),
            truth=photo.label,
            group=names.setdefault(number, photo.path),
        )
        for photo, number in zip(photos, numbers, strict=True)
    )
    return grouped if corrections is None else _told(grouped, fingerprints, copies, corrections)


def _looked_up(
    photos: Sequence[GroupedPhoto], root: Path, corrections: Corrections, progress: Progress | None
) -> tuple[GroupedPhoto, ...]:
    """The photos of a manifest, read once more, because it does not say which are near copies."""
    named = tuple(LabelledPhoto(path=photo.path, label=photo.truth, source="") for photo in photos)
    fingerprints = fingerprint_photos(Dataset(root=root, photos=named), progress=progress)
    return _told(photos, fingerprints, copy_numbers(fingerprints), corrections)


def _told(
    photos: Sequence[GroupedPhoto],
    fingerprints: Sequence[Fingerprint],
    copies: Sequence[int],
    corrections: Corrections,
) -> tuple[GroupedPhoto, ...]:
    seen = what_was_seen(fingerprints, copies, corrections)
    return tuple(
        replace(photo, sha256=one.sha256, seen=what)
        for photo, one, what in zip(photos, fingerprints, seen, strict=True)
    )


def _choose(name: str, valid: Sequence[str], what: str) -> str:
    if name not in valid:
        raise SettingsError(f"unknown {what} {name!r}; valid: {', '.join(valid)}")
    return name


def _parts(manifest: Manifest) -> str:
    found = {row.part for row in manifest.rows}
    return ", ".join(part for part in Part if part in found)
