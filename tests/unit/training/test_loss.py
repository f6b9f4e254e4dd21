from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from crackscope.training.loader import Batch
from crackscope.training.loss import label_loss
from crackscope.training.recipe import FinetuneRecipe

LABELS = torch.tensor([1.0, 0.0, 1.0, 0.0])


def make_batch(painted: list[bool] | None = None) -> Batch:
    flags = torch.tensor(painted or [False] * 4)
    return Batch(images=torch.zeros(4, 3, 8, 8), labels=LABELS, photos=torch.arange(4), painted=flags)


def gradient(logit: float, label: int, recipe: FinetuneRecipe, *, painted: bool) -> float:
    logits = torch.zeros(4)
    logits[1 - label] = logit
    logits.requires_grad_()
    label_loss(logits, make_batch([painted] * 4), recipe).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    return abs(float(logits.grad[1 - label]))


def test_without_doubt_it_is_binary_cross_entropy_of_smoothed_labels() -> None:
    logits = torch.tensor([2.0, -1.0, 0.0, 3.0])
    wanted = binary_cross_entropy_with_logits(logits, LABELS * 0.9 + 0.05)
    found = label_loss(logits, make_batch(), FinetuneRecipe(label_smoothing=0.1))
    torch.testing.assert_close(found, wanted)


def test_doubted_positives_get_the_generalised_cross_entropy_and_negatives_do_not() -> None:
    probability = 0.2
    logits: Tensor = torch.full((4,), math.log(probability / (1 - probability)))
    found = label_loss(logits, make_batch(), FinetuneRecipe(doubt=0.7, label_smoothing=0.0))
    positive, negative = (1 - probability**0.7) / 0.7, -math.log(1 - probability)
    assert float(found) == pytest.approx((positive + negative) / 2)


def test_a_crack_that_the_photo_does_not_show_teaches_little() -> None:
    trusting, doubting = FinetuneRecipe(), FinetuneRecipe(doubt=0.7)
    believed = gradient(-4.0, 1, trusting, painted=False)
    assert gradient(-4.0, 1, doubting, painted=False) < 0.2 * believed
    assert gradient(-4.0, 1, doubting, painted=True) == believed


def test_a_healthy_photo_that_looks_cracked_teaches_as_ever() -> None:
    trusting, doubting = FinetuneRecipe(), FinetuneRecipe(doubt=0.7)
    assert gradient(4.0, 0, doubting, painted=False) == gradient(4.0, 0, trusting, painted=False) > 0
