"""A model on labelled photos: scores, metrics, groups, failures and review, all of the same photos."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from crackscope.errors import NoPhotosError, SettingsError
from crackscope.evaluation.evaluate import evaluate, score_photos, summarise_review
from crackscope.evaluation.photos import GroupedPhoto, find_labelled_photos
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label, ReviewReason
from crackscope.records import Failure, Prediction


def test_an_evaluation_is_that_of_the_photos(data: Path, classifier: CrackClassifier) -> None:
    photos = find_labelled_photos([data])
    found = evaluate(classifier, photos, prior=0.1, n_resamples=100)

    # Grey 140 is below the threshold, grey 120 above it.
    table = found.metrics.confusion
    assert (table.true_positive, table.false_negative, table.false_positive, table.true_negative) == (
        5,
        1,
        1,
        5,
    )
    assert found.metrics.prior == 0.1
    assert found.n_groups == 11
    assert found.intervals["recall"].low < 5 / 6 < found.intervals["recall"].high
    assert (found.scored.model, found.scored.threshold) == ("mean darkness", 0.5)
    assert len(found.scored.identity) == 64
    assert found.scored.failures() == []


def test_an_evaluation_is_a_small_table_in_a_notebook(data: Path, classifier: CrackClassifier) -> None:
    found = evaluate(classifier, find_labelled_photos([data]), n_resamples=100)
    named = dataclasses.replace(found, scored=dataclasses.replace(found.scored, model="<b>bold</b>"))
    view = named._repr_html_()
    assert "&lt;b&gt;bold&lt;/b&gt; on 12 photos in 11 groups" in view
    low, high = found.intervals["recall"].low, found.intervals["recall"].high
    assert f"<tr><th>recall</th><td>0.8333 ({low:.4f} to {high:.4f})</td></tr>" in view
    assert "precision at the prior" not in view
    assert len(view) < 2_000


def test_outcomes_are_in_the_order_of_the_photos_and_under_their_names(
    data: Path, classifier: CrackClassifier
) -> None:
    photos = tuple(reversed(find_labelled_photos([data])))
    scored = score_photos(classifier, photos, batch_size=3)

    assert [outcome.path for outcome in scored.outcomes] == [photo.path for photo in photos]
    one_by_one = [classifier.predict(photo.file).score for photo in photos]
    assert scored.scores().tolist() == one_by_one
    assert scored.labels().tolist() == [photo.truth.number for photo in photos]


def test_progress_counts_every_photo(data: Path, classifier: CrackClassifier) -> None:
    told: list[tuple[int, int | None]] = []
    score_photos(
        classifier, find_labelled_photos([data]), progress=lambda done, total: told.append((done, total))
    )

    assert told == [(done, 12) for done in range(1, 13)]


def test_a_photo_that_cannot_be_read_is_left_out_and_counted(
    data: Path, classifier: CrackClassifier, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"")
    photos = find_labelled_photos([data])
    lost = GroupedPhoto(path="broken.png", file=broken, truth=Label.POSITIVE, group="broken")
    found = evaluate(classifier, (photos[0], lost, *photos[1:]), n_resamples=20)

    assert found.metrics == evaluate(classifier, photos, n_resamples=20).metrics
    [failure] = found.scored.failures()
    assert failure == Failure(path="broken.png", error="the file is empty")
    assert found.n_groups == 11


def test_no_photo_and_no_readable_photo_are_refused(tmp_path: Path, classifier: CrackClassifier) -> None:
    lost = GroupedPhoto(path="a.png", file=tmp_path / "a.png", truth=Label.POSITIVE, group="a")

    with pytest.raises(NoPhotosError, match="there is no photo"):
        evaluate(classifier, [])
    with pytest.raises(
        NoPhotosError, match=r"none of the 1 photos could be scored; the first, a\.png: No such"
    ):
        evaluate(classifier, [lost])


def test_settings_are_refused_before_the_work(data: Path, classifier: CrackClassifier) -> None:
    told: list[int] = []
    for settings in ({"prior": 2.0}, {"n_resamples": 0}):
        with pytest.raises(SettingsError, match=r"the prior is a share|at least 1 resample"):
            evaluate(
                classifier,
                find_labelled_photos([data]),
                progress=lambda done, _: told.append(done),
                **settings,  # type: ignore[arg-type]
            )
    assert told == []


def test_review_is_what_the_model_sends_there(data: Path, classifier: CrackClassifier) -> None:
    scored = score_photos(classifier, find_labelled_photos([data]))
    review = summarise_review(scored)
    inside = [prediction for _, prediction in scored.predictions() if 0.4 <= prediction.score <= 0.6]

    # Grey 140 and 120, both wrong, are the only scores near the threshold.
    assert review.photos == len(inside) == 2
    assert review.share == pytest.approx(2 / 12)
    assert review.reasons == {
        ReviewReason.LARGER_THAN_A_PATCH: 0,
        ReviewReason.POOR_IMAGE_QUALITY: 0,
        ReviewReason.UNFAMILIAR: 0,
        ReviewReason.UNCERTAIN: 2,
    }
    assert review.error_rate_inside == 1
    assert review.error_rate_outside == 0
    assert review.share_interval.low is not None
    assert review.share_interval.low < 2 / 12


def test_coverage_is_what_is_right_or_reviewed_of_each_class(data: Path, classifier: CrackClassifier) -> None:
    scored = score_photos(classifier, find_labelled_photos([data]))
    all_reviewed = summarise_review(scored).coverage
    unaware = [
        dataclasses.replace(one, reason=None) if isinstance(one, Prediction) else one
        for one in scored.outcomes
    ]
    none_reviewed = summarise_review(dataclasses.replace(scored, outcomes=tuple(unaware))).coverage

    assert [all_reviewed[label].value for label in Label] == [1, 1]
    assert [none_reviewed[label].value for label in Label] == pytest.approx([5 / 6, 5 / 6])


def test_there_is_no_coverage_of_a_class_without_photos(data: Path, classifier: CrackClassifier) -> None:
    photos = [photo for photo in find_labelled_photos([data]) if photo.truth is Label.NEGATIVE]
    review = summarise_review(score_photos(classifier, photos))

    assert review.coverage[Label.POSITIVE].value is None
    assert review.coverage[Label.NEGATIVE].value == 1


def test_photos_of_one_class_are_evaluated(data: Path, classifier: CrackClassifier) -> None:
    photos = [photo for photo in find_labelled_photos([data]) if photo.truth is Label.NEGATIVE]
    found = evaluate(classifier, photos, n_resamples=50)

    assert found.metrics.recall is None
    assert found.metrics.specificity == pytest.approx(5 / 6)
    assert found.intervals["recall"].low is None
