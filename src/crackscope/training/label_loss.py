"""The loss of labels: binary cross-entropy, less sure of labels that real photos may not show."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from crackscope.training.loader import Batch
from crackscope.training.recipe import FinetuneRecipe


def label_loss(logits: Tensor, batch: Batch, recipe: FinetuneRecipe) -> Tensor:
    """Mean loss of a batch, with smoothed labels.

    With ``recipe.doubt`` unpainted photos get the generalised cross-entropy ``(1 - p^q) / q``, p being the
    probability of their label (Zhang and Sabuncu, https://arxiv.org/abs/1805.07836): people saw cracks that
    are gone at the network's resolution, and overlooked others. What is painted is certain.
    """
    smoothing = recipe.label_smoothing
    targets = batch.labels * (1 - smoothing) + smoothing / 2
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    if recipe.doubt:
        towards_label = torch.where(batch.labels == 1, logits, -logits)
        doubted = (1 - torch.exp(recipe.doubt * functional.logsigmoid(towards_label))) / recipe.doubt
        losses = torch.where(batch.painted, losses, doubted)
    return losses.mean()
