"""Labels are doubted by what other photos say; the photos here are points, so that the truth is known."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from crackscope.auditing.doubt import LabelAudit, Reason, add_evidence, audit_labels
from crackscope.auditing.features import PhotoFeatures
from crackscope.auditing.table import write_labels_csv
from crackscope.dataset.records import Dataset, Fingerprint
from crackscope.labels import Label, decide
from crackscope.records import Prediction
from tests.unit.dataset.prints import made_up


def photos(
    n: int, *, planted: int, separation: float = 4.0, seed: int = 0
) -> tuple[Dataset, list[Fingerprint], PhotoFeatures, set[str]]:
    """Half of each class in 16 dimensions; ``planted`` labels of either class are wrong, and are named."""
    rng = np.random.default_rng(seed)
    dataset, prints = made_up({str(label): [f"{label}{i}" for i in range(n // 2)] for label in Label})
    truth = np.array([photo.label.number for photo in dataset.photos])
    wrong = rng.choice(n, planted, replace=False)
    truth[wrong] = 1 - truth[wrong]
    values = rng.normal(size=(n, 16)) + separation * (truth[:, None] - 0.5) / 2
    scores = 1 / (1 + np.exp(-(values.mean(axis=1) * 4 + rng.normal(scale=1, size=n))))
    features = PhotoFeatures(
        rows=np.arange(n),
        values=values.astype(np.float32),
        predictions=tuple(
            Prediction(path=photo.path, label=decide(score, 0.5), score=float(score), threshold=0.5)
            for photo, score in zip(dataset.photos, scores, strict=True)
        ),
    )
    return dataset, prints, features, {dataset.photos[index].path for index in wrong}


def audited(n: int = 400, planted: int = 12) -> tuple[LabelAudit, set[str]]:
    dataset, prints, features, wrong = photos(n, planted=planted)
    return audit_labels(dataset, prints, features), wrong


def test_planted_wrong_labels_come_first() -> None:
    found, wrong = audited(2000, 60)
    first = {one.photo.path for one in found.doubts[:100]}  # 5 % of the photos
    assert len(first & wrong) >= 54  # 90 % of the wrong labels


def test_the_expected_share_of_wrong_labels_is_near_the_planted_one() -> None:
    found, _ = audited(2000, 60)
    [source] = found.sources
    for wrong in source.wrong.values():
        assert wrong.low is not None
        assert wrong.high is not None
        assert wrong.low <= 0.03 <= wrong.high
        assert wrong.value == pytest.approx(0.03, abs=0.015)


def test_doubted_photos_come_before_all_others_and_carry_reasons() -> None:
    found, wrong = audited()
    flags = [bool(one.reasons) for one in found.doubts]
    assert flags == sorted(flags, reverse=True)
    reasons = {reason for one in found.doubts if one.photo.path in wrong for reason in one.reasons}
    assert {Reason.HELD_OUT, Reason.NEIGHBOURS, Reason.MODEL} <= reasons


def test_a_copy_with_the_other_label_is_doubted_whatever_the_model_says() -> None:
    dataset, prints, features, _ = photos(200, planted=0)
    prints[150] = dataclasses.replace(prints[3], path=prints[150].path)  # a Positive copy of a Negative
    found = audit_labels(dataset, prints, features)
    by_path = {one.photo.path: one for one in found.doubts}
    for index in (3, 150):
        one = by_path[dataset.photos[index].path]
        assert Reason.CONTRADICTORY in one.reasons
        assert one.doubt >= 0.5


def test_of_copies_that_agree_one_is_looked_at() -> None:
    dataset, prints, features, wrong = photos(200, planted=6)
    path = sorted(wrong)[0]
    index = next(i for i, photo in enumerate(dataset.photos) if photo.path == path)
    twin = index + 1 if dataset.photos[index + 1].label is dataset.photos[index].label else index - 1
    prints[twin] = dataclasses.replace(prints[index], path=prints[twin].path)
    features.values[twin] = features.values[index]
    shown = [one.photo.path for one in audit_labels(dataset, prints, features).doubted()]
    assert len({dataset.photos[index].path, dataset.photos[twin].path} & set(shown)) == 1


def test_a_source_with_too_few_groups_is_left_out_with_the_reason() -> None:
    dataset, prints, features, _ = photos(4, planted=0)
    prints = [dataclasses.replace(one, sha256=one.sha256) for one in prints]
    alone = dataclasses.replace(dataset, photos=dataset.photos[:3])
    some = PhotoFeatures(
        rows=features.rows[:3], values=features.values[:3], predictions=features.predictions[:3]
    )
    found = audit_labels(alone, prints[:3], some)
    assert found.doubts == ()
    assert "expected at least 2 of each class" in found.left_out[0]


def test_photos_the_model_could_not_read_are_not_judged() -> None:
    dataset, prints, features, _ = photos(200, planted=6)
    kept = np.arange(10, 200)
    some = PhotoFeatures(rows=kept, values=features.values[kept], predictions=features.predictions[10:])
    assert len(audit_labels(dataset, prints, some).doubts) == 190


def test_the_table_has_every_photo_in_the_order_of_doubt(tmp_path: Path) -> None:
    found, _ = audited(100, 4)
    first = found.doubts[0].photo.path
    write_labels_csv(tmp_path / "labels.csv", add_evidence(found, {first}))
    lines = (tmp_path / "labels.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 101
    assert lines[1].startswith(f"{first},made,")
    assert Reason.NO_EVIDENCE in lines[1]


def test_the_same_photos_give_the_same_ranking() -> None:
    assert audited()[0] == audited()[0]
