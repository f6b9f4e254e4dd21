"""What the other photos say of a photo's label: a head that has not seen it, and its neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, normalize

from crackscope.errors import DataError
from crackscope.labels import Label

#: Heads, each fitted without a fifth of the groups.
FOLDS = 5

#: Neighbours that are asked, none of the photo's own group.
NEIGHBOURS = 10

# Fetched beyond those asked, because the nearest of all are often copies and sister patches.
_SPARE = 20

# The inverse strength of the pull towards zero. Strong, so that one wrongly labelled photo can't bend the
# head around itself: with scikit-learn's 1.0 fewer planted wrong labels came first.
_C = 0.01


def out_of_fold_scores(
    features: NDArray[np.float32], labels: NDArray[np.int64], groups: NDArray[np.int64], *, seed: int = 0
) -> NDArray[np.float64]:
    """(N,) how likely each photo is Positive, by a linear head that has not seen the photo's group.

    Args:
        features: (N, D).
        labels: (N,) 0 or 1, as given.
        groups: (N,) numbers; copies and patches of one photo share one.
        seed: Of the folds.

    Raises:
        DataError: A class has fewer than two groups, so nothing can be held out.
    """
    n_groups = {label: np.unique(groups[labels == label.number]).size for label in Label}
    folds = min(FOLDS, *n_groups.values())
    if folds < 2:
        counts = " and ".join(f"{count} of {label}" for label, count in n_groups.items())
        raise DataError(
            f"labels can't be audited: the groups are {counts}; expected at least 2 of each class"
        )
    scores = np.empty(len(labels))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    for rest, held_out in splitter.split(features, labels, groups):
        if np.unique(labels[rest]).size < len(Label):
            raise DataError("labels can't be audited: without the photos of one fold a class has none left")
        head = make_pipeline(StandardScaler(), LogisticRegression(C=_C, max_iter=500))
        scores[held_out] = head.fit(features[rest], labels[rest]).predict_proba(features[held_out])[:, 1]
    return scores


def neighbour_shares(
    features: NDArray[np.float32], labels: NDArray[np.int64], groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(N,) the share of Positive among a photo's nearest neighbours in other groups, by cosine.

    0.5 for a photo that has no neighbour outside its group.
    """
    # Of vectors of one length, the nearest are those of the smallest angle.
    directions = normalize(StandardScaler().fit_transform(features))
    count = min(NEIGHBOURS + _SPARE, len(labels) - 1)
    found = (
        NearestNeighbors(n_neighbors=count, algorithm="brute")
        .fit(directions)
        .kneighbors(return_distance=False)
    )
    foreign = groups[found] != groups[:, None]
    # Of those in other groups, the nearest.
    asked = foreign & (np.cumsum(foreign, axis=1) <= NEIGHBOURS)
    n_asked = asked.sum(axis=1)
    positive = (labels[found] * asked).sum(axis=1)
    return np.where(n_asked > 0, positive / np.maximum(n_asked, 1), 0.5)
