"""What a model says of photos whatever their labels: poor, unfamiliar, most and least likely cracked."""

from __future__ import annotations

from collections.abc import Sequence

from crackscope.auditing.features import PhotoFeatures
from crackscope.dataset.audit import Finding, Kind
from crackscope.dataset.records import Photo
from crackscope.labels import ReviewReason

#: Of the most and of the least likely cracked.
EXTREMES = 20

_KINDS = {
    ReviewReason.POOR_IMAGE_QUALITY: Kind.POOR,
    ReviewReason.UNFAMILIAR: Kind.UNFAMILIAR,
}


def findings_of_model(photos: Sequence[Photo], features: PhotoFeatures) -> list[Finding]:
    """Findings for an audit, by kind; most and least likely ones by score, at most `EXTREMES` of each."""
    paths = [photos[row].path for row in features.rows]
    scored = sorted(zip(features.predictions, paths, strict=True), key=lambda pair: (-pair[0].score, pair[1]))
    shown = min(EXTREMES, len(scored) // 2)
    found = [
        Finding(kind=_KINDS[prediction.reason], paths=(path,), detail=f"score {prediction.score:.3f}")
        for prediction, path in scored
        if prediction.reason in _KINDS
    ]
    for kind, pairs in ((Kind.MOST_LIKELY, scored[:shown]), (Kind.LEAST_LIKELY, scored[::-1][:shown])):
        found += [
            Finding(kind=kind, paths=(path,), detail=f"score {prediction.score:.3f}")
            for prediction, path in pairs
        ]
    return found
