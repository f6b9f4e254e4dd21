"""Which unlabelled tiles a person should look at next, so that few labels say much (active learning).

The tiles nearest to the threshold are where a label moves the model most, but they often show the same thing
many times. So of the most uncertain ones those are taken that differ from each other and from what is known.
Mix them with tiles drawn by chance: studies/active-learning.md has what happens on real photos without.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crackscope.errors import SettingsError

#: Of this many times as many most uncertain tiles, those that differ are suggested. With more, tiles that the
#: model is sure of get in.
CANDIDATES_PER_SUGGESTION = 5


def uncertainty(margins: NDArray[np.floating]) -> NDArray[np.float64]:
    """1 at the threshold, towards 0 far from it, on either side.

    Args:
        margins: (N,) logit of the score minus logit of the threshold.
    """
    # 4 s (1 - s) of the sigmoid s; beyond 300 it would overflow, and is 0 long before.
    half = np.minimum(np.abs(np.asarray(margins, np.float64)) / 2, 300)
    return np.asarray(1 / np.cosh(half) ** 2)


def suggest(
    margins: NDArray[np.floating],
    embeddings: NDArray[np.floating],
    n: int,
    *,
    known: NDArray[np.floating] | None = None,
) -> NDArray[np.intp]:
    """Rows of the next tiles to label, the most telling first; the same for the same input.

    Each tile taken is the one whose uncertainty, times its squared distance to what is known or taken
    already, is largest: k-means++ (Arthur and Vassilvitskii, 2007) weighted by uncertainty, with the largest
    instead of a random draw.

    Args:
        margins: (N,) logit of the score minus logit of the threshold.
        embeddings: (N, D) of the same tiles.
        n: How many; fewer where there are fewer tiles.
        known: (K, D) embeddings of tiles that have a label.

    Raises:
        SettingsError: ``n`` is below 1, or the shapes do not fit.
    """
    if n < 1 or margins.ndim != 1 or embeddings.shape[:1] != margins.shape:
        raise SettingsError(
            f"n is {n}, margins are {margins.shape}, embeddings {embeddings.shape}; "
            "expected n from 1 on, (N,) and (N, D)"
        )
    weights = uncertainty(margins)
    # Stable, so that equal tiles keep their order.
    rows = np.argsort(-weights, kind="stable")[: n * CANDIDATES_PER_SUGGESTION]
    directions, weights = _directions(embeddings[rows]), weights[rows]
    distances = np.full(len(rows), 4.0)  # the largest that directions can have
    for direction in [] if known is None else _directions(known):
        distances = np.minimum(distances, _squared_distances(directions, direction))
    taken: list[int] = []
    for _ in range(min(n, len(rows))):
        merit = weights * distances
        merit[taken] = -1.0
        taken.append(int(merit.argmax()))
        distances = np.minimum(distances, _squared_distances(directions, directions[taken[-1]]))
    return np.asarray(rows[taken], np.intp)


def _directions(embeddings: NDArray[np.floating]) -> NDArray[np.float64]:
    """Embeddings of length 1: how bright or rich a tile is says little about what it shows."""
    found = np.asarray(embeddings, np.float64)
    return np.asarray(found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12))


def _squared_distances(directions: NDArray[np.float64], one: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.maximum(0.0, 2 - 2 * directions @ one))
