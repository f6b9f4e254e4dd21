"""Metrics as text for people: their names, and as many digits as they are worth, never 1.0000 for almost."""

from __future__ import annotations

#: What people call each metric that has an interval; in records and JSON it is the key, in this order.
TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "recall": "recall",
    "specificity": "specificity",
    "precision": "precision",
    "precision_at_prior": "precision at the prior",
    "f1": "F1",
    "mcc": "MCC",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "calibration error (ECE)",
}

#: Their names in records and JSON, in the order of every table.
METRICS = tuple(TITLES)

_ABSENT = "-"


def number_text(value: float | None, sign: str = "") -> str:
    """Four decimals; more where four would turn a value below 1 into 1.0000.

    >>> number_text(0.25), number_text(0.99999), number_text(None)
    ('0.2500', '0.999990', '-')
    """
    if value is None:
        return _ABSENT
    text = f"{value:{sign}.4f}"
    return f"{value:{sign}.6f}" if text.lstrip("+-") == "1.0000" and abs(value) < 1 else text


def limits_text(low: float | None, high: float | None, sign: str = "") -> str:
    """``[low, high]``, or a dash."""
    return _ABSENT if low is None else f"[{number_text(low, sign)}, {number_text(high, sign)}]"


def estimate_text(value: float | None, low: float | None, high: float | None) -> str:
    """A value and, where it has an interval, that behind it."""
    return number_text(value) + ("" if low is None else f" {limits_text(low, high)}")
