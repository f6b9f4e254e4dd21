"""Look a data set over before it is used: what can't be read, is there twice, or stands out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.copies import copies_that_differ, copy_numbers, members_by_number
from crackscope.dataset.records import Dataset, Fingerprint, LabelledPhoto, Photo
from crackscope.labels import Label

#: Robust standard deviations from the data set's median at which a photo's colours stand out: four of METU's
#: 21,000 files, twelve of bridge's 800.
OUTLIER_FROM = 5.0

# A data set cut into patches has one size; below this share of the commonest, sizes vary and none is odd.
_UNIFORM_SHARE = 0.9

# A finer spread than this is not seen: one grey level, and a twentieth of the contrast.
_LEAST_SPREAD = np.array([1.0, 1.0, 1.0, 0.05])


class Kind(StrEnum):
    """What an audit can find in a file, most serious first."""

    UNREADABLE = "unreadable"
    CONTRADICTORY = "copies with contradictory labels"
    EXACT = "exact copies"
    NEAR = "near copies"
    ODD_SIZE = "odd size"
    OUTLIER = "colours stand out"
    POOR = "poor image quality"
    UNFAMILIAR = "unfamiliar"
    MOST_LIKELY = "most likely cracked"
    LEAST_LIKELY = "least likely cracked"


#: What only a model can say; absent from an audit without one.
SEEN_BY_MODEL = (Kind.POOR, Kind.UNFAMILIAR, Kind.MOST_LIKELY, Kind.LEAST_LIKELY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Files with one thing in common: the members of a group of copies, or a single file.

    Attributes:
        paths: In path order.
        detail: What was seen, in a few words; may be empty.
    """

    kind: Kind
    paths: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassSummary:
    """One class of one data set; medians over its readable photos, in grey levels (0..255)."""

    source: str
    label: Label
    photos: int
    brightness: float
    contrast: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found.

    Attributes:
        root: Folder that the photos' paths are relative to.
        photos: With or without labels.
        fingerprints: Of each photo.
        classes: Empty where there are no labels.
        sizes: Photos per (height, width).
        findings: By kind, then in the order they were found in.
    """

    root: Path
    photos: tuple[Photo, ...]
    fingerprints: tuple[Fingerprint, ...]
    classes: tuple[ClassSummary, ...]
    sizes: Counter[tuple[int, int]]
    findings: tuple[Finding, ...]

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        """The findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind is kind)


def audit_dataset(
    dataset: Dataset, fingerprints: Sequence[Fingerprint], *, seen_by_model: Sequence[Finding] = ()
) -> Audit:
    """Look over a labelled data set; see `audit_photos`."""
    return audit_photos(dataset.root, dataset.photos, fingerprints, seen_by_model=seen_by_model)


def audit_photos(
    root: Path,
    photos: Sequence[Photo],
    fingerprints: Sequence[Fingerprint],
    *,
    seen_by_model: Sequence[Finding] = (),
) -> Audit:
    """Look over photos by their fingerprints, one per photo in the same order.

    Near copies of which some are exact are reported as both. What a model saw in the photos is joined.
    """
    findings = [*_unreadable(fingerprints), *_copies(photos, fingerprints)]
    for members in _by_source(photos, fingerprints):
        findings += [*_odd_sizes(members), *_outliers(members)]
    order = list(Kind)
    findings.sort(key=lambda finding: (order.index(finding.kind), finding.paths))
    findings += sorted(seen_by_model, key=lambda finding: order.index(finding.kind))
    return Audit(
        root=root,
        photos=tuple(photos),
        fingerprints=tuple(fingerprints),
        classes=_class_summaries(photos, fingerprints),
        sizes=Counter(one.size_hw for one in fingerprints if one.error is None),
        findings=tuple(findings),
    )


def _unreadable(fingerprints: Iterable[Fingerprint]) -> list[Finding]:
    return [
        Finding(kind=Kind.UNREADABLE, paths=(one.path,), detail=one.error)
        for one in fingerprints
        if one.error is not None
    ]


def _copies(photos: Sequence[Photo], fingerprints: Sequence[Fingerprint]) -> list[Finding]:
    copies = copy_numbers(fingerprints)
    contents = [one.sha256 for one in fingerprints]
    numbers_of_content: dict[str, int] = {}
    exact = [
        index if one.error is not None else numbers_of_content.setdefault(one.sha256, index)
        for index, one in enumerate(fingerprints)
    ]
    groups = {
        Kind.CONTRADICTORY: copies_that_differ(copies, [_label(photo) for photo in photos]),
        Kind.EXACT: [members for members in members_by_number(exact) if len(members) > 1],
        Kind.NEAR: copies_that_differ(copies, contents),
    }
    return [
        Finding(kind=kind, paths=tuple(sorted(photos[index].path for index in members)))
        for kind, found in groups.items()
        for members in found
    ]


def _by_source(photos: Sequence[Photo], fingerprints: Sequence[Fingerprint]) -> list[list[Fingerprint]]:
    """The readable photos of each data set: what is odd in one may be usual in another."""
    members: dict[str, list[Fingerprint]] = defaultdict(list)
    for photo, one in zip(photos, fingerprints, strict=True):
        if one.error is None:
            members[photo.source].append(one)
    return list(members.values())


def _odd_sizes(members: Sequence[Fingerprint]) -> list[Finding]:
    usual, count = Counter(one.size_hw for one in members).most_common(1)[0]
    if count < _UNIFORM_SHARE * len(members):
        return []
    return [
        Finding(
            kind=Kind.ODD_SIZE,
            paths=(one.path,),
            detail=f"{one.size_hw[1]} x {one.size_hw[0]} px; the others {usual[1]} x {usual[0]}",
        )
        for one in members
        if one.size_hw != usual
    ]


def _outliers(members: Sequence[Fingerprint]) -> list[Finding]:
    features = _colour_features(members)
    deviation = features - np.median(features, axis=0)
    # 1.4826 makes the median deviation a standard deviation where values are normal.
    spread = np.maximum(1.4826 * np.median(np.abs(deviation), axis=0), _LEAST_SPREAD)
    scores = deviation / spread
    words = (("darker", "brighter"), ("greener", "redder"), ("greener", "bluer"), ("flatter", "harsher"))
    found = []
    for one, score in zip(members, scores, strict=True):
        worst = int(np.argmax(np.abs(score)))
        if abs(score[worst]) >= OUTLIER_FROM:
            detail = f"{words[worst][int(score[worst] > 0)]} than the others, by {abs(score[worst]):.0f} sd"
            found.append(Finding(kind=Kind.OUTLIER, paths=(one.path,), detail=detail))
    return found


def _colour_features(members: Sequence[Fingerprint]) -> NDArray[np.float64]:
    """Per photo: brightness, red over green, blue over green, and the logarithm of contrast."""
    mean = np.array([one.mean_rgb for one in members])
    contrast = np.array([one.std_rgb for one in members]).mean(axis=1)
    red, green, blue = mean.T
    return np.stack([mean.mean(axis=1), red - green, blue - green, np.log1p(contrast)], axis=1)


def _label(photo: Photo) -> Label | None:
    return photo.label if isinstance(photo, LabelledPhoto) else None


def _class_summaries(
    photos: Sequence[Photo], fingerprints: Sequence[Fingerprint]
) -> tuple[ClassSummary, ...]:
    members: dict[tuple[str, Label], list[Fingerprint]] = defaultdict(list)
    for photo, one in zip(photos, fingerprints, strict=True):
        if isinstance(photo, LabelledPhoto):
            members[photo.source, photo.label].append(one)
    summaries = []
    for (source, label), found in sorted(members.items()):
        readable = [one for one in found if one.error is None]
        summaries.append(
            ClassSummary(
                source=source,
                label=label,
                photos=len(found),
                brightness=_median([one.mean_rgb for one in readable]),
                contrast=_median([one.std_rgb for one in readable]),
            )
        )
    return tuple(summaries)


def _median(values_rgb: Sequence[tuple[float, float, float]]) -> float:
    return float(np.median(np.mean(values_rgb, axis=1))) if values_rgb else float("nan")
