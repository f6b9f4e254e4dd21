from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from crackscope.training.label_loss import label_loss
from crackscope.training.loader import Batch
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


def test_with_doubt_it_is_the_generalised_cross_entropy() -> None:
    probability = 0.2
    logit = math.log(probability / (1 - probability))
    logits: Tensor = torch.tensor([logit, -logit, logit, -logit])
    found = label_loss(logits, make_batch(), FinetuneRecipe(doubt=0.7, label_smoothing=0.0))
    assert float(found) == pytest.approx((1 - probability**0.7) / 0.7)


@pytest.mark.parametrize("label", [0, 1])
def test_a_label_that_the_photo_does_not_show_teaches_little_if_doubted(label: int) -> None:
    wrong = -4.0 if label else 4.0
    trusting, doubting = FinetuneRecipe(), FinetuneRecipe(doubt=0.7)
    assert gradient(wrong, label, doubting, painted=False) < 0.2 * gradient(
        wrong, label, trusting, painted=False
    )
    assert gradient(wrong, label, doubting, painted=True) == gradient(wrong, label, trusting, painted=True)
