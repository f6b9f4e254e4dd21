"""The network that a run goes on with, from whichever way it was trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.training.embedder import Embedder
from crackscope.training.history import EpochRow, Stage
from crackscope.training.network import CrackNetwork
from crackscope.training.parts import PartPhotos
from crackscope.training.weights import WeightsOrigin

#: Training photos that are embedded again after stage 2; a Gaussian of 16 directions needs no more.
FAMILIAR_PHOTOS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """The network the run goes on with.

    Attributes:
        network: In eval mode, on the CPU.
        embedder: Of that network.
        origin: Of its starting weights.
        familiar: (N, T) `Embedder.trunk` features of training photos, as this network makes them.
        history: Every epoch of every stage that ran.
        stage: The one whose weights these are.
        report: What each stage achieved on the validation part, and which was taken.
        familiar_crops: (M, T) the same of crops of other concrete, which is to be familiar too.
    """

    network: CrackNetwork
    embedder: Embedder
    origin: WeightsOrigin
    familiar: NDArray[np.float32]
    history: tuple[EpochRow, ...]
    stage: Stage
    report: dict[str, Any]
    familiar_crops: NDArray[np.float32] | None = None


def familiar_photos(train: PartPhotos, stage: Stage) -> PartPhotos:
    """Training photos that show what concrete looks like: all where their features are there already."""
    return train if stage == "head" else train.sample(FAMILIAR_PHOTOS)
