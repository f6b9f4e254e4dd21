"""A head that moves only as far as the site's photos say."""

from __future__ import annotations

import numpy as np
import pytest

from crackscope.adaptation.fit import fit_site, grouped_folds, held_out_margins
from crackscope.adaptation.head import REACHES, Evidence, Head, HeadSpace
from crackscope.errors import DataError

SIZE = 40
OLD = Head(weight=np.eye(SIZE)[0], bias=0.0)


def make_evidence(
    n: int,
    *,
    told_by: int = 0,
    strength: float = 3.0,
    shift: float = 0.0,
    seed: int = 0,
    labelled: bool = True,
) -> Evidence:
    """Rows whose feature ``told_by`` tells the label; every feature is moved by ``shift``."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    embeddings = rng.normal(size=(n, SIZE)) + shift
    embeddings[:, told_by] += strength * (labels - 0.5)
    return Evidence(
        features=embeddings,
        labels=labels,
        groups=np.array([f"photo {index // 2}" for index in range(n)]),
        labelled=np.full(n, labelled),
        real=np.full(n, labelled) | (labels == 0),
    )


def accuracy(logits: np.ndarray, evidence: Evidence) -> float:
    return float(((logits >= 0) == (evidence.labels == 1)).mean())


def test_without_reach_only_scale_and_offset_of_the_old_head_change() -> None:
    head = HeadSpace.of(make_evidence(60, shift=4.0), OLD).fit(0.0)
    np.testing.assert_allclose(head.weight / head.weight[0], OLD.weight, atol=1e-9)
    assert head.weight[0] > 0
    assert head.bias == pytest.approx(-4.0 * head.weight[0], abs=0.5 * head.weight[0])


def test_a_moved_threshold_is_found_where_the_old_head_ranks_well() -> None:
    test = make_evidence(400, shift=4.0, seed=1)
    fit = fit_site(make_evidence(40, shift=4.0), OLD, seed=0)
    assert accuracy(OLD.logits(test.features), test) == pytest.approx(0.5, abs=0.05)
    assert accuracy(fit.head.logits(test.features) - fit.cut, test) > 0.88


def test_a_head_that_knows_nothing_of_the_site_is_replaced() -> None:
    test = make_evidence(400, told_by=7, strength=5.0, seed=1)
    fit = fit_site(make_evidence(100, told_by=7, strength=5.0), OLD, seed=0)
    assert fit.reach > 0
    assert accuracy(fit.head.logits(test.features) - fit.cut, test) > 0.9


def test_a_good_head_is_kept_where_labels_add_nothing() -> None:
    fit = fit_site(make_evidence(40), OLD, seed=0)
    assert fit.reach == REACHES[0]


def test_the_folded_head_is_the_regression_it_came_from() -> None:
    evidence = make_evidence(30, shift=2.0)
    space = HeadSpace.of(evidence, OLD)
    everything = [np.arange(15), np.arange(15, 30)]
    # Each half is held out once, so a fit on the other half has to give these logits.
    logits = space.held_out_logits(3.0, everything)
    assert np.isfinite(logits).all()
    assert accuracy(space.fit(3.0).logits(evidence.features), evidence) > accuracy(logits, evidence) - 0.05


@pytest.mark.parametrize(("labelled", "moves"), [(True, "trunk_weight"), (False, "embedding_weight")])
def test_labels_speak_about_the_trunk_and_painted_cracks_about_the_embedding(
    labelled: bool, moves: str
) -> None:
    start = Head(weight=OLD.weight, bias=0.0, trunk_size=15)
    evidence = make_evidence(100, labelled=labelled)
    head = HeadSpace.of(evidence, start).fit(3.0)
    scale = head.weight[0] if labelled else None
    kept = "embedding_weight" if labelled else "trunk_weight"
    assert getattr(head, moves).astype(bool).all()
    np.testing.assert_allclose(getattr(head, kept), 0 if scale is None else scale * start.embedding_weight)


def test_a_label_that_only_the_trunk_tells_is_learned() -> None:
    start = Head(weight=OLD.weight, bias=0.0, trunk_size=15)
    test = make_evidence(400, told_by=SIZE - 1, strength=5.0, seed=1)
    fit = fit_site(make_evidence(100, told_by=SIZE - 1, strength=5.0), start, seed=0)
    assert accuracy(fit.head.logits(test.features) - fit.cut, test) > 0.9


def test_no_group_is_on_both_sides_of_a_fold() -> None:
    evidence = make_evidence(60)
    for held_out in grouped_folds(evidence, seed=0):
        rest = np.setdiff1d(np.arange(60), held_out)
        assert not set(evidence.groups[held_out]) & set(evidence.groups[rest])


def test_two_places_per_class_are_the_least() -> None:
    evidence = make_evidence(10)
    one_photo = Evidence(
        features=evidence.features,
        labels=evidence.labels,
        groups=np.full(10, "the same photo"),
        labelled=evidence.labelled,
        real=evidence.real,
    )
    with pytest.raises(DataError, match="at least 2 groups"):
        fit_site(one_photo, OLD, seed=0)


def test_without_labels_a_tenth_of_the_healthy_photos_is_above_the_cut() -> None:
    evidence = make_evidence(200, labelled=False)
    fit = fit_site(evidence, OLD, seed=0)
    above = fit.logits[evidence.labels == 0] > fit.cut
    assert above.mean() == pytest.approx(0.1, abs=0.01)


def test_classes_and_kinds_weigh_the_same() -> None:
    labelled, painted = make_evidence(20), make_evidence(120, labelled=False)
    weights = {
        "labelled": labelled.weights(),
        "painted": painted.weights(),
    }
    for evidence, weight in zip((labelled, painted), weights.values(), strict=True):
        assert weight[evidence.labels == 1].sum() == pytest.approx(weight[evidence.labels == 0].sum())


def test_margins_of_pure_noise_are_no_better_than_chance() -> None:
    evidence = make_evidence(80, strength=0.0)
    margins = held_out_margins(evidence, OLD, seed=0)
    assert accuracy(margins, evidence) == pytest.approx(0.5, abs=0.17)


def test_the_same_seed_gives_the_same_fit() -> None:
    first, second = (fit_site(make_evidence(40, told_by=3), OLD, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.head.weight, second.head.weight)
