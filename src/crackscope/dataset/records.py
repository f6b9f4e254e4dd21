"""What the dataset room hands out: labelled photos, fingerprints, and the manifest of a split."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from crackscope.labels import Label


class Part(StrEnum):
    """What a photo may be used for.

    ``calibration`` photos fit calibration, threshold and review band and are used for nothing else: not for
    training, early stopping or choosing a stage. ``test`` photos are read once, after all that is locked.
    """

    TRAIN = "train"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo of a folder.

    Attributes:
        path: POSIX path relative to the folder's root.
        source: The data set it comes from, such as ``metu`` or ``sdnet2018``: for balancing and reports.
        part: Given by the folder layout (``train/``, ``valid/``, ``test/``); ``None`` where it is not.
    """

    path: str
    source: str
    part: Part | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPhoto(Photo):
    """A photo of a data set, with its label."""

    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Labelled photos below one root folder, sorted by path.

    Attributes:
        root: Folder that the photos' paths are relative to.
        unlabelled: Images below the folder that no class folder contains; they are not used.
    """

    root: Path
    photos: tuple[LabelledPhoto, ...]
    unlabelled: int = 0

    def absolute(self, photo: LabelledPhoto) -> Path:
        """Where the photo lies on this machine."""
        return self.root / photo.path

    def counts(self) -> dict[Label, int]:
        """Photos per class, both classes always present."""
        found = Counter(photo.label for photo in self.photos)
        return {label: found[label] for label in Label}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What is known of a photo's content without its label.

    Attributes:
        path: The photo's path in its `Dataset`.
        sha256: 64 hex digits; empty where the file could not be read at all.
        dhash: 256-bit difference hash as 32 bytes: whether each pixel of ``thumbnail`` is darker than its
            right neighbour. Empty where the file has an ``error``, like all that follows.
        thumbnail: 16 rows of 17 grey levels, as 272 bytes.
        size_hw: Height and width in pixels, upright.
        mean_rgb: Mean level per channel, 0..255.
        std_rgb: Standard deviation per channel, in levels.
        error: Why the photo can't be used; ``None`` where it can.
    """

    path: str
    sha256: str = ""
    dhash: bytes = b""
    thumbnail: bytes = b""
    size_hw: tuple[int, int] = (0, 0)
    mean_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRow:
    """One line of ``manifest.csv``: which photo is in which part, by group."""

    path: str
    label: Label
    group: str
    part: Part
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A split: rows sorted by path, relative to ``root``."""

    root: Path
    rows: tuple[ManifestRow, ...]

    def of(self, part: Part) -> tuple[ManifestRow, ...]:
        """The rows of one part, in path order."""
        return tuple(row for row in self.rows if row.part is part)
