"""From evidence to a head and the logit where Positive begins, with everything chosen on held-out groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from crackscope.adaptation.head import REACHES, Evidence, Head, HeadSpace
from crackscope.errors import DataError
from crackscope.labels import Label

#: Without labels, this share of the site's healthy photos stays below the cut.
HEALTHY_BELOW = 0.9

_FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFit:
    """What a site's evidence made of a head.

    Attributes:
        head: On features as they come from the network.
        cut: The logit from which a photo is Positive.
        reach: How far the head moved; one of `REACHES`.
        logits: (N,) of the evidence, each by a head that has not seen its group.
    """

    head: Head
    cut: float
    reach: float
    logits: NDArray[np.float64]


def fit_site(evidence: Evidence, start: Head, *, seed: int) -> SiteFit:
    """Fit the head; how far it moves, and where Positive begins, is chosen on held-out groups.

    Raises:
        DataError: A class has fewer than two groups, so nothing can be held out.
    """
    folds, space = grouped_folds(evidence, seed=seed), HeadSpace.of(evidence, start)
    logits = {reach: space.held_out_logits(reach, folds) for reach in REACHES}
    reach = _shortest_reach(logits, evidence)
    return SiteFit(
        head=space.fit(reach),
        cut=choose_cut(logits[reach], evidence),
        reach=reach,
        logits=logits[reach],
    )


def held_out_margins(
    evidence: Evidence, start: Head, *, seed: int, share: float = 1.0
) -> NDArray[np.float64]:
    """(N,) logit minus cut of every row by a fit that has not seen its group in any way.

    Nested: reach and cut are chosen anew without the held-out groups, so that these margins are what the
    fit would do on new photos of the site. With a share below 1, each fit sees that share of the labels.

    Raises:
        DataError: Too few groups of a class.
    """
    rng = np.random.default_rng(seed)
    margins = np.empty(len(evidence))
    for held_out in grouped_folds(evidence, seed=seed):
        rest = np.setdiff1d(np.arange(len(evidence)), held_out)
        found = fit_site(evidence[_thinned(rest, evidence, share, rng)], start, seed=seed)
        margins[held_out] = found.head.logits(evidence.features[held_out]) - found.cut
    return margins


def grouped_folds(evidence: Evidence, *, seed: int) -> list[NDArray[np.intp]]:
    """Rows to hold out, fold by fold: classes in proportion, no group on both sides.

    Raises:
        DataError: A class has fewer than two groups, or all rows of one class are held out at once.
    """
    groups = {label: np.unique(evidence.groups[evidence.labels == label.number]).size for label in Label}
    n_folds = min(_FOLDS, *groups.values())
    if n_folds < 2:
        counts = " and ".join(f"{count} of {label}" for label, count in groups.items())
        raise DataError(
            f"the photos are from too few places: {counts}; expected at least 2 groups of each, "
            "because the fit is judged on photos it has not seen (tiles of one photo are one group)"
        )
    folds = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    parts = list(folds.split(evidence.labels, evidence.labels, evidence.groups))
    if any(np.unique(evidence.labels[rest]).size < len(Label) for rest, _ in parts):
        raise DataError(
            "the photos are from too few places: without those of one fold a class has none left; "
            "label tiles of more photos"
        )
    return [held_out for _, held_out in parts]


def choose_cut(logits: NDArray[np.float64], evidence: Evidence) -> float:
    """The logit where Positive begins, from held-out logits.

    With labels it is 0: the fit weighs both classes alike, and a cut searched on a hundred noisy logits was
    no better on the whole (studies/site-kit.md). Painted cracks alone put it in the wrong place, because they
    are not as faint, or as plain, as the site's own; healthy photos are real, and a share stays below.
    """
    if evidence.labelled.any():
        return 0.0
    return float(np.quantile(logits[evidence.real & (evidence.labels == 0)], HEALTHY_BELOW))


def _shortest_reach(logits: dict[float, NDArray[np.float64]], evidence: Evidence) -> float:
    """The shortest reach whose log loss on held-out groups is not clearly above the least of all.

    Clearly is one standard error of the difference (Breiman et al., 1984): the least loss itself is partly
    luck, and painted cracks reward a long reach that the site's own cracks don't.
    """
    weights, signs = evidence.weights(), 2 * evidence.labels - 1
    losses = {reach: weights * np.logaddexp(0, -signs * found) for reach, found in logits.items()}
    best = min(REACHES, key=lambda reach: losses[reach].mean())
    groups = np.unique(evidence.groups, return_inverse=True)[1]

    def is_near(reach: float) -> bool:
        excess = np.bincount(groups, losses[reach] - losses[best])
        return bool(excess.sum() <= np.sqrt(excess.size) * excess.std())

    return next(reach for reach in REACHES if is_near(reach))


def _thinned(
    rows: NDArray[np.intp], evidence: Evidence, share: float, rng: np.random.Generator
) -> NDArray[np.intp]:
    """Rows with only a share of the labelled ones of each class, at least one."""
    kept = [rows[~evidence.labelled[rows]]]
    for label in (0, 1):
        of_class = rows[evidence.labelled[rows] & (evidence.labels[rows] == label)]
        kept.append(rng.permutation(of_class)[: max(1, round(share * of_class.size))])
    return np.sort(np.concatenate(kept))
