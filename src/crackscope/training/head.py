"""Stage 1: fit the dense output on cached embeddings; seconds instead of a pass over the photos per epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from crackscope.training.batches import balance_weights
from crackscope.training.history import EpochRow
from crackscope.training.network import CrackNetwork
from crackscope.training.recipe import Balance, Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledEmbeddings:
    """Embeddings of N photos in V views, with what is needed to weigh them.

    Attributes:
        values: (N, V, D) float32.
        labels: (N,) int64, 0 Negative, 1 Positive.
        sources: The data set of each photo.
    """

    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    sources: tuple[str, ...]

    def weights(self, balance: Balance) -> NDArray[np.float64]:
        """How much each photo counts, with mean 1."""
        return balance_weights(self.labels, self.sources, balance)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadFit:
    """The dense output for embeddings as they come from the network (the standardisation is folded in).

    Attributes:
        weight: (D,) float32.
        bias: Of the logit.
        history: One row per epoch.
        best_epoch: The epoch these weights are of: the one of least validation loss.
    """

    weight: NDArray[np.float32]
    bias: float
    history: tuple[EpochRow, ...]
    best_epoch: int

    def logits(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """(N, D) to (N,)."""
        return np.asarray(embeddings @ self.weight + np.float32(self.bias), dtype=np.float32)

    def install(self, network: CrackNetwork) -> None:
        """Put it into a network."""
        with torch.no_grad():
            network.head.weight.copy_(torch.from_numpy(self.weight)[None])
            network.head.bias.fill_(self.bias)


def fit_head(
    train: LabelledEmbeddings,
    validation: LabelledEmbeddings,
    recipe: Recipe,
    *,
    on_epoch: Callable[[EpochRow], None] | None = None,
) -> HeadFit:
    """Adam on binary cross-entropy over standardised embeddings, stopped early on the validation photos.

    The same arguments give the same result on the same kind of CPU, whatever the number of threads.
    """
    with _one_thread():
        return _fit(train, validation, recipe, on_epoch)


@contextmanager
def _one_thread() -> Iterator[None]:
    # The steps are so small that handing them out costs more than it saves: two threads took twice as long.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _fit(
    train: LabelledEmbeddings,
    validation: LabelledEmbeddings,
    recipe: Recipe,
    on_epoch: Callable[[EpochRow], None] | None,
) -> HeadFit:
    mean, std = _scale_of(train.values)
    images = _tensors(train, recipe.data.balance, mean, std)
    judge = _tensors(validation, recipe.data.balance, mean, std)
    head = nn.Linear(len(mean), 1)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    optimizer = torch.optim.Adam(head.parameters(), lr=recipe.head.learning_rate)
    generator = torch.Generator().manual_seed(recipe.run.seed)
    history: list[EpochRow] = []
    best, best_epoch = _copy(head), 0
    for epoch in range(recipe.head.epochs):
        tally = _run_epoch(head, optimizer, images, recipe, generator)
        history.append(_row(epoch, tally, _judge(head, judge), recipe))
        if on_epoch:
            on_epoch(history[-1])
        if history[-1].validation_loss < history[best_epoch].validation_loss or epoch == 0:
            best, best_epoch = _copy(head), epoch
        if epoch - best_epoch >= recipe.head.patience:
            break
    weight, bias = _fold(best, mean, std)
    return HeadFit(weight=weight, bias=bias, history=tuple(history), best_epoch=best_epoch)


_Batch = tuple[Tensor, Tensor, Tensor]


def _scale_of(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    flat = values.reshape(-1, values.shape[-1])
    std = flat.std(axis=0, dtype=np.float64)
    # A feature that never moves says nothing; dividing by its zero would.
    std = np.where(std > 1e-6, std, np.inf)
    return flat.mean(axis=0, dtype=np.float64).astype(np.float32), std.astype(np.float32)


def _tensors(
    data: LabelledEmbeddings, balance: Balance, mean: NDArray[np.float32], std: NDArray[np.float32]
) -> _Batch:
    views = data.values.shape[1]
    scaled = (data.values - mean) / std
    labels = np.repeat(data.labels, views).astype(np.float32)
    weights = np.repeat(data.weights(balance), views).astype(np.float32)
    return (
        torch.from_numpy(scaled).flatten(0, 1),
        torch.from_numpy(labels),
        torch.from_numpy(weights),
    )


def _run_epoch(
    head: nn.Linear,
    optimizer: torch.optim.Optimizer,
    train: _Batch,
    recipe: Recipe,
    generator: torch.Generator,
) -> tuple[float, float]:
    """One pass in a new order; mean loss and accuracy as the head was when it met each batch."""
    count, loss_sum, hits = len(train[0]), 0.0, 0.0
    for rows in torch.split(torch.randperm(count, generator=generator), recipe.head.batch_size):
        batch = train[0][rows], train[1][rows], train[2][rows]
        optimizer.zero_grad()
        loss, accuracy = _loss_and_accuracy(head, batch)
        torch.autograd.backward(loss + recipe.head.l2 * head.weight.square().sum())
        optimizer.step()
        loss_sum += float(loss.detach()) * len(rows)
        hits += accuracy * len(rows)
    return loss_sum / count, hits / count


def _loss_and_accuracy(head: nn.Linear, batch: _Batch) -> tuple[Tensor, float]:
    images, labels, weights = batch
    logits = head(images)[:, 0]
    hits = (logits.detach() >= 0) == (labels >= 0.5)
    loss = functional.binary_cross_entropy_with_logits(logits, labels, weights)
    return loss, float(hits.float().mean())


@torch.no_grad()
def _judge(head: nn.Linear, validation: _Batch) -> tuple[float, float]:
    loss, accuracy = _loss_and_accuracy(head, validation)
    return float(loss), accuracy


def _row(epoch: int, train: tuple[float, float], validation: tuple[float, float], recipe: Recipe) -> EpochRow:
    return EpochRow(
        stage="head",
        epoch=epoch,
        train_loss=train[0],
        train_accuracy=train[1],
        validation_loss=validation[0],
        validation_accuracy=validation[1],
        learning_rate=recipe.head.learning_rate,
    )


def _copy(head: nn.Linear) -> tuple[Tensor, Tensor]:
    return head.weight.detach()[0].clone(), head.bias.detach().clone()


def _fold(
    head: tuple[Tensor, Tensor], mean: NDArray[np.float32], std: NDArray[np.float32]
) -> tuple[NDArray[np.float32], float]:
    weight = head[0].double().numpy() / std.astype(np.float64)
    return weight.astype(np.float32), float(head[1].double().item() - weight @ mean.astype(np.float64))
