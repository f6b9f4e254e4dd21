"""A site's next model from its reviews, judged on held-back reviews before it may replace the old one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crackscope.adaptation.adapt import Adaptation, AdaptSettings, adapt
from crackscope.adaptation.site_features import Progress
from crackscope.adaptation.write import write_adaptation
from crackscope.bundle import Bundle
from crackscope.dataset.records import Manifest, Part
from crackscope.errors import DataError
from crackscope.evaluation.compare import HEADLINE, Comparison, compare
from crackscope.evaluation.evaluate import score_photos
from crackscope.evaluation.metrics import TITLES
from crackscope.evaluation.photos import photos_of_manifest
from crackscope.evaluation.report import comparison_document
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label
from crackscope.storage import write_json

COMPARISON_NAME = "comparison.json"

#: Photos held back, at least: from fewer, nothing can be told by the order of scores (see `compare`).
HELD_BACK_PHOTOS = 10
#: Photos of each class in either half, at least: with one, its luck is all that is seen of the class.
PHOTOS_PER_CLASS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Retraining:
    """A new model, and what the held-back reviews say of it.

    Attributes:
        adaptation: What was fitted on the other reviews, and what to expect of it.
        bundle: The new model, written.
        comparison: The old model as A against the new one as B, on the held-back reviews.
        objection: Why the new one must not replace the old; ``None`` where it is not worse.
    """

    adaptation: Adaptation
    bundle: Bundle
    comparison: Comparison
    objection: str | None


def retrain(
    classifier: CrackClassifier,
    reviews: Manifest,
    output: Path,
    *,
    settings: AdaptSettings | None = None,
    progress: Progress | None = None,
) -> Retraining:
    """Fit a model to the reviews that were not held back, and compare it on those that were.

    Args:
        classifier: The model in use.
        reviews: Reviewed tiles; the part ``test`` is held back, and the groups are the photos.
        output: Folder of the new model; an older one there is replaced.
        settings: See `AdaptSettings`.
        progress: Told (photos embedded, photos).

    Raises:
        DataError: There are too few reviews to fit on, or to compare with.
        BundleError: The model's graph can't take another head.
    """
    check_enough(reviews)
    known = [
        photo
        for part in (Part.TRAIN, Part.VALIDATION, Part.CALIBRATION)
        if reviews.of(part)
        for photo in photos_of_manifest(reviews, part)
    ]
    held_back = photos_of_manifest(reviews, Part.TEST)
    adaptation = adapt(classifier, labelled=known, settings=settings, progress=progress)
    bundle = write_adaptation(output, adaptation)
    new = CrackClassifier.load(bundle)
    comparison = compare(score_photos(classifier, held_back), score_photos(new, held_back))
    write_json(output / COMPARISON_NAME, comparison_document(comparison))
    return Retraining(
        adaptation=adaptation,
        bundle=bundle,
        comparison=comparison,
        objection=objection(adaptation, comparison),
    )


def check_enough(reviews: Manifest) -> None:
    """Refuse reviews of too few photos.

    Raises:
        DataError: Says how many there are, and how many are needed.
    """
    for held_back, least in ((True, HELD_BACK_PHOTOS), (False, 2 * PHOTOS_PER_CLASS)):
        rows = [row for row in reviews.rows if (row.part is Part.TEST) is held_back]
        photos = {label: {row.group for row in rows if row.label is label} for label in Label}
        counts = {label: len(found) for label, found in photos.items()}
        total = len(set().union(*photos.values()))
        if total < least or min(counts.values()) < PHOTOS_PER_CLASS:
            what = "held back to compare the models on" if held_back else "there to fit a model to"
            found = " and ".join(f"{count} with {label} tiles" for label, count in counts.items())
            raise DataError(
                f"the reviews are too few: {total} reviewed photos are {what} ({found}); expected at least "
                f"{least}, and {PHOTOS_PER_CLASS} of each class. A quarter of all photos is held back: "
                "review more photos"
            )


def objection(adaptation: Adaptation, comparison: Comparison) -> str | None:
    """Why the new model must not replace the old: what of it is worse; ``None`` where nothing is."""
    if adaptation.sheet.gain.better == "A":
        return "it was worse on the reviews it was fitted to, each judged by a fit without its photo"
    by_metric = {difference.metric: difference for difference in comparison.differences}
    for metric in HEADLINE:
        if by_metric[metric].better == "A":
            return f"its {TITLES[metric]} is worse on the held-back reviews"
    change = by_metric[HEADLINE[0]].difference
    if change is None or change < 0:
        found = "undefined" if change is None else f"lower by {-change:.3f}"
        return f"its {TITLES[HEADLINE[0]]} is {found} on the held-back reviews"
    return None
