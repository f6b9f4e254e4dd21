from __future__ import annotations

import math

import pytest
import torch

from crackscope.training.places.loss import CropBatch, crop_loss, dice_part, label_part, places_part


def _batch(labels: list[float], known: torch.Tensor, doubted: bool = False) -> CropBatch:
    count = len(labels)
    return CropBatch(
        images=torch.zeros(count, 1, 1, 3, dtype=torch.uint8),
        labels=torch.tensor(labels),
        places=known,
        doubted=torch.full((count,), doubted),
    )


def test_unknown_places_teach_nothing() -> None:
    places = torch.randn(2, 4, 4, requires_grad=True)
    known = torch.full((2, 4, 4), -1.0)
    (places_part(places, known) + dice_part(places, known)).backward()
    assert places.grad is not None
    assert float(places.grad.abs().sum()) == 0


def test_right_places_cost_less_than_wrong_ones() -> None:
    known = torch.zeros(1, 4, 4)
    known[0, 1] = 1
    right, wrong = (known * 2 - 1) * 8, (1 - known * 2) * 8
    assert float(places_part(right, known)) < 0.01 < float(places_part(wrong, known))
    assert float(dice_part(right, known)) < 0.05 < float(dice_part(wrong, known))


def test_doubt_bounds_what_one_label_may_cost() -> None:
    batch = _batch([1.0], torch.full((1, 2, 2), -1.0), doubted=True)
    logits = torch.tensor([-50.0])
    assert float(label_part(logits, batch, doubt=0.7, smoothing=0.0)) == pytest.approx(1 / 0.7)
    assert float(label_part(logits, batch, doubt=0.0, smoothing=0.0)) == pytest.approx(50)


def test_the_loss_is_a_number_whatever_is_known() -> None:
    for known in (torch.full((2, 2, 2), -1.0), torch.zeros(2, 2, 2), torch.ones(2, 2, 2)):
        loss = crop_loss(
            torch.zeros(2), torch.zeros(2, 2, 2), _batch([0.0, 1.0], known), doubt=0.7, smoothing=0.01
        )
        assert math.isfinite(float(loss))
