"""What a step of stage 2 makes smaller, and how fast: the loss of labels, and the learning rate."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from crackscope.training.loader import Batch
from crackscope.training.recipe import FinetuneRecipe


def label_loss(logits: Tensor, batch: Batch, recipe: FinetuneRecipe) -> Tensor:
    """Mean loss of a batch, with smoothed labels.

    With ``recipe.doubt`` real Positives get the generalised cross-entropy ``(1 - p^q) / q`` of their score p
    (Zhang and Sabuncu, https://arxiv.org/abs/1805.07836): many cracks are gone at the network's resolution,
    and a photo that shows none must not teach that plain concrete is cracked. What is painted is certain.
    """
    smoothing = recipe.label_smoothing
    targets = batch.labels * (1 - smoothing) + smoothing / 2
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    if recipe.doubt:
        doubted = (1 - torch.exp(recipe.doubt * functional.logsigmoid(logits))) / recipe.doubt
        losses = torch.where((batch.labels == 1) & ~batch.painted, doubted, losses)
    return losses.mean()


def rate_factor(step: int, total_steps: int, warmup_share: float) -> float:
    """What the learning rates are multiplied with at a step (counted from 0): 0..1, never exactly 0.

    A linear warm-up, then a cosine to zero; a function of the step alone, so that there is no scheduler state
    to save.
    """
    warmup_steps = round(total_steps * warmup_share)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    done = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * done))
