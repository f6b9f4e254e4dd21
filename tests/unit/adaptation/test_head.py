"""The dense output and its evidence: parts of the features, weights of the rows, and the space of the fit."""

from __future__ import annotations

import numpy as np
import pytest

from crackscope.adaptation.head import REACHES, Evidence, Head, HeadSpace

SIZE, TRUNK = 6, 4
START = Head(weight=np.eye(SIZE + TRUNK)[0], bias=0.5, trunk_size=TRUNK)


def evidence(n: int = 40, *, labelled: int, seed: int = 0) -> Evidence:
    """``labelled`` rows of people, the others healthy ones with and without paint; classes in turn."""
    labels = np.arange(n) % 2
    features = np.random.default_rng(seed).normal(size=(n, SIZE + TRUNK))
    features[:, [1, SIZE + 1]] += 3 * (labels[:, None] - 0.5)
    given = np.arange(n) < labelled
    return Evidence(
        features=features,
        labels=labels,
        groups=np.array([f"photo {row // 4}" for row in range(n)]),
        labelled=given,
        real=given | (labels == 0),
    )


def test_a_head_reads_the_embedding_and_the_trunk_to_its_right() -> None:
    head = Head(weight=np.arange(10.0), bias=-1.0, trunk_size=TRUNK)
    assert head.embedding_weight.tolist() == [0, 1, 2, 3, 4, 5]
    assert head.trunk_weight.tolist() == [6, 7, 8, 9]
    assert head.logits(np.eye(10)).tolist() == [weight - 1 for weight in range(10)]
    assert Head(weight=np.arange(3.0), bias=0.0).trunk_weight.size == 0


def test_both_classes_and_both_kinds_of_rows_weigh_the_same() -> None:
    rows = evidence(30, labelled=12)
    rows = rows[np.flatnonzero(rows.labels | (np.arange(30) % 3 > 0))]
    weights = rows.weights()
    assert weights.mean() == pytest.approx(1)
    shares = [
        weights[(rows.labelled == kind) & (rows.labels == label)].sum()
        for kind in (True, False)
        for label in (0, 1)
    ]
    assert shares == pytest.approx([len(rows) / 4] * 4)


def test_a_class_that_is_not_there_weighs_nothing() -> None:
    rows = evidence(20, labelled=20)
    only = rows[rows.labels == 1]
    assert only.weights() == pytest.approx(np.ones(10))


def test_labelled_rows_judge_and_without_any_all_do() -> None:
    assert evidence(20, labelled=6).judged.sum() == 6
    assert evidence(20, labelled=0).judged.all()


@pytest.mark.parametrize(("labelled", "moves"), [(40, slice(SIZE, None)), (0, slice(SIZE))])
def test_labels_speak_about_the_trunk_and_paint_about_the_embedding(labelled: int, moves: slice) -> None:
    head = HeadSpace.of(evidence(labelled=labelled), START).fit(3.0)
    moved = head.weight - START.weight * (head.weight @ START.weight)
    still = np.ones(SIZE + TRUNK, dtype=bool)
    still[moves] = False
    assert np.abs(moved[moves]).max() > 0.1
    assert moved[still][1:] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("reach", REACHES)
def test_the_head_that_is_fitted_says_in_features_what_the_regression_said(reach: float) -> None:
    rows = evidence(labelled=40)
    space = HeadSpace.of(rows, START)
    weight, bias = space._regress(space._features(reach), np.arange(40))
    expected = space._features(reach) @ weight + bias
    np.testing.assert_allclose(space.fit(reach).logits(rows.features), expected, atol=1e-9)


def test_a_row_is_judged_by_a_fit_that_has_not_seen_it() -> None:
    rows = evidence(labelled=40)
    space = HeadSpace.of(rows, START)
    other = Evidence(
        features=rows.features,
        labels=np.where(np.isin(np.arange(40), [0, 2, 4]), 1, rows.labels),
        groups=rows.groups,
        labelled=rows.labelled,
        real=rows.real,
    )
    folds = [np.arange(20), np.arange(20, 40)]
    first = space.held_out_logits(1.0, folds)[:20]
    second = HeadSpace.of(other, START).held_out_logits(1.0, folds)[:20]
    # The labels of the first twenty changed, and no answer about them.
    assert rows.labels[:20].tolist() != other.labels[:20].tolist()
    np.testing.assert_allclose(first, second, atol=1e-9)
