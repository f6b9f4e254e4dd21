"""The parts of the data, ready to train on: photos, labels, sources, groups and hashes, in a fixed order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crackscope.dataset.records import Manifest, ManifestRow, Part
from crackscope.training.batches import PhotoSet


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPhotos:
    """Photos of one part.

    Attributes:
        name: Which part.
        photos: Paths, labels and sources.
        sha256: Of each photo.
        groups: The group of each photo, for folds and intervals.
    """

    name: Part
    photos: PhotoSet
    sha256: tuple[str, ...]
    groups: tuple[str, ...]

    def sample(self, count: int) -> PartPhotos:
        """About ``count`` photos, evenly over the part."""
        step = max(1, len(self.photos) // count)
        kept = slice(None, None, step)
        photos = PhotoSet(
            paths=self.photos.paths[kept], labels=self.photos.labels[kept], sources=self.photos.sources[kept]
        )
        return PartPhotos(name=self.name, photos=photos, sha256=self.sha256[kept], groups=self.groups[kept])

    def describe(self) -> str:
        """For records of what something was fitted on."""
        sources = " + ".join(sorted(set(self.photos.sources)))
        count, groups = len(self.photos), len(set(self.groups))
        return f"{self.name} part of {sources} ({count:,} photos in {groups:,} groups)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What fits a model. The test part is in the manifest only: no step of training can look at it."""

    manifest: Manifest
    train: PartPhotos
    validation: PartPhotos
    calibration: PartPhotos


def make_parts(manifest: Manifest, sources: Mapping[str, str]) -> Parts:
    """Parts of a manifest.

    Args:
        manifest: The split.
        sources: The data set of each photo, by path.
    """
    return Parts(
        manifest=manifest,
        train=_part(manifest, Part.TRAIN, sources),
        validation=_part(manifest, Part.VALIDATION, sources),
        calibration=_part(manifest, Part.CALIBRATION, sources),
    )


def _part(manifest: Manifest, name: Part, sources: Mapping[str, str]) -> PartPhotos:
    rows: tuple[ManifestRow, ...] = manifest.of(name)
    photos = PhotoSet(
        paths=tuple(Path(manifest.root, row.path) for row in rows),
        labels=np.array([row.label.number for row in rows], dtype=np.int64),
        sources=tuple(sources[row.path] for row in rows),
    )
    return PartPhotos(
        name=name,
        photos=photos,
        sha256=tuple(row.sha256 for row in rows),
        groups=tuple(row.group for row in rows),
    )
