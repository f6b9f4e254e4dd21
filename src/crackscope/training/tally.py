"""Loss and hits of an epoch, counted batch by batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits


@dataclass(slots=True, kw_only=True)
class Tally:
    """Sums over the photos of an epoch so far; ``loss`` is weighted, ``weight`` is what to divide it by."""

    loss: float = 0.0
    correct: float = 0.0
    weight: float = 0.0
    photos: float = 0.0

    @property
    def mean_loss(self) -> float:
        """The weighted mean loss."""
        return self.loss / self.weight

    @property
    def accuracy(self) -> float:
        """The share of photos on the right side of logit 0."""
        return self.correct / self.photos

    def count(self, logits: Tensor, labels: Tensor, weights: Tensor) -> None:
        """Add a batch: (N,) logits, labels 0 or 1, and weights."""
        losses = binary_cross_entropy_with_logits(logits.float(), labels, reduction="none")
        self.loss += float((losses * weights).sum())
        self.correct += float(((logits >= 0) == (labels > 0.5)).sum())
        self.weight += float(weights.sum())
        self.photos += len(labels)

    def reduced(self, reduce: Callable[[Tensor], Tensor]) -> Tally:
        """The tally that ``reduce`` makes of the four sums, such as their total over all processes."""
        loss, correct, weight, photos = reduce(torch.tensor(astuple(self), dtype=torch.float64)).tolist()
        return Tally(loss=loss, correct=correct, weight=weight, photos=photos)
