"""Pictures of what scores say against the truth; each function writes one PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_curve, roc_curve

from crackscope.bundle import ReviewBand
from crackscope.evaluation.calibration_error import N_BINS
from crackscope.evaluation.metrics import Confusion, compute_metrics, count_decisions
from crackscope.evaluation.style import (
    CLASS_COLOURS,
    FAINT,
    LINE,
    MARK,
    SHADE,
    add_legend,
    dress,
    dress_counts,
    dress_shares,
    new_figure,
    save,
)
from crackscope.evaluation.tables import number_text
from crackscope.labels import Label

_HISTOGRAM_BINS = 40

#: From this area on a curve hugs its corner, and a second, closer view is drawn.
_ZOOM_FROM = 0.97
_ZOOM = 0.1


def draw_confusion(
    target: Path, labels: NDArray[np.int64], scores: NDArray[np.float64], *, threshold: float
) -> None:
    """Photos by truth and decision, with their share of the true class."""
    confusion = count_decisions(labels, scores, threshold)
    figure = new_figure(4.6, 4.4, f"Decisions at threshold {threshold:.3g}\nn = {labels.size:,} photos")
    axes = figure.add_subplot()
    counts = _table(confusion)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(2, 2):
        share = f"{shares[row, column]:.2%} of {totals[row, 0]:,}" if totals[row, 0] else "no photo"
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}\n{share}",
            ha="center",
            va="center",
            color="white" if shares[row, column] > 0.5 else "black",
        )
    names = [str(label) for label in Label]
    axes.set_xticks([0, 1], names)
    axes.set_yticks([0, 1], names, rotation=90, va="center")
    axes.set_xlabel("decision")
    axes.set_ylabel("truth")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    save(figure, target)


def draw_roc(
    target: Path, labels: NDArray[np.int64], scores: NDArray[np.float64], *, threshold: float
) -> None:
    """Recall against false alarms over all thresholds; needs both classes."""
    found = compute_metrics(labels, scores, threshold=threshold)
    false_alarms, recall, _ = roc_curve(labels, scores, drop_intermediate=False)
    figure = new_figure(5.2, 5.2, f"ROC curve\n{_classes(labels)}")
    axes = figure.add_subplot()
    dress_shares(axes, x="false alarms (share of Negative photos)", y="recall (share of Positive photos)")
    axes.plot([0, 1], [0, 1], color=FAINT, linestyle=":", label="chance")
    point = _as_float(1 - _as_float(found.specificity)), _as_float(found.recall)
    curve = f"AUROC {number_text(found.auroc)}"
    mark = f"threshold {threshold:.3g}: recall {point[1]:.3f}, false alarms {point[0]:.3f}"
    _plot_curve(axes, false_alarms, recall, curve, point, mark)
    add_legend(axes, "lower right")
    if _as_float(found.auroc) >= _ZOOM_FROM:
        closer = axes.inset_axes((0.38, 0.3, 0.5, 0.5), xlim=(-0.003, _ZOOM), ylim=(1 - _ZOOM, 1.003))
        _plot_curve(closer, false_alarms, recall, curve, point, mark)
        _frame_closer(axes, closer)
    save(figure, target)


def draw_precision_recall(
    target: Path, labels: NDArray[np.int64], scores: NDArray[np.float64], *, threshold: float
) -> None:
    """Precision against recall over all thresholds; needs a Positive photo."""
    found = compute_metrics(labels, scores, threshold=threshold)
    precision, recall, _ = precision_recall_curve(labels, scores)
    figure = new_figure(5.2, 5.2, f"Precision and recall\n{_classes(labels)}")
    axes = figure.add_subplot()
    dress_shares(axes, x="recall (share of Positive photos)", y="precision (share of Positive decisions)")
    share = found.n_positive / found.n
    axes.axhline(share, color=FAINT, linestyle=":", label=f"always Positive: {share:.3f}")
    point = _as_float(found.recall), _as_float(found.precision)
    curve = f"average precision {number_text(found.average_precision)}"
    mark = f"threshold {threshold:.3g}: recall {point[0]:.3f}, precision {point[1]:.3f}"
    _plot_curve(axes, recall, precision, curve, point, mark)
    add_legend(axes, "lower left")
    if _as_float(found.average_precision) >= _ZOOM_FROM:
        closer = axes.inset_axes((0.12, 0.3, 0.5, 0.5), xlim=(1 - _ZOOM, 1.003), ylim=(1 - _ZOOM, 1.003))
        _plot_curve(closer, recall, precision, curve, point, mark)
        _frame_closer(axes, closer)
    save(figure, target)


def draw_reliability(target: Path, labels: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
    """Share of Positive photos against the score, with the scores' histogram."""
    found = compute_metrics(labels, scores, threshold=0.5)
    figure = new_figure(5.2, 6.4, f"Reliability: calibration error {found.ece:.3f}\n{_classes(labels)}")
    upper, lower = figure.subplots(2, height_ratios=(4, 1), sharex=True)
    dress_shares(upper, x="", y="share that is Positive")
    upper.set_aspect("auto")  # as wide as the histogram below
    upper.plot([0, 1], [0, 1], color=FAINT, linestyle=":", label="perfectly calibrated")
    # Bins of equal width: those of equal mass, which the error is computed in, crowd at 0 and 1.
    bins = np.minimum((scores * N_BINS).astype(int), N_BINS - 1)
    for number in np.unique(bins):
        inside = bins == number
        _plot_bin(upper, scores[inside], labels[inside], first=bool(number == bins.min()))
    dress(lower, x="score", y="photos")
    lower.hist(scores, bins=_HISTOGRAM_BINS, range=(0, 1), color=LINE)
    dress_counts(lower)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=8)
    save(figure, target)


def draw_scores(
    target: Path,
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    *,
    threshold: float,
    band: ReviewBand | None = None,
) -> None:
    """How many photos of each class got which score, with the threshold and the review band."""
    figure = new_figure(6.4, 4.2, f"Scores by class\n{_classes(labels)}")
    axes = figure.add_subplot()
    dress(axes, x="score", y="photos")
    if band is not None and band.low <= band.high:
        axes.axvspan(band.low, band.high, color=SHADE, label=f"review: {band.low:.3g} to {band.high:.3g}")
    for label in Label:
        of_class = scores[labels == label.number]
        axes.hist(
            of_class,
            bins=_HISTOGRAM_BINS,
            range=(0, 1),
            histtype="stepfilled",
            color=(CLASS_COLOURS[label], 0.35),
            edgecolor=CLASS_COLOURS[label],
            linewidth=1.4,
            label=f"{label} ({of_class.size:,})",
        )
    axes.axvline(threshold, color=MARK, linewidth=1.4, label=f"threshold {threshold:.3g}")
    dress_counts(axes)
    axes.set_xlim(-0.01, 1.01)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    save(figure, target)


def _table(confusion: Confusion) -> NDArray[np.int64]:
    return np.array(
        [
            [confusion.true_negative, confusion.false_positive],
            [confusion.false_negative, confusion.true_positive],
        ]
    )


def _classes(labels: NDArray[np.int64]) -> str:
    n_positive = int(labels.sum())
    return f"n = {n_positive:,} Positive and {labels.size - n_positive:,} Negative photos"


def _as_float(value: float | None) -> float:
    return float("nan") if value is None else value


def _plot_curve(
    axes: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    curve: str,
    point: tuple[float, float],
    mark: str,
) -> None:
    # Steps, because between two photos there is no other threshold; the areas are those of the steps.
    axes.plot(x, y, color=LINE, linewidth=1.6, drawstyle="steps-post", label=curve)
    axes.plot(*point, "o", color=MARK, label=mark)


def _frame_closer(axes: Axes, closer: Axes) -> None:
    closer.grid(color=SHADE, linewidth=0.6)
    closer.tick_params(labelsize=7)
    axes.indicate_inset_zoom(closer, edgecolor=FAINT)


def _plot_bin(axes: Axes, scores: NDArray[np.float64], labels: NDArray[np.int64], *, first: bool) -> None:
    share, mean = labels.mean(), scores.mean()
    limits = binomtest(int(labels.sum()), labels.size).proportion_ci(0.95, method="exact")
    axes.errorbar(
        mean,
        share,
        yerr=[[share - limits.low], [limits.high - share]],
        fmt="o",
        color=LINE,
        markersize=5,
        capsize=2,
        linewidth=1,
        label="photos scored alike, 95 % interval" if first else None,
    )
