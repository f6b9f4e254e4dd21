"""How much each photo counts, so that a rare class or a small source is not drowned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.training.recipe import Balance


def balance_weights(
    labels: NDArray[np.int64], sources: Sequence[str], balance: Balance
) -> NDArray[np.float64]:
    """Weights with mean 1.

    Args:
        labels: 0 or 1 per photo.
        sources: The data set each photo comes from; looked at for ``source+class`` only.
        balance: ``none`` counts every photo the same; ``class`` gives both classes the same sum;
            ``source+class`` gives every source the same sum, shared equally by the classes it has.
    """
    if balance == "none":
        return np.ones(len(labels))
    names = np.asarray(sources) if balance == "source+class" else np.zeros(len(labels), dtype=np.int64)
    weights = np.empty(len(labels))
    for source in np.unique(names):
        here = names == source
        classes, position, counts = np.unique(labels[here], return_inverse=True, return_counts=True)
        weights[here] = 1 / (len(classes) * counts[position])
    return np.asarray(weights / weights.mean())
