"""When reviews are enough for a next model, and when that model may not replace the old one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crackscope.adaptation.adapt import Adaptation
from crackscope.adaptation.retrain import HELD_BACK_PHOTOS, PHOTOS_PER_CLASS, check_enough, objection
from crackscope.dataset.records import Manifest, ManifestRow, Part
from crackscope.errors import DataError
from crackscope.evaluation.compare import HEADLINE, Comparison, Difference
from crackscope.labels import Label


def reviews(part: Part, photos: int, positive: int, tiles: int = 1) -> tuple[ManifestRow, ...]:
    """Reviewed tiles of ``photos`` photos, the first ``positive`` of them cracked."""
    return tuple(
        ManifestRow(
            path=f"{part}/{photo}-{tile}.jpg",
            label=Label.POSITIVE if photo < positive else Label.NEGATIVE,
            group=f"{part} {photo}",
            part=part,
            sha256=f"{photo:064d}",
        )
        for photo in range(photos)
        for tile in range(tiles)
    )


def manifest(*parts: tuple[ManifestRow, ...]) -> Manifest:
    return Manifest(root=Path(), rows=tuple(row for rows in parts for row in rows))


ENOUGH = reviews(Part.TEST, HELD_BACK_PHOTOS, PHOTOS_PER_CLASS)
TO_FIT = reviews(Part.TRAIN, 2 * PHOTOS_PER_CLASS, PHOTOS_PER_CLASS)


def test_just_enough_photos_of_each_class_are_enough() -> None:
    check_enough(manifest(ENOUGH, TO_FIT))


@pytest.mark.parametrize(
    ("held_back", "to_fit", "said"),
    [
        (reviews(Part.TEST, HELD_BACK_PHOTOS - 1, 3), TO_FIT, "9 reviewed photos are held back"),
        (reviews(Part.TEST, HELD_BACK_PHOTOS, 1), TO_FIT, "1 with Positive tiles"),
        (reviews(Part.TEST, 4, 2, tiles=20), TO_FIT, "4 reviewed photos are held back"),
        (ENOUGH, reviews(Part.TRAIN, 3, 2), "3 reviewed photos are there to fit"),
        (ENOUGH, reviews(Part.VALIDATION, 9, 9), "0 with Negative tiles"),
        (ENOUGH, (), "0 reviewed photos are there to fit"),
    ],
    ids=["few held back", "one cracked", "tiles are no photos", "few to fit", "one class", "none"],
)
def test_too_few_photos_are_refused_with_their_number(
    held_back: tuple[ManifestRow, ...], to_fit: tuple[ManifestRow, ...], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        check_enough(manifest(held_back, to_fit))


def difference(metric: str, better: str | None, by: float | None) -> Difference:
    return Difference(metric=metric, a=0.9, b=None, difference=by, low=None, high=None, better=better)


COMPARISON = Comparison(
    model_a="old",
    model_b="new",
    photos=20,
    groups=20,
    left_out=0,
    differences=tuple(difference(metric, None, 0.0) for metric in HEADLINE),
    only_a_right=0,
    only_b_right=0,
    mcnemar_p=1.0,
    enough_differ=False,
)


def compared(metric: str, better: str | None, by: float | None) -> Comparison:
    """All alike but one metric."""
    others = (one for one in COMPARISON.differences if one.metric != metric)
    return replace(COMPARISON, differences=(*others, difference(metric, better, by)))


def fitted(better: str | None) -> Adaptation:
    """An adaptation whose gain on the reviews it was fitted to is known."""
    known: Any = SimpleNamespace(sheet=SimpleNamespace(gain=difference("balanced_accuracy", better, 0.0)))
    return cast(Adaptation, known)


@pytest.mark.parametrize("better", [None, "B"])
def test_a_model_that_is_not_worse_may_replace_the_old_one(better: str | None) -> None:
    assert objection(fitted(better), COMPARISON) is None
    assert objection(fitted(better), compared("auroc", "B", 0.1)) is None


def test_a_model_that_is_worse_where_it_was_fitted_may_not() -> None:
    assert "worse on the reviews it was fitted to" in str(objection(fitted("A"), COMPARISON))


@pytest.mark.parametrize(("metric", "title"), zip(HEADLINE, ("balanced accuracy", "AUROC"), strict=True))
def test_a_model_that_is_worse_on_held_back_reviews_may_not(metric: str, title: str) -> None:
    found = objection(fitted("B"), compared(metric, "A", -0.2))
    assert found == f"its {title} is worse on the held-back reviews"


@pytest.mark.parametrize(("by", "said"), [(-0.05, "lower by 0.050"), (None, "undefined")])
def test_labels_that_are_lower_or_unknown_are_an_objection_even_where_nobody_can_tell(
    by: float | None, said: str
) -> None:
    found = objection(fitted(None), compared(HEADLINE[0], None, by))
    assert found == f"its balanced accuracy is {said} on the held-back reviews"
