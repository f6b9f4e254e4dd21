"""A label audit: one pass of a model, every opinion, and a second look at what is doubted."""

from __future__ import annotations

from collections.abc import Sequence

from crackscope.auditing.doubt import LabelAudit, add_evidence, audit_labels
from crackscope.auditing.evidence import without_evidence
from crackscope.auditing.features import PhotoFeatures, Progress
from crackscope.dataset.groups import Grouping
from crackscope.dataset.records import Dataset, Fingerprint
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label


def audit_with_model(
    classifier: CrackClassifier,
    dataset: Dataset,
    fingerprints: Sequence[Fingerprint],
    features: PhotoFeatures,
    *,
    grouping: Grouping = Grouping.AUTO,
    seed: int = 0,
    progress: Progress | None = None,
) -> LabelAudit:
    """`audit_labels`, and whether doubted Positive photos show anything at full resolution.

    Args:
        classifier: The one that gave the features.
        dataset: N photos.
        fingerprints: N.
        features: Of the photos that could be read.
        grouping: What is held out together.
        seed: Of folds and resamples.
        progress: Told (photos looked at again, photos).
    """
    found = audit_labels(dataset, fingerprints, features, grouping=grouping, seed=seed)
    doubted = {one.photo.path for one in found.doubts if one.reasons and one.photo.label is Label.POSITIVE}
    rows = [row for row, photo in enumerate(dataset.photos) if photo.path in doubted]
    without = without_evidence(classifier, dataset, rows, progress=progress)
    return add_evidence(found, {dataset.photos[row].path for row in without})
