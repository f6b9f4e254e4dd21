"""From logits to probabilities: ``score = sigmoid(scale * logit + bias)``, kept only where it helps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.model_selection import StratifiedGroupKFold

from crackscope.bundle import Calibration
from crackscope.errors import DataError, NoPhotosError
from crackscope.evaluation.metrics import check_groups

METHOD = "temperature and bias"
IDENTITY = "none"

_FOLDS = 5

#: The order of photos must survive in float32, so the scale stays away from zero.
_SCALE_LIMITS = (0.01, 100.0)


def fit_calibration(
    logits: ArrayLike, labels: ArrayLike, groups: Sequence[str], *, seed: int, fitted_on: str
) -> Calibration:
    """Fit scale and bias by negative log-likelihood; the identity where they don't improve it out of fold.

    The targets are Platt's (1999), ``(N+ + 1) / (N+ + 2)`` and ``1 / (N- + 2)`` instead of 1 and 0: what is
    known of a class after N photos of it. So perfectly separated photos give a finite scale, and no score is
    surer than the number of photos allows.

    Args:
        logits: (N,) before calibration.
        labels: (N,) 0 or 1.
        groups: (N,) names; photos of one group are never on both sides of a fold.
        seed: Of the folds.
        fitted_on: What the photos are, for the record.

    Returns:
        ``nll_before`` and ``nll_after`` are means per photo, the second out of fold, also where it was worse
        and the identity was kept; ``None`` where the groups allow no folds.

    Raises:
        DataError: A logit is not finite, a label is not 0 or 1, or the lengths differ.
    """
    logit, truth = _check(logits, labels)
    numbers = check_groups(groups, truth.size)
    before, after = _mean_nll(logit, truth), _out_of_fold_nll(logit, truth, numbers, seed)
    helps = after is not None and after < before
    scale, bias = _fit(logit, truth) if helps else (1.0, 0.0)
    return Calibration(
        method=METHOD if helps else IDENTITY,
        scale=scale,
        bias=bias,
        fitted_on=fitted_on,
        nll_before=before,
        nll_after=after,
    )


def apply_calibration(logits: ArrayLike, calibration: Calibration) -> NDArray[np.float64]:
    """Logits of any shape to scores in 0..1, as the exported graph does it."""
    return np.asarray(expit(calibration.scale * np.asarray(logits, dtype=np.float64) + calibration.bias))


def _check(logits: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    logit, truth = np.asarray(logits, dtype=np.float64), np.asarray(labels)
    if logit.ndim != 1 or logit.shape != truth.shape:
        raise DataError(f"logits have shape {logit.shape} and labels {truth.shape}; expected the same (N,)")
    if logit.size == 0:
        raise NoPhotosError("no photo to fit a calibration on")
    if not np.isfinite(logit).all():
        raise DataError(f"{(~np.isfinite(logit)).sum()} of {logit.size} logits are not finite")
    if not np.isin(truth, (0, 1)).all():
        raise DataError("labels should be 0 (Negative) or 1 (Positive)")
    return logit, truth.astype(np.int64)


def _out_of_fold_nll(
    logits: NDArray[np.float64], labels: NDArray[np.int64], groups: NDArray[np.int64], seed: int
) -> float | None:
    groups_per_class = [np.unique(groups[labels == label]).size for label in (0, 1)]
    n_folds = min(_FOLDS, *groups_per_class)
    if n_folds < 2:
        return None
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    calibrated = np.empty_like(logits)
    for fitting, held_out in folds.split(logits, labels, groups):
        scale, bias = _fit(logits[fitting], labels[fitting])
        calibrated[held_out] = scale * logits[held_out] + bias
    return _mean_nll(calibrated, labels)


def _fit(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    n_positive = labels.sum()
    n_negative = labels.size - n_positive
    targets = np.where(labels == 1, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))

    def loss(scale_bias: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scaled = scale_bias[0] * logits + scale_bias[1]
        slope = expit(scaled) - targets
        value = np.mean(np.logaddexp(0, scaled) - targets * scaled)
        return float(value), np.array([np.mean(slope * logits), np.mean(slope)])

    found = minimize(
        loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[_SCALE_LIMITS, (None, None)]
    )
    scale, bias = found.x.tolist()
    return scale, bias


def _mean_nll(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    return float(np.mean(np.logaddexp(0, logits) - labels * logits))
