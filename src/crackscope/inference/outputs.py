"""What one run of a model gives for a batch of images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOutputs:
    """Arrays of one batch; N images, D embedding dimensions, an h x w activation map.

    Attributes:
        score: (N,) float32, calibrated, 0..1.
        logit: (N,) float32, before calibration.
        embedding: (N, D) float32, pooled features.
        cam: (N, h, w) float32; its mean over h and w plus the head's bias is the logit.
        distance: (N,) float32, how far the embedding lies from the training data; ``None`` where the model
            was exported without it.
    """

    score: NDArray[np.float32]
    logit: NDArray[np.float32]
    embedding: NDArray[np.float32]
    cam: NDArray[np.float32]
    distance: NDArray[np.float32] | None
