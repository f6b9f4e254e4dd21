"""The dense output, moved from where it is only as far as a site's photos say.

With few labels a fresh head forgets what the old one knows. Here the old head's logit is one more feature
beside the network's features: a logistic regression whose pull holds their own weights near zero. With a
strong pull only scale and offset of the old logit are fitted; the less pull, the more the site speaks.

The features are the embedding and, where the model gives it, the trunk before it (see `ModelOutputs`).
Fine-tuning leaves little more in the embedding than the old head's answer, so labels speak about the trunk.
Painted cracks speak about the embedding: of the trunk they teach what paint looks like.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

#: How far the features may speak, from "scale and offset of the old logit only" to a nearly fresh head.
REACHES = (0.0, 1.0, 3.0, 10.0)

#: Multiplies the old logit, so that its own weight costs next to nothing.
_LOOSE = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """``logit = features @ weight + bias``, on the embedding (N, D) with the trunk (N, T) to its right.

    Attributes:
        weight: (D + T,) float64.
        bias: Of the logit.
        trunk_size: T; 0 where the model gives no trunk.
    """

    weight: NDArray[np.float64]
    bias: float
    trunk_size: int = 0

    @property
    def embedding_weight(self) -> NDArray[np.float64]:
        """(D,) of the embedding."""
        return self.weight[: self.weight.size - self.trunk_size]

    @property
    def trunk_weight(self) -> NDArray[np.float64]:
        """(T,) of the trunk."""
        return self.weight[self.weight.size - self.trunk_size :]

    def logits(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """(N, D + T) to (N,)."""
        return np.asarray(features @ self.weight + self.bias, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a head is fitted on: N embedded photos, real or painted.

    Attributes:
        features: (N, D + T), the embedding and to its right the trunk, if there is one.
        labels: (N,) 0 or 1.
        groups: (N,) names; rows of one group are never on both sides of a fold.
        labelled: (N,) whether it is one of the labelled photos, which alone show the site's real cracks.
        real: (N,) whether nothing is painted on it.
    """

    features: NDArray[np.float64]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]
    labelled: NDArray[np.bool_]
    real: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> Evidence:
        """Some of the rows."""
        return Evidence(
            features=self.features[rows],
            labels=self.labels[rows],
            groups=self.groups[rows],
            labelled=self.labelled[rows],
            real=self.real[rows],
        )

    @property
    def judged(self) -> NDArray[np.bool_]:
        """The rows that calibration and expectations go by: labelled ones or, without any, all."""
        return self.labelled if self.labelled.any() else np.ones_like(self.labelled)

    def weights(self) -> NDArray[np.float64]:
        """How much each row counts: both classes alike and, where both kinds are there, both kinds alike."""
        weight = np.zeros(len(self))
        for kind in (True, False):
            for label in (0, 1):
                rows = (self.labelled == kind) & (self.labels == label)
                weight[rows] = 1 / max(1, rows.sum())
        return np.asarray(weight * len(self) / weight.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSpace:
    """Evidence as a regression sees it: features in standard deviations of the site, turned into at most N
    dimensions (which changes no distance, and so no fit), beside the old logit.

    The features are those of the trunk where there are labels and a trunk, else those of the embedding.

    Attributes:
        evidence: N rows.
        start: The old head.
        moved: (N, K), the turned features.
        old: (N,) the old logits, centred, in standard deviations.
    """

    evidence: Evidence
    start: Head
    moved: NDArray[np.float64]
    old: NDArray[np.float64]
    _columns: slice
    _turn: NDArray[np.float64]
    _mean: NDArray[np.float64]
    _logit_mean: float
    _logit_deviation: float

    @classmethod
    def of(cls, evidence: Evidence, start: Head) -> HeadSpace:
        """Measure the evidence."""
        size = start.weight.size - start.trunk_size
        columns = slice(size, None) if start.trunk_size and evidence.labelled.any() else slice(size)
        features, logits = evidence.features[:, columns], start.logits(evidence.features)
        mean, deviation = features.mean(axis=0), features.std(axis=0)
        # A feature that hardly moves here would be all noise once it is scaled up.
        deviation = np.maximum(deviation, 0.1 * deviation.mean() + 1e-12)
        scaled = (features - mean) / (deviation * np.sqrt(mean.size))
        _, _, directions = np.linalg.svd(scaled, full_matrices=False)
        logit_mean, logit_deviation = float(logits.mean()), float(logits.std()) + 1e-12
        return cls(
            evidence=evidence,
            start=start,
            moved=scaled @ directions.T,
            old=(logits - logit_mean) / logit_deviation,
            _columns=columns,
            _turn=(directions / (deviation * np.sqrt(mean.size))).T,
            _mean=mean,
            _logit_mean=logit_mean,
            _logit_deviation=logit_deviation,
        )

    def fit(self, reach: float) -> Head:
        """The head that explains the evidence best; the less reach, the more its own movement costs."""
        weight, bias = self._regress(self._features(reach), np.arange(len(self.evidence)))
        moved = self._turn @ weight[:-1] * reach
        kept = weight[-1] * _LOOSE / self._logit_deviation
        whole = kept * self.start.weight
        whole[self._columns] += moved
        return replace(
            self.start,
            weight=whole,
            bias=float(bias - moved @ self._mean + kept * (self.start.bias - self._logit_mean)),
        )

    def held_out_logits(self, reach: float, folds: list[NDArray[np.intp]]) -> NDArray[np.float64]:
        """(N,) logits of every row by a regression without its group; ``folds`` are the held-out rows."""
        features = self._features(reach)
        logits = np.empty(len(self.evidence))
        for held_out in folds:
            weight, bias = self._regress(features, np.setdiff1d(np.arange(len(logits)), held_out))
            logits[held_out] = features[held_out] @ weight + bias
        return logits

    def _features(self, reach: float) -> NDArray[np.float64]:
        return np.column_stack([self.moved * reach, self.old * _LOOSE])

    def _regress(
        self, features: NDArray[np.float64], rows: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], float]:
        model = LogisticRegression(C=1.0, tol=1e-4, max_iter=1000)
        part = self.evidence[rows]
        model.fit(features[rows], part.labels, sample_weight=part.weights())
        return model.coef_[0], float(model.intercept_[0])
