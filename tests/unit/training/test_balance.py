from __future__ import annotations

import numpy as np
import pytest

from crackscope.training.batches import balance_weights

LABELS = np.array([0, 0, 0, 1, 0, 1, 1, 1])
SOURCES = ["a", "a", "a", "a", "b", "b", "c", "c"]


def test_none_counts_every_photo_the_same() -> None:
    assert balance_weights(LABELS, SOURCES, "none").tolist() == [1.0] * 8


def test_class_gives_both_classes_the_same_sum() -> None:
    labels = np.array([0] * 9 + [1])
    weights = balance_weights(labels, ["a"] * 10, "class")
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 1].sum())
    assert weights.mean() == pytest.approx(1)


def test_source_and_class_gives_every_source_the_same_sum_and_its_classes_equal_halves() -> None:
    weights = balance_weights(LABELS, SOURCES, "source+class")
    sums = {source: weights[np.array(SOURCES) == source].sum() for source in "abc"}
    assert sums == pytest.approx(dict.fromkeys("abc", 8 / 3))
    assert weights[:3].sum() == pytest.approx(weights[3])


def test_one_class_alone_is_no_reason_to_fail() -> None:
    assert balance_weights(np.zeros(4, dtype=np.int64), ["a"] * 4, "class").tolist() == [1.0] * 4
