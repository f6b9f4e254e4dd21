"""Look a data set over before it is used: what can't be read, is there twice, or stands out."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.copies import copies_that_differ, copy_numbers, members_by_number
from crackscope.dataset.records import Dataset, Fingerprint, LabelledPhoto
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
    """What was found; ``findings`` by kind, then path, and ``sizes`` in photos per (height, width)."""

    dataset: Dataset
    fingerprints: tuple[Fingerprint, ...]
    classes: tuple[ClassSummary, ...]
    sizes: Counter[tuple[int, int]]
    findings: tuple[Finding, ...]

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        """The findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind is kind)


def audit_dataset(dataset: Dataset, fingerprints: Sequence[Fingerprint]) -> Audit:
    """Look over the photos by their fingerprints, one per photo in the same order.

    Near copies of which some are exact are reported as both.
    """
    findings = [*_unreadable(fingerprints), *_copies(dataset, fingerprints)]
    for members in _by_source(dataset.photos, fingerprints):
        findings += [*_odd_sizes(members), *_outliers(members)]
    order = list(Kind)
    return Audit(
        dataset=dataset,
        fingerprints=tuple(fingerprints),
        classes=_class_summaries(dataset, fingerprints),
        sizes=Counter(one.size_hw for one in fingerprints if one.error is None),
        findings=tuple(sorted(findings, key=lambda finding: (order.index(finding.kind), finding.paths))),
    )


def _unreadable(fingerprints: Iterable[Fingerprint]) -> list[Finding]:
    return [
        Finding(kind=Kind.UNREADABLE, paths=(one.path,), detail=one.error)
        for one in fingerprints
        if one.error is not None
    ]


def _copies(dataset: Dataset, fingerprints: Sequence[Fingerprint]) -> list[Finding]:
    copies = copy_numbers(fingerprints)
    contents = [one.sha256 for one in fingerprints]
    numbers_of_content: dict[str, int] = {}
    exact = [
        index if one.error is not None else numbers_of_content.setdefault(one.sha256, index)
        for index, one in enumerate(fingerprints)
    ]
    groups = {
        Kind.CONTRADICTORY: copies_that_differ(copies, [photo.label for photo in dataset.photos]),
        Kind.EXACT: [members for members in members_by_number(exact) if len(members) > 1],
        Kind.NEAR: copies_that_differ(copies, contents),
    }
    return [
        Finding(kind=kind, paths=tuple(sorted(dataset.photos[index].path for index in members)))
        for kind, found in groups.items()
        for members in found
    ]


def _by_source(
    photos: Sequence[LabelledPhoto], fingerprints: Sequence[Fingerprint]
) -> list[list[Fingerprint]]:
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


def _class_summaries(dataset: Dataset, fingerprints: Sequence[Fingerprint]) -> tuple[ClassSummary, ...]:
    members: dict[tuple[str, Label], list[Fingerprint]] = defaultdict(list)
    for photo, one in zip(dataset.photos, fingerprints, strict=True):
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
