"""Fit a model to one site: head, calibration, threshold, review band, and what to expect of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from threadpoolctl import threadpool_limits

from crackscope.adaptation.fit import HEALTHY_BELOW, fit_site
from crackscope.adaptation.graph import read_head
from crackscope.adaptation.head import Evidence, Head
from crackscope.adaptation.sheet import Scores, Sheet, make_sheet
from crackscope.adaptation.site_features import (
    Embedded,
    Progress,
    embed_healthy,
    embed_labelled,
    join_evidence,
)
from crackscope.bundle import Bundle, Calibration, Familiarity, ReviewBand, Threshold
from crackscope.errors import NoPhotosError
from crackscope.evaluation.calibration import apply_calibration, fit_calibration
from crackscope.evaluation.photos import GroupedPhoto
from crackscope.evaluation.review import fit_review_band, photos_needed
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label
from crackscope.records import Failure

#: What `fit.choose_cut` is called in ``model.json``.
THRESHOLD_RULE = "site: both classes weigh the same"
HEALTHY_RULE = f"site: {HEALTHY_BELOW:.0%} of healthy tiles below"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdaptSettings:
    """What a user may choose.

    Attributes:
        seed: Of painted cracks, folds and resamples.
        alpha: The error rate per class that the review band is made for.
        max_review_share: The share of the site's photos that the band may send to review.
        prior: The share of cracked tiles on the site, where it is known: for the precision.
    """

    seed: int = 0
    alpha: float = 0.05
    max_review_share: float = 0.2
    prior: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCounts:
    """Tiles of the site: labelled by a person, and healthy ones that cracks were painted on."""

    negative: int
    positive: int
    healthy: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewChoice:
    """The band, and why it is this one."""

    band: ReviewBand | None
    fitted: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """All that changes in a model, and how good it is.

    Attributes:
        base: The model it started from.
        counts: What was given.
        unfamiliar_before: Share of the site's photos that the old limit would have flagged.
        failures: Photos that could not be read.
    """

    base: Bundle
    head: Head
    reach: float
    threshold: Threshold
    calibration: Calibration
    review: ReviewChoice
    familiarity: Familiarity | None
    sheet: Sheet
    counts: SiteCounts
    unfamiliar_before: float | None
    failures: tuple[Failure, ...]


def adapt(
    classifier: CrackClassifier,
    *,
    labelled: Sequence[GroupedPhoto] = (),
    healthy: Sequence[GroupedPhoto] = (),
    settings: AdaptSettings | None = None,
    progress: Progress | None = None,
) -> Adaptation:
    """Fit a model's head, calibration, threshold and review band to a site.

    Args:
        classifier: The model to start from, at the threshold to compare with.
        labelled: Tiles of the site whose label a person gave, both classes.
        healthy: Photos of the site's intact concrete; cracks are painted on them.
        settings: See `AdaptSettings`.
        progress: Told (photos embedded, photos).

    Raises:
        NoPhotosError: No photo was given, or none could be read.
        DataError: A class comes from fewer than two places.
        BundleError: The model's graph can't take another head.
    """
    settings = settings or AdaptSettings()
    site = _embed(classifier, labelled, healthy, settings.seed, progress)
    # The matrices are so small that handing them out costs more than it saves: two threads on a busy machine
    # took four times the processor time.
    with threadpool_limits(limits=1):
        return _fit(classifier, site, settings)


def _fit(classifier: CrackClassifier, site: Embedded, settings: AdaptSettings) -> Adaptation:
    start, evidence = read_head(classifier.bundle), site.evidence
    found = fit_site(evidence, start, seed=settings.seed)
    rows, logits = evidence[evidence.judged], found.logits[evidence.judged]
    what = _describe(rows)
    calibration = fit_calibration(
        logits, rows.labels, rows.groups.tolist(), seed=settings.seed, fitted_on=what
    )
    threshold = Threshold(
        value=float(apply_calibration(found.cut, calibration)),
        rule=THRESHOLD_RULE if rows.labelled.any() else HEALTHY_RULE,
        fitted_on=what,
    )
    old = classifier.bundle.config
    before = Scores(
        name="before",
        values=apply_calibration(start.logits(rows.features), old.calibration),
        threshold=classifier.threshold,
    )
    return Adaptation(
        base=classifier.bundle,
        head=found.head,
        reach=found.reach,
        threshold=threshold,
        calibration=calibration,
        review=choose_band(
            rows,
            apply_calibration(logits, calibration),
            threshold,
            old.review,
            classifier.threshold,
            settings,
        ),
        familiarity=_widened(old.familiarity, site.distances, what),
        sheet=make_sheet(evidence, start, before, judged_on=what, seed=settings.seed, prior=settings.prior),
        counts=_count(evidence),
        unfamiliar_before=_unfamiliar(old.familiarity, site.distances),
        failures=site.failures,
    )


def choose_band(
    rows: Evidence,
    scores: NDArray[np.float64],
    threshold: Threshold,
    old_band: ReviewBand | None,
    old_threshold: float,
    settings: AdaptSettings,
) -> ReviewChoice:
    """A band for the site where its photos carry one, else the old band moved along with the threshold.

    Args:
        rows: The judged rows; tiles of one group are one independent tile.
        scores: (N,) of them, held out and calibrated.
        threshold: The new one.
        old_band: The old model's.
        old_threshold: The old model's.
        settings: For the error rate and the share.
    """
    needed = photos_needed(settings.alpha)
    independent = {
        label: np.unique(rows.groups[rows.labels == label.number]).size
        for label in (Label.POSITIVE, Label.NEGATIVE)
    }
    if min(independent.values()) < needed:
        found = " and ".join(f"{count} {label}" for label, count in independent.items())
        reason = (
            f"{settings.alpha:.0%} errors per class need at least {needed} independent tiles of each class, "
            f"found {found} (tiles of one photo count once): the old band is kept around the new "
            "threshold, and promises nothing on this site"
        )
        return ReviewChoice(
            band=_moved(old_band, old_threshold, threshold.value, reason), fitted=False, reason=reason
        )
    fit = fit_review_band(
        rows.labels,
        scores,
        threshold=threshold.value,
        alpha=settings.alpha,
        max_review_share=settings.max_review_share,
        fitted_on=threshold.fitted_on,
    )
    reason = fit.summary
    if not rows.labelled.any():
        reason += "; painted cracks are no sample of the site's real ones: for Positive it is a guess"
    band = None if fit.band is None else replace(fit.band, fitted_on=reason)
    return ReviewChoice(band=band, fitted=True, reason=reason)


def _embed(
    classifier: CrackClassifier,
    labelled: Sequence[GroupedPhoto],
    healthy: Sequence[GroupedPhoto],
    seed: int,
    progress: Progress | None,
) -> Embedded:
    """Everything that was given, healthy photos after labelled ones."""
    total = len(labelled) + len(healthy)
    if total == 0:
        raise NoPhotosError(
            "no photo of the site was given; expected labelled tiles, healthy concrete, or both"
        )

    def after(done_before: int) -> Progress | None:
        return None if progress is None else lambda done, _: progress(done_before + done, total)

    parts = [
        *([embed_labelled(classifier, labelled, after(0))] if labelled else []),
        *([embed_healthy(classifier, healthy, seed=seed, progress=after(len(labelled)))] if healthy else []),
    ]
    distances = [part.distances for part in parts if part.distances is not None]
    return Embedded(
        evidence=join_evidence(part.evidence for part in parts),
        distances=np.concatenate(distances) if distances else None,
        failures=tuple(failure for part in parts for failure in part.failures),
    )


def _describe(rows: Evidence) -> str:
    groups = np.unique(rows.groups).size
    if rows.labelled.any():
        return f"{len(rows):,} labelled tiles of the site in {groups:,} groups, held out"
    healthy = int(rows.real.sum())
    return f"{healthy:,} healthy tiles of the site in {groups:,} groups, with painted cracks, held out"


def _count(evidence: Evidence) -> SiteCounts:
    by_label = [int((evidence.labelled & (evidence.labels == label.number)).sum()) for label in Label]
    return SiteCounts(
        negative=by_label[0], positive=by_label[1], healthy=int((evidence.real & ~evidence.labelled).sum())
    )


def _moved(
    band: ReviewBand | None, old_threshold: float, new_threshold: float, reason: str
) -> ReviewBand | None:
    """The band as far from the new threshold, in logits, as it was from the old one."""
    if band is None or band.low > band.high:
        return band
    edges = np.clip([band.low, band.high, old_threshold, new_threshold], 1e-7, 1 - 1e-7)
    low, high, old, new = logit(edges)
    return replace(
        band,
        low=min(float(expit(low - old + new)), new_threshold),
        high=max(float(expit(high - old + new)), new_threshold),
        fitted_on=reason,
    )


def _unfamiliar(old: Familiarity | None, distances: NDArray[np.float64] | None) -> float | None:
    return None if old is None or distances is None else float((distances > old.limit).mean())


def _widened(old: Familiarity | None, distances: NDArray[np.float64] | None, what: str) -> Familiarity | None:
    """The limit raised so that the site's own concrete is familiar; never lowered."""
    if old is None or distances is None:
        return old
    needed = float(np.quantile(distances, old.quantile, method="higher"))
    return old if needed <= old.limit else replace(old, limit=needed, fitted_on=what)
