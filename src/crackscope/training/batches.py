"""Which photos a training step sees, and how much each counts: a pure function of seed, epoch and step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from crackscope.training.recipe import Balance, Recipe

Paint = Literal["crack", "distractor", "crack over distractor"]

#: Whoever is painted one of these is Positive.
_CRACKED: tuple[Paint, ...] = ("crack", "crack over distractor")

#: Of photos that are saved as a poor JPEG, log-uniform: messengers and old cameras.
_JPEG_QUALITY = (10, 80)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoSet:
    """Photos of one part, in a fixed order.

    Attributes:
        paths: Where they lie on this machine.
        labels: (N,) int64, 0 Negative, 1 Positive.
        sources: The data set each comes from, for balancing.
    """

    paths: tuple[Path, ...]
    labels: NDArray[np.int64]
    sources: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """One photo of one epoch: which, what is painted on it, its label then, and how poor a JPEG it is."""

    photo: int
    epoch: int
    label: int
    paint: Paint | None = None
    jpeg_quality: int | None = None


def plan_epoch(photos: PhotoSet, recipe: Recipe, epoch: int) -> list[Draw]:
    """Every draw of an epoch, shuffled; as many as there are photos.

    A photo comes as often as its weight under the recipe's balance says (rounded up or down by chance),
    and painting comes first, because a painted Negative counts as Positive.
    """
    rng = np.random.default_rng((recipe.run.seed, epoch))
    paints = _choose_paints(photos.labels, recipe, rng)
    labels = np.where(np.isin(paints, _CRACKED), 1, photos.labels)
    weights = balance_weights(labels, photos.sources, recipe.data.balance)
    # Class by class, so that chance rounds within each and not between them.
    by_class = np.argsort(labels, kind="stable")
    order = rng.permutation(by_class[_resample(weights[by_class], rng)])
    qualities = _choose_qualities(len(order), recipe.augment.jpeg, rng)
    return [
        Draw(photo=index, epoch=epoch, label=int(labels[index]), paint=paints[index], jpeg_quality=quality)
        for index, quality in zip(order.tolist(), qualities, strict=True)
    ]


def plan_once(photos: PhotoSet) -> list[Draw]:
    """Every photo once, unpainted, in order: for validation."""
    return [Draw(photo=index, epoch=0, label=int(label)) for index, label in enumerate(photos.labels)]


def balance_weights(
    labels: NDArray[np.int64], sources: Sequence[str], balance: Balance
) -> NDArray[np.float64]:
    """Weights with mean 1.

    Args:
        labels: 0 or 1 per photo.
        sources: The data set each photo comes from; looked at for ``source+class`` only.
        balance: ``none`` counts every photo the same; ``class`` gives both classes the same sum;
            ``source+class`` gives every source the same sum, shared equally by the classes it has.
    """
    if balance == "none":
        return np.ones(len(labels))
    names = np.asarray(sources) if balance == "source+class" else np.zeros(len(labels), dtype=np.int64)
    weights = np.empty(len(labels))
    for source in np.unique(names):
        here = names == source
        classes, position, counts = np.unique(labels[here], return_inverse=True, return_counts=True)
        weights[here] = 1 / (len(classes) * counts[position])
    return np.asarray(weights / weights.mean())


def split_batches(draws: Sequence[Draw], size: int, *, rank: int = 0, ranks: int = 1) -> list[list[Draw]]:
    """Cut draws into batches of ``size`` over all processes; process ``rank`` of ``ranks`` gets its share.

    A last batch under half the size joins the one before: batch norm learns nothing good from a few photos.
    """
    size = max(size, ranks)
    whole = [list(draws[start : start + size]) for start in range(0, len(draws), size)]
    if len(whole) > 1 and len(whole[-1]) < max(size / 2, ranks):
        rest = whole.pop()
        whole[-1] += rest
    return [batch[rank::ranks] for batch in whole]


def _choose_paints(
    labels: NDArray[np.int64], recipe: Recipe, rng: np.random.Generator
) -> NDArray[np.object_]:
    # Drawn independently: were look-alikes never near a crack, a joint would be a proof of health.
    cracked = (labels == 0) & (rng.random(len(labels)) < recipe.augment.synthetic_cracks)
    alike = (labels == 0) & (rng.random(len(labels)) < recipe.augment.distractors)
    paints = np.full(len(labels), None, dtype=object)
    paints[cracked] = "crack"
    paints[alike] = "distractor"
    paints[cracked & alike] = "crack over distractor"
    return paints


def _choose_qualities(count: int, share: float, rng: np.random.Generator) -> list[int | None]:
    poor = rng.random(count) < share
    lowest, highest = np.log(_JPEG_QUALITY).tolist()
    qualities = np.exp(rng.uniform(lowest, highest, count)).round().astype(int)
    return [quality if one else None for one, quality in zip(poor.tolist(), qualities.tolist(), strict=True)]


def _resample(weights: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Systematic resampling: an index comes floor or ceil of its weight times; equal weights come once."""
    edges = np.concatenate([[0.0], np.cumsum(weights)])
    # The sum is only nearly the count, and the last edge decides how many there are.
    edges[-1] = len(weights)
    firsts = np.ceil(edges - rng.random()).astype(np.int64)
    return np.repeat(np.arange(len(weights)), firsts[1:] - firsts[:-1])
