"""Which of two models is better on the same photos, or that these photos can't tell."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from crackscope.errors import DataError, NoPhotosError
from crackscope.evaluation.binomial_limits import Limits
from crackscope.evaluation.evaluate import ScoredPhotos
from crackscope.evaluation.intervals import (
    CONFIDENCE,
    DEFAULT_RESAMPLES,
    check_bootstrap,
    percentile_limits,
)
from crackscope.evaluation.metrics import (
    LOWER_IS_BETTER,
    METRICS,
    TITLES,
    Metrics,
    check_groups,
    compute_metrics,
    predicted_positive,
)
from crackscope.evaluation.resampling import resample_metrics
from crackscope.records import Failure

#: What a verdict goes by: the labels at each model's own threshold, and the order of the scores.
HEADLINE = ("balanced_accuracy", "auroc")

#: The calibration error is left out: its correction holds for one model, not for a difference.
COMPARED = tuple(name for name in METRICS if name != "ece")

_BY_SCORE = frozenset({"auroc", "average_precision", "log_loss", "brier"})

#: A bootstrap of fewer groups leaves 0 out too early: by labels an exact test on the groups that differ has
#: to agree, by scores nothing is told.
_FEW_GROUPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A metric of two models, and B minus A with its interval; ``None`` where undefined.

    Attributes:
        low: ``None`` also where every resample gave the same difference.
        high: Likewise.
        better: ``A`` or ``B``; ``None`` where these photos can't tell.
    """

    metric: str
    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    better: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two models on the photos that both could score.

    Attributes:
        photos: How many.
        groups: In how many groups.
        left_out: Photos that one or both could not score.
        differences: One for each metric of `COMPARED`.
        only_a_right: Photos that A labels rightly and B does not.
        only_b_right: The other way round.
        mcnemar_p: Exact two-sided p-value of the two counts; takes photos for independent.
        enough_differ: Whether enough groups are labelled differently to tell the models apart by labels.
    """

    model_a: str
    model_b: str
    photos: int
    groups: int
    left_out: int
    differences: tuple[Difference, ...]
    only_a_right: int
    only_b_right: int
    mcnemar_p: float
    enough_differ: bool

    def verdict(self) -> str:
        """Plain sentences: who is better by the labels and by the order of scores, or that nobody knows."""
        by_metric = {difference.metric: difference for difference in self.differences}
        labels, order = (by_metric[metric] for metric in HEADLINE)
        if self.only_a_right + self.only_b_right == 0:
            return f"A and B label all {self.photos} photos alike. {_sentence(order)}"
        sentence = _sentence(labels)
        if labels.better is None and not self.enough_differ:
            n_differ = self.only_a_right + self.only_b_right
            sentence += f" Only {n_differ} of {self.photos} photos are labelled differently."
        return f"{sentence} {_sentence(order)}"


def compare(
    a: ScoredPhotos,
    b: ScoredPhotos,
    *,
    prior: float | None = None,
    n_resamples: int = DEFAULT_RESAMPLES,
    seed: int = 0,
    confidence: float = CONFIDENCE,
) -> Comparison:
    """Compare two models, each at its own threshold, by drawing the same groups for both.

    Args:
        a: What the first model said, from `score_photos`.
        b: What the second said of the same photos.
        prior: For the precision at a prior.
        n_resamples: Bootstrap draws.
        seed: Of the draws.
        confidence: Of the intervals.

    Raises:
        DataError: The photos are not the same.
        NoPhotosError: No photo was scored by both.
        SettingsError: A setting is out of range.
    """
    check_bootstrap(n_resamples, confidence)
    if a.photos != b.photos:
        raise DataError("two models can be compared on the same photos only, in the same order")
    a, b, left_out = _scored_by_both(a, b)
    labels, groups = a.labels(), check_groups(a.groups(), len(a.photos))
    a_right, b_right = (predicted_positive(one.scores(), one.threshold) == (labels == 1) for one in (a, b))
    only_a, only_b = a_right & ~b_right, b_right & ~a_right
    n_groups = int(np.unique(groups).size)
    enough = _enough_differ(only_a, only_b, groups, 1 - confidence)
    value_a, value_b = (
        compute_metrics(labels, one.scores(), threshold=one.threshold, prior=prior) for one in (a, b)
    )
    drawn_a, drawn_b = (
        resample_metrics(
            labels,
            one.scores(),
            groups,
            threshold=one.threshold,
            prior=prior,
            n_resamples=n_resamples,
            seed=seed,
        )
        for one in (a, b)
    )
    return Comparison(
        model_a=a.model,
        model_b=b.model,
        photos=labels.size,
        groups=n_groups,
        left_out=left_out,
        differences=tuple(
            _difference(
                name,
                value_a,
                value_b,
                drawn_b[name] - drawn_a[name],
                n_groups >= _FEW_GROUPS if name in _BY_SCORE else enough,
                confidence,
            )
            for name in COMPARED
        ),
        only_a_right=int(only_a.sum()),
        only_b_right=int(only_b.sum()),
        mcnemar_p=_sign_test(int(only_a.sum()), int(only_b.sum())),
        enough_differ=enough,
    )


def _scored_by_both(a: ScoredPhotos, b: ScoredPhotos) -> tuple[ScoredPhotos, ScoredPhotos, int]:
    both = [
        index
        for index, pair in enumerate(zip(a.outcomes, b.outcomes, strict=True))
        if not any(isinstance(outcome, Failure) for outcome in pair)
    ]
    if not both:
        raise NoPhotosError("no photo could be scored by both models")
    kept_a, kept_b = (
        dataclasses.replace(
            one,
            photos=tuple(one.photos[index] for index in both),
            outcomes=tuple(one.outcomes[index] for index in both),
        )
        for one in (a, b)
    )
    return kept_a, kept_b, len(a.photos) - len(both)


def _sign_test(count_a: int, count_b: int) -> float:
    """Exact two-sided p-value of two counts that would be equal in the long run."""
    return float(binomtest(count_a, count_a + count_b).pvalue) if count_a + count_b else 1.0


def _enough_differ(
    only_a: NDArray[np.bool_], only_b: NDArray[np.bool_], groups: NDArray[np.int64], alpha: float
) -> bool:
    """Whether many groups differ, or few do but so one-sidedly that an exact test on groups agrees."""
    net = np.bincount(groups, only_b.astype(np.float64) - only_a)
    for_a, for_b = int((net < 0).sum()), int((net > 0).sum())
    return for_a + for_b >= _FEW_GROUPS or _sign_test(for_a, for_b) <= alpha


def _difference(
    name: str, a: Metrics, b: Metrics, drawn: NDArray[np.float64], enough: bool, confidence: float
) -> Difference:
    value_a, value_b = getattr(a, name), getattr(b, name)
    defined = value_a is not None and value_b is not None
    limits = percentile_limits(drawn, confidence) if defined else None
    low, high = limits or (None, None)
    return Difference(
        metric=name,
        a=value_a,
        b=value_b,
        difference=value_b - value_a if defined else None,
        low=low,
        high=high,
        better=_better(name, limits) if enough else None,
    )


def _better(name: str, limits: Limits | None) -> str | None:
    if limits is None or limits[0] <= 0 <= limits[1]:
        return None
    return "B" if (limits[0] > 0) is (name not in LOWER_IS_BETTER) else "A"


def _sentence(difference: Difference) -> str:
    title = TITLES[difference.metric]
    if difference.difference is None:
        return f"By {title} they can't be compared: it is undefined on these photos."
    if difference.low is None:
        if difference.difference == 0:
            return f"Their {title} is the same."
        return f"By {title} these photos can't tell: they are too few groups for an interval."
    found = f"B - A is {difference.difference:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
    if difference.better is None:
        return f"By {title} these photos can't tell: {found}."
    return f"{difference.better} is better by {title}: {found}."
