"""Two models on the same photos: who is better, or that nobody can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from crackscope.errors import DataError, NoPhotosError, SettingsError
from crackscope.evaluation.compare import COMPARED, Comparison, compare
from crackscope.evaluation.evaluate import ScoredPhotos, score_photos
from crackscope.evaluation.photos import GroupedPhoto, find_labelled_photos
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label, decide
from crackscope.records import Failure, Outcome, Prediction


def _scored(
    labels: np.ndarray, scores: np.ndarray, *, groups: np.ndarray | None = None, threshold: float = 0.5
) -> ScoredPhotos:
    numbers = np.arange(labels.size) if groups is None else groups
    photos = tuple(
        GroupedPhoto(
            path=f"{index}.png",
            file=Path(f"{index}.png"),
            truth=list(Label)[label],
            group=str(numbers[index]),
        )
        for index, label in enumerate(labels)
    )
    outcomes: tuple[Outcome, ...] = tuple(
        Prediction(path=photo.path, label=decide(score, threshold), score=score, threshold=threshold)
        for photo, score in zip(photos, scores.tolist(), strict=True)
    )
    return ScoredPhotos(
        model="model", identity="", threshold=threshold, band=None, photos=photos, outcomes=outcomes
    )


def _pair(seed: int, gain: float, n: int = 600) -> tuple[ScoredPhotos, ScoredPhotos]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, n)
    shared = generator.normal(size=n)
    weak = np.clip(0.5 + 0.1 * (labels - 0.5) + 0.15 * shared, 0, 1)
    strong = np.clip(0.5 + (0.1 + gain) * (labels - 0.5) + 0.15 * shared, 0, 1)
    return _scored(labels, weak), _scored(labels, strong)


def _better(found: Comparison, metric: str) -> str | None:
    return next(one.better for one in found.differences if one.metric == metric)


def test_a_model_that_is_clearly_better_is_named() -> None:
    weak, strong = _pair(0, gain=0.3)
    forth, back = compare(weak, strong, n_resamples=500), compare(strong, weak, n_resamples=500)

    for metric in ("accuracy", "balanced_accuracy", "auroc", "log_loss", "brier"):
        assert (_better(forth, metric), _better(back, metric)) == ("B", "A"), metric
    assert forth.verdict().startswith("B is better by balanced accuracy: B - A is +0.")
    assert "A is better by AUROC: B - A is -0." in back.verdict()
    assert forth.mcnemar_p < 1e-6


def test_every_compared_metric_has_both_values_and_their_difference() -> None:
    found = compare(*_pair(0, gain=0.1), prior=0.1, n_resamples=100)

    assert tuple(one.metric for one in found.differences) == COMPARED
    for one in found.differences:
        assert one.difference == pytest.approx(one.b - one.a)
        assert one.low < one.difference < one.high


def test_a_model_and_itself_are_the_same() -> None:
    weak, _ = _pair(0, gain=0.0)
    found = compare(weak, weak, n_resamples=100)

    assert all(
        one.difference == 0 and one.low is None and one.better is None for one in found.differences[:5]
    )
    assert (found.only_a_right, found.only_b_right, found.mcnemar_p) == (0, 0, 1)
    assert found.verdict() == "A and B label all 600 photos alike. Their AUROC is the same."


def test_models_that_differ_by_chance_are_rarely_told_apart() -> None:
    named = 0
    for seed in range(30):
        generator = np.random.default_rng(seed)
        labels = generator.integers(0, 2, 200)
        a, b = (np.clip(generator.normal(0.3 + 0.4 * labels, 0.3), 0, 1) for _ in range(2))
        found = compare(_scored(labels, a), _scored(labels, b), n_resamples=60, seed=seed)
        named += _better(found, "balanced_accuracy") is not None

    assert named <= 6  # 5 % of 30 are 1.5; more than 6 would happen once in 1,700 times


def test_four_photos_are_too_few_to_tell_models_apart() -> None:
    # B is right on four photos more and wrong on none: a bootstrap alone leaves 0 out.
    labels = np.repeat([0, 1], 100)
    good = np.where(labels, 0.9, 0.1)
    worse = good.copy()
    worse[[0, 1, 100, 101]] = 1 - worse[[0, 1, 100, 101]]
    found = compare(_scored(labels, worse), _scored(labels, good), n_resamples=500)

    assert not found.enough_differ
    assert _better(found, "accuracy") is None
    assert found.mcnemar_p == 0.125
    assert "Only 4 of 200 photos are labelled differently." in found.verdict()
    worse[[2, 3, 102, 103]] = 1 - worse[[2, 3, 102, 103]]
    assert _better(compare(_scored(labels, worse), _scored(labels, good)), "accuracy") == "B"


def test_many_photos_of_one_group_count_once() -> None:
    labels = np.repeat([0, 1], 100)
    good = np.where(labels, 0.9, 0.1)
    worse = np.where(np.arange(200) % 100 < 50, 1 - good, good)  # half of each class, one source photo
    groups = np.where(np.arange(200) % 100 < 50, 0, np.arange(200))
    apart = compare(_scored(labels, worse), _scored(labels, good))
    together = compare(_scored(labels, worse, groups=groups), _scored(labels, good, groups=groups))

    assert _better(apart, "accuracy") == "B"
    assert _better(together, "accuracy") is None
    assert apart.mcnemar_p == together.mcnemar_p < 1e-9  # takes photos for independent, and says so


def test_mcnemar_is_the_binomial_test_of_the_photos_labelled_differently() -> None:
    found = compare(*_pair(1, gain=0.05), n_resamples=50)

    assert found.only_a_right + found.only_b_right > 0
    total = found.only_a_right + found.only_b_right
    assert found.mcnemar_p == pytest.approx(binomtest(found.only_b_right, total).pvalue)


def test_each_model_decides_at_its_own_threshold() -> None:
    labels, scores = np.array([0, 0, 1, 1]), np.array([0.1, 0.3, 0.4, 0.9])
    found = compare(_scored(labels, scores), _scored(labels, scores, threshold=0.35), n_resamples=20)

    assert [found.differences[0].a, found.differences[0].b] == [0.75, 1.0]
    assert (found.only_a_right, found.only_b_right) == (0, 1)


def test_photos_that_one_model_could_not_score_are_left_out_of_both() -> None:
    a, b = _pair(0, gain=0.1, n=50)
    failed = (Failure(path="0.png", error="gone"), *b.outcomes[1:])
    b = ScoredPhotos(model="b", identity="", threshold=0.5, band=None, photos=b.photos, outcomes=failed)
    found = compare(a, b, n_resamples=20)

    assert (found.photos, found.left_out) == (49, 1)


def test_one_class_or_one_group_is_compared_as_far_as_it_goes() -> None:
    labels = np.ones(30, dtype=int)
    scores = np.linspace(0.2, 0.9, 30)
    one_class = compare(_scored(labels, scores), _scored(labels, scores**2), n_resamples=50)

    assert "By AUROC they can't be compared" in one_class.verdict()
    together = np.zeros(30, dtype=int)
    one_group = compare(
        _scored(labels, scores, groups=together), _scored(labels, scores**2, groups=together), n_resamples=50
    )
    assert all(one.better is None for one in one_group.differences)


def test_scores_of_few_groups_tell_nothing() -> None:
    labels = np.tile([0, 1], 27)
    good, bad = np.where(labels, 0.9, 0.1), np.where(labels, 0.6, 0.4)
    few, many = np.arange(54) // 6, np.arange(54) // 2
    for groups, better in ((few, None), (many, "B")):
        found = compare(
            _scored(labels, bad + 0.001 * np.arange(54), groups=groups),
            _scored(labels, good, groups=groups),
            n_resamples=100,
        )
        assert _better(found, "brier") == better


def test_other_photos_or_none_are_refused() -> None:
    a, b = _pair(0, gain=0.1, n=20)
    with pytest.raises(DataError, match="the same photos"):
        compare(a, _pair(1, gain=0.1, n=20)[0])
    failures = tuple(Failure(path=photo.path, error="gone") for photo in b.photos)
    gone = ScoredPhotos(model="b", identity="", threshold=0.5, band=None, photos=b.photos, outcomes=failures)
    with pytest.raises(NoPhotosError, match="by both models"):
        compare(a, gone)
    with pytest.raises(SettingsError, match="at least 1 resample"):
        compare(a, b, n_resamples=0)


def test_real_models_are_compared(data: Path, classifier: CrackClassifier, other_model: Path) -> None:
    photos = find_labelled_photos([data])
    scored = [score_photos(model, photos) for model in (classifier, CrackClassifier.load(other_model))]
    found = compare(*scored, n_resamples=50)

    assert (found.photos, found.groups) == (12, 11)
    assert next(one for one in found.differences if one.metric == "auroc").difference == 0
    assert found.only_a_right > found.only_b_right
