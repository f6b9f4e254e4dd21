from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from crackscope.training.head import HeadFit, LabelledEmbeddings, fit_head
from crackscope.training.history import EpochRow
from crackscope.training.network import CrackNetwork
from crackscope.training.recipe import Recipe
from crackscope.training.recipe_file import load_recipe


def two_clouds(count: int, *, seed: int, views: int = 1, apart: float = 2.0) -> LabelledEmbeddings:
    """Two Gaussian clouds that overlap, on a scale and at a place that a head has to cope with."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    values = rng.normal(size=(count, views, 6)) + apart * labels[:, None, None] * np.array([1, 0, 0, 0, 0, 0])
    values = values * np.array([100, 1, 0.01, 1, 1, 0]) + np.array([5000, 0, 3, 0, 0, 7])
    return LabelledEmbeddings(
        values=values.astype(np.float32), labels=labels.astype(np.int64), sources=("clouds",) * count
    )


def fit(recipe: Recipe | None = None, **data: LabelledEmbeddings) -> HeadFit:
    parts = {"train": two_clouds(600, seed=0), "validation": two_clouds(300, seed=1), **data}
    return fit_head(parts["train"], parts["validation"], recipe or load_recipe())


def test_it_finds_what_a_solver_of_the_same_loss_finds() -> None:
    train, test = two_clouds(600, seed=0), two_clouds(2000, seed=2)
    to_the_end = load_recipe(
        "default",
        {
            "head.epochs": 400,
            "head.patience": 400,
            "head.l2": 0,
            "head.learning_rate": 0.05,
            "head.batch_size": 600,
        },
    )
    found = fit(to_the_end, validation=train).logits(test.values[:, 0])
    moving = train.values[:, 0, :5]
    mean, std = moving.mean(axis=0), moving.std(axis=0)
    solver = LogisticRegression(C=1e4).fit((moving - mean) / std, train.labels)
    theirs = solver.decision_function((test.values[:, 0, :5] - mean) / std)
    assert np.corrcoef(found, theirs)[0, 1] > 0.999
    assert abs(((found > 0) == test.labels).mean() - ((theirs > 0) == test.labels).mean()) < 0.01


def test_the_network_gives_the_logits_of_the_fit() -> None:
    network = CrackNetwork("test_efficientnet", mean=(0.5,) * 3, std=(0.5,) * 3).eval()
    rng = np.random.default_rng(0)
    head = HeadFit(
        weight=rng.normal(size=network.embedding_size).astype(np.float32), bias=0.5, history=(), best_epoch=0
    )
    head.install(network)
    embeddings = rng.normal(size=(5, network.embedding_size)).astype(np.float32)
    with torch.inference_mode():
        found = network.head(torch.from_numpy(embeddings))[:, 0].numpy()
    np.testing.assert_allclose(found, head.logits(embeddings), atol=1e-5)


def test_the_same_data_and_seed_give_the_same_head() -> None:
    first, second = fit(), fit()
    np.testing.assert_array_equal(first.weight, second.weight)
    assert first.bias == second.bias
    assert first.history == second.history


def test_threads_change_neither_the_head_nor_the_setting() -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        found = fit()
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        np.testing.assert_array_equal(fit().weight, found.weight)
    finally:
        torch.set_num_threads(threads)


def test_another_seed_gives_another_head() -> None:
    assert not np.array_equal(fit().weight, fit(load_recipe("default", {"run.seed": 1})).weight)


def test_it_keeps_the_epoch_of_least_validation_loss() -> None:
    found = fit()
    losses = [row.validation_loss for row in found.history]
    assert losses[found.best_epoch] == min(losses)
    logits = found.logits(two_clouds(300, seed=1).values[:, 0])
    labels = two_clouds(300, seed=1).labels
    loss = np.mean(np.logaddexp(0, logits) - labels * logits)
    assert loss == pytest.approx(min(losses), abs=1e-4)


def test_it_stops_when_patience_is_over() -> None:
    found = fit(load_recipe("default", {"head.patience": 3, "head.learning_rate": 0.03, "head.epochs": 5000}))
    assert len(found.history) == found.best_epoch + 4


def test_a_feature_that_never_moves_gets_no_weight() -> None:
    assert fit().weight[5] == 0


def test_class_balance_moves_the_bias_of_an_uneven_set_to_the_middle() -> None:
    full = two_clouds(1200, seed=0)
    kept = np.flatnonzero((full.labels == 0) | (np.arange(1200) % 12 == 1))
    uneven = LabelledEmbeddings(
        values=full.values[kept], labels=full.labels[kept], sources=("clouds",) * len(kept)
    )
    test = two_clouds(2000, seed=3)

    def positive_share(balance: str) -> float:
        head = fit(load_recipe("default", {"data.balance": balance}), train=uneven)
        return float((head.logits(test.values[:, 0]) > 0).mean())

    assert positive_share("none") < 0.35
    assert positive_share("class") == pytest.approx(0.5, abs=0.06)


def test_every_view_of_a_photo_is_learned_from() -> None:
    # The second view alone carries the label.
    rng = np.random.default_rng(0)
    labels = np.arange(400) % 2
    values = rng.normal(size=(400, 2, 3)).astype(np.float32)
    values[:, 1, 0] += 4 * labels
    train = LabelledEmbeddings(values=values, labels=labels, sources=("x",) * 400)
    judge = dataclasses.replace(train, values=values[:, 1:])
    found = fit_head(train, judge, load_recipe())
    assert ((found.logits(judge.values[:, 0]) > 0) == labels).mean() > 0.9


def test_epochs_are_told_as_they_end() -> None:
    rows: list[EpochRow] = []
    found = fit_head(
        two_clouds(100, seed=0),
        two_clouds(100, seed=1),
        load_recipe("default", {"head.epochs": 4}),
        on_epoch=rows.append,
    )
    assert tuple(rows) == found.history
    assert [row.epoch for row in rows] == [0, 1, 2, 3]
    assert {row.stage for row in rows} == {"head"}
