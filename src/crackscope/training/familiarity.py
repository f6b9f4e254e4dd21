"""How far a photo lies from all that the network was trained on, measured where it still knows other things.

That is the trunk (see `NetworkOutputs`): of pictures that are no concrete the embedding of a network that was
fine-tuned for ten epochs tells 63 % from concrete, and the trunk of the same network 99 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from torch import Tensor, nn

from crackscope.bundle import Familiarity

#: Directions with a variance of their own; all others share one. With more, as many pictures of Caltech-101
#: are flagged (studies/familiarity.py); the fewer, the less of other places' concrete is, and the less
#: rounding of the weights moves the distance.
_DIRECTIONS = 16

METHOD = f"Mahalanobis distance under probabilistic PCA with {_DIRECTIONS} directions, of trunk features"


@dataclass(frozen=True, slots=True, kw_only=True)
class FamiliarityModel:
    """A Gaussian of the training photos' features (Tipping and Bishop, Probabilistic PCA, 1999).

    Attributes:
        mean: (D,) float32.
        directions: (K, D) float32; rows are the principal directions, at unit length.
        deviations: (K,) float32, the standard deviation along each of them.
        residual_std: Standard deviation of each of the other D - K directions.
    """

    mean: NDArray[np.float32]
    directions: NDArray[np.float32]
    deviations: NDArray[np.float32]
    residual_std: float

    def distances(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distance of each of (N, D) features; about 1 for what the Gaussian was fitted on."""
        with torch.inference_mode():
            found: NDArray[np.float32] = DistanceOutput(self)(torch.from_numpy(features)).numpy()
        return found


def fit_familiarity(features: NDArray[np.float32]) -> FamiliarityModel:
    """Fit the Gaussian to (N, D) features of training photos."""
    count = min(_DIRECTIONS, min(features.shape) - 1)
    pca = PCA(n_components=count, svd_solver="covariance_eigh").fit(features)
    return FamiliarityModel(
        mean=pca.mean_.astype(np.float32),
        directions=pca.components_.astype(np.float32),
        deviations=np.sqrt(np.maximum(pca.explained_variance_, 1e-12)).astype(np.float32),
        residual_std=float(np.sqrt(max(pca.noise_variance_, 1e-12))),
    )


def set_limit(distances: NDArray[np.float32], *, quantile: float, fitted_on: str) -> Familiarity:
    """The limit above which a photo counts as unfamiliar: a quantile of calibration photos' distances."""
    return Familiarity(
        method=METHOD,
        limit=float(np.quantile(distances, quantile, method="higher")),
        quantile=quantile,
        fitted_on=fitted_on,
    )


class DistanceOutput(nn.Module):
    """The distance as a part of the exported graph: (N, D) features to (N,)."""

    mean: Tensor
    directions: Tensor
    deviations: Tensor
    by_direction: Tensor
    residual_std: Tensor

    def __init__(self, model: FamiliarityModel) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(model.mean))
        self.register_buffer("directions", torch.from_numpy(model.directions))
        self.register_buffer("deviations", torch.from_numpy(model.deviations))
        self.register_buffer("by_direction", torch.from_numpy(model.directions).T.contiguous())
        self.register_buffer("residual_std", torch.tensor(model.residual_std))

    def forward(self, features: Tensor) -> Tensor:
        """Root of the mean squared deviation over all D directions, each in its own standard deviations."""
        centred = features - self.mean
        inside = centred @ self.by_direction
        residual = centred - inside @ self.directions
        total = (inside / self.deviations).square().sum(1) + (residual / self.residual_std).square().sum(1)
        return (total / features.shape[1]).sqrt()
