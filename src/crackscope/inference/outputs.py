"""What one run of a model gives for a batch of images, and for one photo of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import Calibration
from crackscope.inference.inputs import ReadyPhoto
from crackscope.records import SCORE_DECIMALS, Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOutputs:
    """Arrays of one batch; N images, D embedding dimensions, an h x w activation map.

    Attributes:
        score: (N,) float32, calibrated, 0..1.
        logit: (N,) float32, before calibration.
        embedding: (N, D) float32, pooled features.
        cam: (N, h, w) float32; its mean over h and w, weighted by ``attention`` where there is one, plus the
            head's bias is the logit.
        distance: (N,) float32, how far the photo lies from the training data; ``None`` where the model was
            exported without it.
        trunk: (N, T) float32, pooled features of the base's last stage, before its last projection; ``None``
            where the model was exported without it.
        attention: (N, h, w) float32, how much each place of the map counts, 1 in sum; ``None`` where all
            count alike.
    """

    score: NDArray[np.float32]
    logit: NDArray[np.float32]
    embedding: NDArray[np.float32]
    cam: NDArray[np.float32]
    distance: NDArray[np.float32] | None
    trunk: NDArray[np.float32] | None = None
    attention: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.score)

    @property
    def bias(self) -> NDArray[np.float32]:
        """(N,) float32, the head's bias: what is left of the logit without the map."""
        if self.attention is None:
            pooled = self.cam.mean(axis=(1, 2))
        else:
            pooled = (self.cam * self.attention).sum(axis=(1, 2))
        return np.asarray(self.logit - pooled, np.float32)

    @property
    def place_logits(self) -> NDArray[np.float32]:
        """(N, h, w) float32, the logit that an image would have if it looked like that place all over."""
        return self.cam + self.bias[:, None, None]

    def __getitem__(self, images: slice) -> ModelOutputs:
        """The outputs of some of the images."""
        return ModelOutputs(
            score=self.score[images],
            logit=self.logit[images],
            embedding=self.embedding[images],
            cam=self.cam[images],
            distance=None if self.distance is None else self.distance[images],
            trunk=None if self.trunk is None else self.trunk[images],
            attention=None if self.attention is None else self.attention[images],
        )


def join_outputs(parts: Sequence[ModelOutputs]) -> ModelOutputs:
    """Batches one after another as one batch; at least one part."""
    if len(parts) == 1:
        return parts[0]
    distances = [part.distance for part in parts if part.distance is not None]
    trunks = [part.trunk for part in parts if part.trunk is not None]
    attentions = [part.attention for part in parts if part.attention is not None]
    return ModelOutputs(
        score=np.concatenate([part.score for part in parts]),
        logit=np.concatenate([part.logit for part in parts]),
        embedding=np.concatenate([part.embedding for part in parts]),
        cam=np.concatenate([part.cam for part in parts]),
        distance=np.concatenate(distances) if distances else None,
        trunk=np.concatenate(trunks) if trunks else None,
        attention=np.concatenate(attentions) if attentions else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPhoto:
    """What the model said of one photo; of one in tiles, see `looking.scored_from_looks`.

    Attributes:
        path: The photo as the caller named it.
        photo_hw: Height and width of the photo itself, upright, in pixels.
        sharpness: At the model's size, see `inference.quality`; of a photo in tiles that of its typical tile,
            ``None`` where they had to be enlarged.
        score: Calibrated, 0..1, rounded to `SCORE_DECIMALS`.
        logit: Before calibration.
        embedding: (D,) float32, pooled features.
        cam: (h, w) float32, the class activation map.
        distance: From the training data; ``None`` where the model does not give it.
        trunk: (T,) float32, pooled features of the last stage; ``None`` where the model does not give them.
    """

    path: str
    photo_hw: tuple[int, int]
    sharpness: float | None
    score: float
    logit: float
    embedding: NDArray[np.float32]
    cam: NDArray[np.float32]
    distance: float | None
    trunk: NDArray[np.float32] | None = None


def scored_photo(path: str, photo: ReadyPhoto, outputs: ModelOutputs, index: int) -> ScoredPhoto | Failure:
    """One photo's share of a batch, under a caller's name; a `Failure` where the model gave no number."""
    if not np.isfinite(outputs.score[index]):
        return Failure(path=path, error=f"the model gave {outputs.score[index]} instead of a score")
    return ScoredPhoto(
        path=path,
        photo_hw=photo.photo_hw,
        sharpness=photo.sharpness,
        score=round(float(outputs.score[index]), SCORE_DECIMALS),
        logit=float(outputs.logit[index]),
        embedding=outputs.embedding[index],
        cam=outputs.cam[index],
        distance=None if outputs.distance is None else float(outputs.distance[index]),
        trunk=None if outputs.trunk is None else outputs.trunk[index],
    )


def average_odds(looks: Sequence[ModelOutputs], calibration: Calibration) -> ModelOutputs:
    """The first look's outputs with the score of all looks, whose odds are averaged: test-time augmentation.

    Odds, and not scores, so that one sure look outvotes several that see nothing.

    Args:
        looks: Outputs of the same N photos, look by look; embedding, map and distance stay the first one's.
        calibration: What makes scores of logits. The averaged logit is the one that it turns into the score.
    """
    calibrated = np.stack([calibration.scale * look.logit.astype(np.float64) for look in looks])
    log_odds = np.logaddexp.reduce(calibrated + calibration.bias, axis=0) - np.log(len(looks))
    return replace(
        looks[0],
        score=np.exp(-np.logaddexp(0, -log_odds)).astype(np.float32),
        logit=((log_odds - calibration.bias) / calibration.scale).astype(np.float32),
    )
