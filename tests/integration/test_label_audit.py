"""Wrong labels planted among real photos are found, through the shipped detector and the whole audit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from crackscope.auditing.audit import audit_with_model
from crackscope.auditing.features import read_features
from crackscope.dataset.corrections import apply_corrections, read_corrections
from crackscope.dataset.discover import discover
from crackscope.dataset.fingerprints import fingerprint_photos
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label


@pytest.mark.slow
def test_wrong_labels_planted_in_metu_come_first(real_data: Path) -> None:
    whole = discover([real_data / "metu"])
    rng = np.random.default_rng(0)
    some = dataclasses.replace(
        whole, photos=tuple(whole.photos[row] for row in np.sort(rng.choice(len(whole.photos), 2000, False)))
    )
    # METU's own wrong labels would come first too, and rightly.
    clean = apply_corrections(some, fingerprint_photos(some), read_corrections("metu"))
    assert clean is not None
    photos = list(clean.dataset.photos)
    wrong = set()
    for row in rng.choice(len(photos), 60, replace=False):
        other = Label.NEGATIVE if photos[row].label is Label.POSITIVE else Label.POSITIVE
        photos[row] = dataclasses.replace(photos[row], label=other)
        wrong.add(photos[row].path)
    dataset = dataclasses.replace(clean.dataset, photos=tuple(photos))
    classifier = CrackClassifier.load()
    features = read_features(classifier, [dataset.absolute(photo) for photo in dataset.photos])
    found = audit_with_model(classifier, dataset, clean.fingerprints, features)
    first = {one.photo.path for one in found.doubts[: len(photos) // 20]}
    assert len(first & wrong) >= 0.9 * len(wrong)
    [source] = found.sources
    for share in source.wrong.values():
        assert share.value == pytest.approx(0.03, abs=0.02)
