"""Which labels are doubted, most doubtful first: every opinion on a photo beside the label it came with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crackscope.auditing.confident import WrongShare, learn_confidently
from crackscope.auditing.features import PhotoFeatures
from crackscope.auditing.opinions import neighbour_shares, out_of_fold_scores
from crackscope.dataset.copies import copies_that_differ, copy_numbers
from crackscope.dataset.groups import Grouping, group_photos
from crackscope.dataset.records import Dataset, Fingerprint, LabelledPhoto
from crackscope.errors import DataError
from crackscope.labels import Label


class Reason(StrEnum):
    """Why a label is doubted, strongest first."""

    CONTRADICTORY = "a copy has the other label"
    MODEL = "the model disagrees"
    HELD_OUT = "a head that has not seen the photo disagrees"
    NEIGHBOURS = "most neighbours have the other label"
    CONFIDENT = "confident learning takes it for wrong"
    NO_EVIDENCE = "no crack visible at full resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelDoubt:
    """What is known of one photo's label.

    Attributes:
        photo: With the label it came with.
        sha256: Of the file.
        doubt: 0 to 1: how likely the other label is, the mean of the three opinions.
        held_out: The score by a head that has not seen the photo's group.
        model: The model's score.
        neighbours: The share of Positive among its nearest neighbours.
        copy: A number, the same for copies.
        reasons: Empty: not doubted.
    """

    photo: LabelledPhoto
    sha256: str
    doubt: float
    held_out: float
    model: float
    neighbours: float
    copy: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDoubt:
    """One data set: its photos by label, how many are doubted, and the expected share of wrong labels."""

    source: str
    photos: dict[Label, int]
    doubted: dict[Label, int]
    wrong: dict[Label, WrongShare]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAudit:
    """Photos of all data sets, doubted ones first and by doubt; and what was left out, with the reason."""

    doubts: tuple[LabelDoubt, ...]
    sources: tuple[SourceDoubt, ...]
    left_out: tuple[str, ...]

    def doubted(self) -> list[LabelDoubt]:
        """The photos that a person should look at: of copies that agree, the first only."""
        seen: set[tuple[int, Label]] = set()
        found = []
        for one in self.doubts:
            if one.reasons and (one.copy, one.photo.label) not in seen:
                seen.add((one.copy, one.photo.label))
                found.append(one)
        return found


def audit_labels(
    dataset: Dataset,
    fingerprints: Sequence[Fingerprint],
    features: PhotoFeatures,
    *,
    grouping: Grouping = Grouping.AUTO,
    seed: int = 0,
) -> LabelAudit:
    """Doubt the labels of each data set by itself: what is odd in one may be usual in another.

    Args:
        dataset: N photos.
        fingerprints: N.
        features: Of the photos that a model could read.
        grouping: What is held out together.
        seed: Of folds and resamples.

    Returns:
        Without `Reason.NO_EVIDENCE`, which takes a second look: see `add_evidence`.
    """
    copies = np.array(copy_numbers(fingerprints))
    groups = np.array(group_photos(dataset.photos, fingerprints, copies.tolist(), grouping=grouping).numbers)
    labels = [photo.label for photo in dataset.photos]
    contradictory = {index for members in copies_that_differ(copies.tolist(), labels) for index in members}
    places = {int(row): place for place, row in enumerate(features.rows)}
    doubts, sources, left_out = [], [], []
    for source in sorted({photo.source for photo in dataset.photos}):
        rows = np.array([row for row in places if dataset.photos[row].source == source], dtype=np.intp)
        try:
            found = _Opinions.of(rows, [places[row] for row in rows], dataset, groups, features, seed)
        except DataError as error:
            left_out.append(f"{source}: {error}")
            continue
        of_source = found.doubts(dataset, fingerprints, copies, contradictory)
        doubts += of_source
        sources.append(_summary(source, of_source, found.wrong))
    doubts.sort(key=lambda one: (not one.reasons, -one.doubt, one.photo.path))
    return LabelAudit(doubts=tuple(doubts), sources=tuple(sources), left_out=tuple(left_out))


def add_evidence(audit: LabelAudit, without: Collection[str]) -> LabelAudit:
    """The audit with `Reason.NO_EVIDENCE` at the photos of these paths."""
    doubts = [
        replace(one, reasons=(*one.reasons, Reason.NO_EVIDENCE)) if one.photo.path in without else one
        for one in audit.doubts
    ]
    return replace(audit, doubts=tuple(doubts))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opinions:
    """Of M photos of one data set; scores and shares are of Positive."""

    rows: NDArray[np.intp]
    labels: NDArray[np.int64]
    held_out: NDArray[np.float64]
    neighbours: NDArray[np.float64]
    model: NDArray[np.float64]
    disagrees: NDArray[np.bool_]
    issues: NDArray[np.bool_]
    wrong: dict[Label, WrongShare]

    @classmethod
    def of(
        cls,
        rows: NDArray[np.intp],
        places: Sequence[int],
        dataset: Dataset,
        groups: NDArray[np.intp],
        features: PhotoFeatures,
        seed: int,
    ) -> _Opinions:
        given = [dataset.photos[row].label for row in rows]
        labels = np.array([label.number for label in given], dtype=np.int64)
        numbers = np.unique(groups[rows], return_inverse=True)[1].astype(np.int64)
        values, predictions = features.values[list(places)], [features.predictions[place] for place in places]
        held_out = out_of_fold_scores(values, labels, numbers, seed=seed)
        neighbours = neighbour_shares(values, labels, numbers)
        model = np.array([prediction.score for prediction in predictions])
        # No single opinion is told apart from its own mistakes; together they are far surer.
        found = learn_confidently(labels, (held_out + neighbours + model) / 3, numbers, seed=seed)
        return cls(
            rows=rows,
            labels=labels,
            held_out=held_out,
            neighbours=neighbours,
            model=model,
            disagrees=np.array(
                [one.label is not label for one, label in zip(predictions, given, strict=True)],
                dtype=np.bool_,
            ),
            issues=found.issues,
            wrong=found.wrong,
        )

    def doubts(
        self,
        dataset: Dataset,
        fingerprints: Sequence[Fingerprint],
        copies: NDArray[np.intp],
        contradictory: set[int],
    ) -> list[LabelDoubt]:
        chances = (self.held_out + self.neighbours + self.model) / 3
        doubt = np.where(self.labels == 1, 1 - chances, chances)
        positive = self.labels == 1
        says = {
            Reason.CONTRADICTORY: np.isin(self.rows, sorted(contradictory)),
            Reason.MODEL: self.disagrees,
            Reason.HELD_OUT: (self.held_out >= 0.5) != positive,
            Reason.NEIGHBOURS: np.where(positive, 1 - self.neighbours, self.neighbours) > 0.5,
            Reason.CONFIDENT: self.issues,
        }
        return [
            LabelDoubt(
                photo=dataset.photos[row],
                sha256=fingerprints[row].sha256,
                # One of the two labels is wrong, and nothing tells which.
                doubt=max(float(doubt[place]), 0.5) if row in contradictory else float(doubt[place]),
                held_out=float(self.held_out[place]),
                model=float(self.model[place]),
                neighbours=float(self.neighbours[place]),
                copy=int(copies[row]),
                reasons=tuple(reason for reason, flags in says.items() if flags[place]),
            )
            for place, row in enumerate(self.rows.tolist())
        ]


def _summary(source: str, doubts: Sequence[LabelDoubt], wrong: dict[Label, WrongShare]) -> SourceDoubt:
    photos = Counter(one.photo.label for one in doubts)
    doubted = Counter(one.photo.label for one in doubts if one.reasons)
    return SourceDoubt(
        source=source,
        photos={label: photos[label] for label in Label},
        doubted={label: doubted[label] for label in Label},
        wrong=wrong,
    )
