"""The parts of the data, ready to train on: photos, labels, sources, groups and hashes, in a fixed order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crackscope.dataset.records import Manifest, ManifestRow
from crackscope.dataset.records import Part as PartName
from crackscope.errors import MissingClassError
from crackscope.labels import Label
from crackscope.training.batches import PhotoSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Photos of one part.

    Attributes:
        name: Which part.
        photos: Paths, labels and sources.
        sha256: Of each photo.
        groups: The group of each photo, for folds and intervals.
    """

    name: PartName
    photos: PhotoSet
    sha256: tuple[str, ...]
    groups: tuple[str, ...]

    def sample(self, count: int) -> Part:
        """About ``count`` photos, evenly over the part."""
        step = max(1, len(self.photos) // count)
        kept = slice(None, None, step)
        photos = PhotoSet(
            paths=self.photos.paths[kept], labels=self.photos.labels[kept], sources=self.photos.sources[kept]
        )
        return Part(name=self.name, photos=photos, sha256=self.sha256[kept], groups=self.groups[kept])

    def describe(self) -> str:
        """For records of what something was fitted on."""
        sources = " + ".join(sorted(set(self.photos.sources)))
        count, groups = len(self.photos), len(set(self.groups))
        return f"{self.name} part of {sources} ({count:,} photos in {groups:,} groups)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What each step of a run may look at."""

    train: Part
    validation: Part
    calibration: Part
    test: Part

    def all(self) -> tuple[Part, ...]:
        """In the order of a run."""
        return self.train, self.validation, self.calibration, self.test


def make_parts(manifest: Manifest, sources: Mapping[str, str]) -> Parts:
    """Parts of a manifest.

    Args:
        manifest: The split.
        sources: The data set of each photo, by path.

    Raises:
        MissingClassError: A part lacks a class: too few photos or groups for four parts.
    """
    parts = Parts(
        train=_part(manifest, PartName.TRAIN, sources),
        validation=_part(manifest, PartName.VALIDATION, sources),
        calibration=_part(manifest, PartName.CALIBRATION, sources),
        test=_part(manifest, PartName.TEST, sources),
    )
    for part in parts.all():
        _require_both_classes(part)
    return parts


def _part(manifest: Manifest, name: PartName, sources: Mapping[str, str]) -> Part:
    rows: tuple[ManifestRow, ...] = manifest.of(name)
    photos = PhotoSet(
        paths=tuple(Path(manifest.root, row.path) for row in rows),
        labels=np.array([row.label.number for row in rows], dtype=np.int64),
        sources=tuple(sources[row.path] for row in rows),
    )
    return Part(
        name=name,
        photos=photos,
        sha256=tuple(row.sha256 for row in rows),
        groups=tuple(row.group for row in rows),
    )


def _require_both_classes(part: Part) -> None:
    counts = Counter(part.photos.labels.tolist())
    missing = [str(label) for label in Label if not counts[label.number]]
    if missing:
        raise MissingClassError(
            f"the {part.name} part has no {' and no '.join(missing)} photo: the data has too few groups for "
            "four parts; add photos, or give that part a larger share (data.shares)"
        )
