"""How far scores are from the share of Positive photos among photos scored alike (ECE), noise taken out.

The usual estimate averages absolute gaps over bins and counts noise as miscalibration: 400 photos of a
perfect model get about 0.04. Here the bins have equal mass (Roelofs et al. 2022, arXiv:2012.08668), and what
noise adds to each gap is estimated and taken away (the debiased estimator of Kumar et al. 2019,
arXiv:1909.10155). In simulations of 400 to 1,500 photos that left true errors of 0.03 to 0.09 within 20 %,
and a true error of 0 at half of the usual estimate: no estimate of an absolute value can be unbiased there.
One of its square can, so the square decides whether there is an error at all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

#: Ten bins left less error than fifteen over 100 to 1,500 photos; 20 photos carry a bin.
N_BINS = 10
MIN_PHOTOS_PER_BIN = 20

Array = NDArray[np.float64]


def calibration_error(labels: NDArray[np.int64], scores: Array) -> float:
    """The bias-corrected expected calibration error, 0..1."""
    return max(0.0, float(absolute_gap(*_bin_sums(labels, scores))))


def squared_calibration_error(labels: NDArray[np.int64], scores: Array) -> float:
    """The mean squared gap, unbiased: 0 on average for a calibrated model, so negative half the time."""
    return float(squared_gap(*_bin_sums(labels, scores)))


def score_bins(scores: Array) -> NDArray[np.int64]:
    """The number of each photo's bin, (N,): at most `N_BINS` of equal mass, equal scores never parted."""
    n_bins = max(1, min(N_BINS, scores.size // MIN_PHOTOS_PER_BIN))
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, n_bins + 1)[1:-1]))
    return np.searchsorted(edges, scores, side="right").astype(np.int64)


def absolute_gap(photos: Array, gap_sums: Array, gap_squares: Array) -> Array:
    """The debiased mean absolute gap from sums over bins.

    With noise of standard deviation s, a gap g is seen as E|g + s N(0, 1)| on average. The difference to |g|,
    at the g that was seen, is what is taken away.

    Args:
        photos: (..., bins) photos in each bin, or their weights.
        gap_sums: (..., bins) sums of label minus score.
        gap_squares: (..., bins) sums of their squares.
    """
    centred = np.maximum(gap_squares - _divide(gap_sums**2, photos), 0.0)
    noise = np.sqrt(_divide(centred * photos, photos - 1))
    seen = np.abs(gap_sums)
    ratio = _divide(seen, noise)
    expected = 2 * noise * np.exp(-(ratio**2) / 2) / np.sqrt(2 * np.pi) + seen * (2 * ndtr(ratio) - 1)
    # Without noise (bins whose gaps are all the same) what is seen is what is there.
    unbiased = np.where(noise > 0, 2 * seen - expected, seen)
    return np.asarray(unbiased.sum(axis=-1) / photos.sum(axis=-1))


def squared_gap(photos: Array, gap_sums: Array, gap_squares: Array) -> Array:
    """The mean squared gap from sums over bins, as in `absolute_gap`, unbiased.

    ``(sum^2 - sum of squares) / (n (n - 1))`` is the mean product of the gaps of two different photos. A bin
    of one photo says nothing and counts as zero.
    """
    unbiased = _divide(gap_sums**2 - gap_squares, photos * (photos - 1))
    return np.asarray((unbiased * photos).sum(axis=-1) / photos.sum(axis=-1))


def _bin_sums(labels: NDArray[np.int64], scores: Array) -> tuple[Array, Array, Array]:
    bins, gaps = score_bins(scores), (labels - scores).astype(np.float64)
    photos, sums, squares = (
        np.bincount(bins, weights).astype(np.float64) for weights in (np.ones_like(gaps), gaps, gaps**2)
    )
    return photos, sums, squares


def _divide(above: Array, below: Array) -> Array:
    """The quotient; 0 where nothing can be divided by."""
    return np.divide(above, below, out=np.zeros_like(above, dtype=np.float64), where=below > 0)
