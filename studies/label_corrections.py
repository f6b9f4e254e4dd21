"""Whether training on corrected labels helps: as published, corrected, and with doubted photos left out.

A linear head is fitted on the features of a model's trunk, in the same grouped folds for every set of labels;
five folds and three seeds. Held-out photos are judged by the labels as published and by the corrected ones.
The features are those of a model that was trained on published labels (the shipped detector, unless --model
names another), so that what the labels have done to the features stays the same in every row.

    python -m studies.label_corrections
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from crackscope.auditing.doubt import audit_labels
from crackscope.auditing.features import read_features
from crackscope.dataset.copies import copy_numbers
from crackscope.dataset.corrections import read_corrections, what_was_seen
from crackscope.dataset.discover import discover
from crackscope.dataset.fingerprints import fingerprint_photos
from crackscope.dataset.groups import group_photos
from crackscope.dataset.records import Dataset
from crackscope.evaluation.metrics import compute_metrics
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label
from studies.site_kit import DATA

SOURCES = ("metu", "sdnet2018")
LABELS = ("as published", "corrected", "doubted left out")
SEEDS = (0, 1, 2)
FOLDS = 5

#: In place of a label: the photo is not used.
LEFT_OUT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """N photos of one source; every set of labels is (N,) 0, 1 or `LEFT_OUT`."""

    features: NDArray[np.float32]
    groups: NDArray[np.str_]
    labels: dict[str, NDArray[np.int64]]


def some_of(dataset: Dataset, most: int | None) -> Dataset:
    """At most so many photos of each class, drawn by chance."""
    if most is None:
        return dataset
    rng = np.random.default_rng(0)
    kept: set[int] = set()
    for label in Label:
        rows = [row for row, photo in enumerate(dataset.photos) if photo.label is label]
        kept |= {int(row) for row in rng.permutation(rows)[:most]}
    return replace(dataset, photos=tuple(dataset.photos[row] for row in sorted(kept)))


def read_source(
    classifier: CrackClassifier, folder: Path, corrections: str, most: int | None = None
) -> Photos:
    dataset = some_of(discover([folder]), most)
    prints = fingerprint_photos(dataset)
    copies = copy_numbers(prints)
    features = read_features(classifier, [dataset.absolute(photo) for photo in dataset.photos])
    published = np.array([photo.label.number for photo in dataset.photos], dtype=np.int64)
    doubted = {one.photo.path for one in audit_labels(dataset, prints, features).doubts if one.reasons}
    corrected, certain = published.copy(), published.copy()
    seen = what_was_seen(prints, copies, read_corrections(corrections))
    for row, what in enumerate(seen):
        if what is not None:
            corrected[row] = LEFT_OUT if what.label is None else what.label.number
        if dataset.photos[row].path in doubted:
            certain[row] = LEFT_OUT
    groups = group_photos(dataset.photos, prints, copies).numbers
    rows = features.rows
    return Photos(
        features=features.values,
        groups=np.array([f"{folder.name} {groups[row]}" for row in rows]),
        labels={
            name: labels[rows] for name, labels in zip(LABELS, (published, corrected, certain), strict=True)
        },
    )


def joined(sources: Sequence[Photos]) -> Photos:
    return Photos(
        features=np.concatenate([one.features for one in sources]),
        groups=np.concatenate([one.groups for one in sources]),
        labels={name: np.concatenate([one.labels[name] for one in sources]) for name in LABELS},
    )


def held_out_scores(photos: Photos, trained_on: str, seed: int) -> NDArray[np.float64]:
    """(N,) of every photo by a head that has not seen its group; the folds know only published labels."""
    published, labels = photos.labels[LABELS[0]], photos.labels[trained_on]
    scores = np.empty(len(labels))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for rest, held_out in folds.split(photos.features, published, photos.groups):
        used = rest[labels[rest] != LEFT_OUT]
        if np.unique(labels[used]).size < 2:
            scores[held_out] = 0.5  # with one class left there is nothing to learn
            continue
        head = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
        head.fit(photos.features[used], labels[used])
        scores[held_out] = head.predict_proba(photos.features[held_out])[:, 1]
    return scores


def rows(photos: Photos) -> Iterator[str]:
    for trained_on in LABELS:
        scores = [held_out_scores(photos, trained_on, seed) for seed in SEEDS]
        cells = []
        for judged_by in LABELS[:2]:
            labels = photos.labels[judged_by]
            kept = labels != LEFT_OUT
            found = [compute_metrics(labels[kept], one[kept], threshold=0.5) for one in scores]
            for name in ("balanced_accuracy", "auroc"):
                values = [getattr(one, name) for one in found]
                cells.append(f"{np.mean(values):.4f} ± {np.std(values):.4f}")
        yield f"| {trained_on} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="whose features; without it the shipped detector's")
    parser.add_argument(
        "--corrections", action="append", help="of METU, then of SDNET2018; without it those that ship"
    )
    parser.add_argument("--most", type=int, help="photos of a class and source; without it all")
    options = parser.parse_args()
    classifier = CrackClassifier.load(options.model)
    names = options.corrections or list(SOURCES)
    sources = [
        read_source(classifier, DATA / source, name, options.most)
        for source, name in zip(SOURCES, names, strict=True)
    ]
    for title, photos in (
        ("METU", sources[0]),
        ("SDNET2018 walls", sources[1]),
        ("METU and SDNET2018 walls", joined(sources)),
    ):
        print(f"\n{title}\n")
        print("| trained on labels | BA, published | AUROC, published | BA, corrected | AUROC, corrected |")
        print("|---|---|---|---|---|")
        for row in rows(photos):
            print(row)


if __name__ == "__main__":
    main()
