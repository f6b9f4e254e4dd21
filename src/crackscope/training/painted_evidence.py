"""What a network makes of cracks and look-alikes painted on healthy photos that it was not trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from crackscope.training.augment import to_unit_nchw
from crackscope.training.batches import Draw, Paint, split_batches
from crackscope.training.loader import PhotoBatches
from crackscope.training.network import CrackNetwork
from crackscope.training.parts import PartPhotos
from crackscope.training.recipe import Recipe

_BATCH = 64

#: One Negative photo in so many is painted: real photos should have the say wherever they know.
_ONE_IN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PaintedEvidence:
    """Logits (N,) of painted photos, their labels (N,) and the groups of the photos below the paint."""

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: tuple[str, ...]


def judge_painted(network: CrackNetwork, part: PartPhotos, recipe: Recipe) -> PaintedEvidence | None:
    """Paint on some Negative photos of a part what stage 2 paints: a crack, and a look-alike.

    Returns:
        ``None`` where the recipe paints nothing, or the part has no Negative photo.
    """
    draws = _plan(part, recipe)
    if not draws:
        return None
    side, run = recipe.network.input_px, recipe.run
    batches = PhotoBatches(
        part.photos, split_batches(draws, _BATCH), (side, side), seed=run.seed, workers=run.workers
    )
    with torch.inference_mode():
        logits = torch.cat([network(to_unit_nchw(batch.images)) for batch in batches])
    return PaintedEvidence(
        logits=logits.numpy(),
        labels=np.array([draw.label for draw in draws], dtype=np.int64),
        groups=tuple(part.groups[draw.photo] for draw in draws),
    )


def _plan(part: PartPhotos, recipe: Recipe) -> list[Draw]:
    augment = recipe.augment
    paints: list[Paint] = []
    if recipe.finetune.enabled and augment.synthetic_cracks:
        paints.append("crack")
    if recipe.finetune.enabled and augment.distractors:
        paints.append("distractor")
    return [
        Draw(photo=photo, epoch=0, label=int(paint == "crack"), paint=paint)
        for paint in paints
        for photo in np.flatnonzero(part.photos.labels == 0)[::_ONE_IN].tolist()
    ]
