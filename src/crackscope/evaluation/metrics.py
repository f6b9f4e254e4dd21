"""How good the scores of labelled photos are: one record, every value defined or ``None``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    roc_auc_score,
)

from crackscope.errors import DataError, NoPhotosError, SettingsError
from crackscope.evaluation.calibration_error import calibration_error
from crackscope.metric_text import METRICS as METRICS
from crackscope.metric_text import TITLES as TITLES

#: The metrics that fall as a model gets better.
LOWER_IS_BETTER = frozenset({"log_loss", "brier", "ece"})

#: Scores are float32, whose sigmoid reaches exactly 0 and 1; the log loss of a wrong one stays finite.
SMALLEST_SCORE = float(np.finfo(np.float32).eps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Photos by truth and decision; Positive means cracked."""

    true_positive: int
    false_positive: int
    true_negative: int
    false_negative: int

    @property
    def errors(self) -> int:
        """Photos with the wrong label."""
        return self.false_positive + self.false_negative


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """What scores say against the truth; ``None`` is a value that these photos leave undefined.

    Attributes:
        n: Photos.
        n_positive: Photos that are Positive.
        threshold: Decisions are ``score >= threshold``.
        prior: The share of Positive photos that ``precision_at_prior`` is stated for.
        log_loss: Mean negative log-likelihood in nats, scores kept `SMALLEST_SCORE` away from 0 and 1.
        ece: Expected calibration error, bias-corrected; see the module `calibration_error`.
        always_positive: The metrics of calling every photo Positive, for scale.
    """

    n: int
    n_positive: int
    threshold: float
    prior: float | None
    confusion: Confusion
    accuracy: float
    balanced_accuracy: float | None
    recall: float | None
    specificity: float | None
    precision: float | None
    precision_at_prior: float | None
    f1: float | None
    mcc: float | None
    auroc: float | None
    average_precision: float | None
    log_loss: float
    brier: float
    ece: float
    always_positive: dict[str, float | None]


def compute_metrics(
    labels: ArrayLike, scores: ArrayLike, *, threshold: float, prior: float | None = None
) -> Metrics:
    """Compare scores with the truth.

    Args:
        labels: (N,) 0 for Negative, 1 for Positive.
        scores: (N,) in 0..1.
        threshold: Positive is ``score >= threshold``.
        prior: Also state the precision where this share of photos is Positive, by Bayes' rule.

    Raises:
        NoPhotosError: N is 0.
        DataError: A label is not 0 or 1, a score is not in 0..1, or the lengths differ.
        SettingsError: The prior is not between 0 and 1.
    """
    truth, score = check_scores(labels, scores)
    check_prior(prior)
    confusion = count_decisions(truth, score, threshold)
    n_positive = int(truth.sum())
    both_classes = 0 < n_positive < truth.size
    rates = _defined(decision_rates(*_counts(confusion), prior=prior))
    return Metrics(
        n=truth.size,
        n_positive=n_positive,
        threshold=float(threshold),
        prior=prior,
        confusion=confusion,
        accuracy=1 - confusion.errors / truth.size,
        balanced_accuracy=rates["balanced_accuracy"],
        recall=rates["recall"],
        specificity=rates["specificity"],
        precision=rates["precision"],
        precision_at_prior=rates["precision_at_prior"],
        f1=rates["f1"],
        mcc=rates["mcc"],
        auroc=float(roc_auc_score(truth, score)) if both_classes else None,
        average_precision=float(average_precision_score(truth, score)) if n_positive else None,
        log_loss=float(log_loss(truth, clip_scores(score), labels=[0, 1])),
        brier=float(brier_score_loss(truth, score, pos_label=1)),
        ece=calibration_error(truth, score),
        always_positive=_always_positive(truth.size, n_positive, prior),
    )


def check_scores(labels: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Labels as int64 and scores as float64, both (N,), or an error that says what is wrong with them.

    float64 matters: NumPy compares a float32 score with a threshold in float32, `labels.decide` in float64.
    """
    truth, score = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != score.shape:
        raise DataError(f"labels have shape {truth.shape} and scores {score.shape}; expected the same (N,)")
    if truth.size == 0:
        raise NoPhotosError("no scored photo to compare with the truth")
    if not np.isin(truth, (0, 1)).all():
        raise DataError("labels should be 0 (Negative) or 1 (Positive)")
    # Written so that NaN fails as well.
    wrong = ~((score >= 0) & (score <= 1))
    if wrong.any():
        raise DataError(f"{wrong.sum()} of {score.size} scores are not in 0..1, the first: {score[wrong][0]}")
    return truth.astype(np.int64), score


def check_prior(prior: float | None) -> None:
    """Refuse a share of Positive photos that is not strictly between 0 and 1."""
    if prior is not None and not 0 < prior < 1:
        raise SettingsError(f"the prior is a share of Positive photos between 0 and 1, found {prior}")


def check_groups(groups: Sequence[str], n: int) -> NDArray[np.int64]:
    """The number of each photo's group, (N,) counted from 0 in the order of the names."""
    if len(groups) != n:
        raise DataError(f"{len(groups)} groups for {n} photos; expected one for each")
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)


def clip_scores(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores kept `SMALLEST_SCORE` away from 0 and 1, for logarithms."""
    return np.clip(scores, SMALLEST_SCORE, 1 - SMALLEST_SCORE)


def predicted_positive(scores: NDArray[np.float64], threshold: float) -> NDArray[np.bool_]:
    """`labels.decide` for many scores at once."""
    return np.asarray(scores, dtype=np.float64) >= threshold


def count_decisions(labels: NDArray[np.int64], scores: NDArray[np.float64], threshold: float) -> Confusion:
    """Photos by truth and decision."""
    matrix = confusion_matrix(labels, predicted_positive(scores, threshold).astype(int), labels=[0, 1])
    (true_negative, false_positive), (false_negative, true_positive) = matrix.tolist()
    return Confusion(
        true_positive=true_positive,
        false_positive=false_positive,
        true_negative=true_negative,
        false_negative=false_negative,
    )


def decision_rates(
    true_positive: ArrayLike,
    false_positive: ArrayLike,
    true_negative: ArrayLike,
    false_negative: ArrayLike,
    *,
    prior: float | None = None,
) -> dict[str, NDArray[np.float64]]:
    """The metrics of decisions from their counts; NaN where undefined.

    One definition for a single table and for thousands of resampled ones, which scikit-learn has no form for;
    the tests hold it against scikit-learn. MCC is 0, its limit, where every decision is the same.
    """
    tp, fp, tn, fn = (
        np.asarray(count, dtype=np.float64)
        for count in (true_positive, false_positive, true_negative, false_negative)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        recall, specificity = tp / (tp + fn), tn / (tn + fp)
        spread = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
        both_classes = (tp + fn > 0) & (tn + fp > 0)
        mcc = np.where(spread > 0, (tp * tn - fp * fn) / spread, 0.0)
        return {
            "accuracy": (tp + tn) / (tp + fp + tn + fn),
            "balanced_accuracy": (recall + specificity) / 2,
            "recall": recall,
            "specificity": specificity,
            "precision": tp / (tp + fp),
            "precision_at_prior": precision_at(recall, specificity, prior),
            "f1": 2 * tp / (2 * tp + fp + fn),
            "mcc": np.where(both_classes, mcc, np.nan),
        }


def precision_at(
    recall: NDArray[np.float64], specificity: NDArray[np.float64], prior: float | None
) -> NDArray[np.float64]:
    """The precision where a share ``prior`` of photos is Positive; NaN without a prior."""
    if prior is None:
        return np.full_like(recall, np.nan)
    hits, alarms = prior * recall, (1 - prior) * (1 - specificity)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(hits / (hits + alarms))


def _counts(confusion: Confusion) -> tuple[int, int, int, int]:
    return (
        confusion.true_positive,
        confusion.false_positive,
        confusion.true_negative,
        confusion.false_negative,
    )


def _defined(rates: dict[str, NDArray[np.float64]]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else float(value) for name, value in rates.items()}


def _always_positive(n: int, n_positive: int, prior: float | None) -> dict[str, float | None]:
    rates = _defined(decision_rates(n_positive, n - n_positive, 0, 0, prior=prior))
    # One score for every photo ranks nothing: AUROC is a coin, average precision the share of Positive.
    share = n_positive / n if n_positive else None
    auroc = 0.5 if 0 < n_positive < n else None
    return {**rates, "auroc": auroc, "average_precision": share}
