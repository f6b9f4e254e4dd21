"""What is learned: where cracks run where a mask says so, and whether there is one from every label."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

#: Weight of the places beside the labels; there is a loss of some 0.05 in nearly every healthy place.
_PLACES_WEIGHT, _DICE_WEIGHT = 3.0, 0.5

#: Weight of a cracked place: some 3 of 100 are.
_CRACKED_WEIGHT = 2.0


class CropBatch(NamedTuple):
    """One step's crops.

    Attributes:
        images: uint8 (N, H, W, 3).
        labels: float (N,).
        places: float (N, h, w): 1, 0, or below 0 where nothing is known.
        doubted: bool (N,), labels that are somebody's word.
    """

    images: Tensor
    labels: Tensor
    places: Tensor
    doubted: Tensor


def crop_loss(logits: Tensor, places: Tensor, batch: CropBatch, *, doubt: float, smoothing: float) -> Tensor:
    """Mean loss of a batch.

    Args:
        logits: (N,) of the crops.
        places: (N, h, w) logits.
        batch: What is known.
        doubt: q of the generalised cross-entropy ``(1 - p^q) / q`` that doubted Positives get (Zhang and
            Sabuncu, https://arxiv.org/abs/1805.07836); 0 trusts every label.
        smoothing: Of the labels.
    """
    return (
        label_part(logits, batch, doubt=doubt, smoothing=smoothing)
        + _PLACES_WEIGHT * places_part(places, batch.places)
        + _DICE_WEIGHT * dice_part(places, batch.places)
    )


def label_part(logits: Tensor, batch: CropBatch, *, doubt: float, smoothing: float) -> Tensor:
    """Cross-entropy of the crops' labels, with doubt in cracks that nobody may see."""
    targets = batch.labels * (1 - smoothing) + smoothing / 2
    losses = functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    if doubt:
        doubted = (1 - torch.exp(doubt * functional.logsigmoid(logits))) / doubt
        losses = torch.where(batch.doubted & (batch.labels == 1), doubted, losses)
    return losses.mean()


def places_part(places: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy of the places that are known."""
    weight = (known >= 0).float() * (1 + (_CRACKED_WEIGHT - 1) * (known > 0).float())
    losses = functional.binary_cross_entropy_with_logits(places, known.clamp(min=0), reduction="none")
    return (losses * weight).sum() / (known >= 0).sum().clamp(min=1)


def dice_part(places: Tensor, known: Tensor) -> Tensor:
    """1 minus the Dice overlap, over crops with a cracked place (Milletari et al., V-Net, 2016)."""
    cracked = (known > 0).flatten(1).any(1)
    if not cracked.any():
        return places.sum() * 0
    use = (known[cracked] >= 0).float()
    found, true = places[cracked].sigmoid() * use, known[cracked].clamp(min=0)
    overlap = 2 * (found * true).sum((1, 2)) + 1
    return (1 - overlap / (found.sum((1, 2)) + true.sum((1, 2)) + 1)).mean()
