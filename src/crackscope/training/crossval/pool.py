"""All photos that a cross-validation uses, by source, with the groups that no fold may part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.copies import copies_that_differ, copy_numbers
from crackscope.dataset.corrections import Corrections, apply_corrections
from crackscope.dataset.discover import discover, is_layout_name
from crackscope.dataset.fingerprints import fingerprint_photos
from crackscope.dataset.groups import Grouping, group_photos
from crackscope.dataset.records import Dataset, Fingerprint, LabelledPhoto, Part
from crackscope.errors import DataError
from crackscope.training.batches import PhotoSet
from crackscope.training.listener import Listener
from crackscope.training.parts import PartPhotos


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Photos of all sources, sorted by source and path.

    Attributes:
        photos: Files, labels and sources.
        names: Of each photo, relative to its source's folder; what tables call it.
        sha256: Of each photo.
        groups: (N,) names; copies and patches of one source photo share one, also across sources.
        trained: Sources that models may be trained on, in order.
        tested: Sources that are tested on only.
    """

    photos: PhotoSet
    names: tuple[str, ...]
    sha256: tuple[str, ...]
    groups: NDArray[np.str_]
    trained: tuple[str, ...]
    tested: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.photos)

    @property
    def sources(self) -> NDArray[np.str_]:
        """(N,) the source of each photo."""
        return np.array(self.photos.sources, dtype=np.str_)

    def of(self, sources: Sequence[str]) -> NDArray[np.int64]:
        """The numbers of the photos of some sources."""
        return np.flatnonzero(np.isin(self.sources, list(sources)))

    def part(self, name: Part, rows: NDArray[np.int64]) -> PartPhotos:
        """Some photos as a part that training takes."""
        chosen = rows.tolist()
        return PartPhotos(
            name=name,
            photos=PhotoSet(
                paths=tuple(self.photos.paths[row] for row in chosen),
                labels=self.photos.labels[rows],
                sources=tuple(self.photos.sources[row] for row in chosen),
            ),
            sha256=tuple(self.sha256[row] for row in chosen),
            groups=tuple(self.groups[rows].tolist()),
        )


def read_pool(
    folders: Sequence[Path],
    test_only: Sequence[Path],
    *,
    grouping: str = Grouping.AUTO,
    positive: str | None = None,
    negative: str | None = None,
    corrections: Corrections | None = None,
    listener: Listener,
) -> Pool:
    """Find, fingerprint and group the photos; each folder is a source and gives it its name.

    Photos that can't be read, and copies with contradictory labels, are left out and told.

    Raises:
        DataError: Two folders have one name, or a source lacks a class or photos.
    """
    listener.step("fingerprint the photos")
    found = _Found(photos=[], prints=[], files=[])
    for name, folder in _named([*folders, *test_only]).items():
        found.add(name, discover([folder], positive=positive, negative=negative), listener)
    found.correct(corrections, listener)
    copies = copy_numbers(found.prints)
    kept = _usable(found, copies, listener)
    photos = [found.photos[index] for index in kept]
    prints = [found.prints[index] for index in kept]
    numbers = group_photos(
        photos, prints, [copies[index] for index in kept], grouping=Grouping.named(grouping)
    ).numbers
    first: dict[int, str] = {}
    groups = [
        first.setdefault(number, f"{photo.source}/{photo.path}")
        for number, photo in zip(numbers, photos, strict=True)
    ]
    return Pool(
        photos=PhotoSet(
            paths=tuple(found.files[index] for index in kept),
            labels=np.array([photo.label.number for photo in photos], dtype=np.int64),
            sources=tuple(photo.source for photo in photos),
        ),
        names=tuple(photo.path for photo in photos),
        sha256=tuple(one.sha256 for one in prints),
        groups=np.array(groups, dtype=np.str_),
        trained=tuple(_source_name(folder) for folder in folders),
        tested=tuple(_source_name(folder) for folder in test_only),
    )


@dataclass(slots=True, kw_only=True)
class _Found:
    """What lies in the folders, before anything is left out."""

    photos: list[LabelledPhoto]
    prints: list[Fingerprint]
    files: list[Path]

    def add(self, name: str, dataset: Dataset, listener: Listener) -> None:
        listener.note(f"{name}: {_counts(dataset)}")
        self.prints += fingerprint_photos(dataset, progress=listener.progress)
        self.photos += [replace(photo, source=name) for photo in dataset.photos]
        self.files += [dataset.absolute(photo) for photo in dataset.photos]

    def correct(self, corrections: Corrections | None, listener: Listener) -> None:
        """Label photos as they were seen, copies across sources too; leave out what can't be told."""
        # The paths are used as names only: a root that they all share is not needed.
        names = Dataset(root=Path(), photos=tuple(self.photos))
        corrected = apply_corrections(names, self.prints, corrections)
        if corrected is not None:
            files = dict(zip(((one.source, one.path) for one in self.photos), self.files, strict=True))
            self.photos, self.prints = list(corrected.dataset.photos), corrected.fingerprints
            self.files = [files[photo.source, photo.path] for photo in self.photos]
            listener.note(corrected.counts.sentence())


def _usable(found: _Found, copies: Sequence[int], listener: Listener) -> list[int]:
    labels = [photo.label for photo in found.photos]
    differing = {index for members in copies_that_differ(copies, labels) for index in members}
    if unreadable := sum(one.error is not None for one in found.prints):
        listener.note(f"{unreadable:,} files can't be read and are left out")
    if differing:
        listener.note(f"{len(differing):,} copies that carry both labels are left out")
    return [index for index, one in enumerate(found.prints) if one.error is None and index not in differing]


def _named(folders: Sequence[Path]) -> dict[str, Path]:
    named = {_source_name(folder): folder for folder in folders}
    if len(named) < len(folders):
        counted = Counter(map(_source_name, folders))
        twice = ", ".join(name for name, count in counted.items() if count > 1)
        raise DataError(f"several folders are called {twice}; sources are told apart by name")
    return named


def _source_name(folder: Path) -> str:
    parts = folder.absolute().parts
    return next((name for name in reversed(parts) if not is_layout_name(name)), folder.name)


def _counts(dataset: Dataset) -> str:
    return " and ".join(f"{count:,} {label}" for label, count in dataset.counts().items()) + " photos"
