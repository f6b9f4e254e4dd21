"""What the gate lets through and what it refuses, with its numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from crackscope.errors import MissingClassError
from crackscope.evaluation.evaluate import ScoredPhotos
from crackscope.evaluation.photos import GroupedPhoto
from crackscope.labels import Label, decide
from crackscope.precision.gate import compare_variant
from crackscope.records import Failure, Outcome, Prediction


def scored(scores: list[float | None], truths: list[int]) -> ScoredPhotos:
    photos = tuple(
        GroupedPhoto(path=f"{place}", file=Path(f"{place}"), truth=tuple(Label)[truth], group=f"{place}")
        for place, truth in enumerate(truths)
    )
    outcomes: list[Outcome] = [
        Failure(path=f"{place}", error="damaged")
        if score is None
        else Prediction(path=f"{place}", label=decide(score, 0.5), score=score, threshold=0.5)
        for place, score in enumerate(scores)
    ]
    return ScoredPhotos(
        model="m", identity="0", threshold=0.5, band=None, photos=photos, outcomes=tuple(outcomes)
    )


TRUTHS = [1] * 500 + [0] * 500
GOOD: list[float | None] = [0.9] * 500 + [0.1] * 500


def changed(places: range, score: float) -> ScoredPhotos:
    scores = list(GOOD)
    for place in places:
        scores[place] = score
    return scored(scores, TRUTHS)


def test_the_same_scores_pass() -> None:
    found = compare_variant(scored(GOOD, TRUTHS), scored(GOOD, TRUTHS))
    assert found.objections() == []
    assert (found.photos, found.groups, found.labels_changed, found.score_difference) == (1000, 1000, 0, 0)


def test_a_recall_that_falls_by_the_limit_passes_and_by_more_does_not() -> None:
    at_limit, beyond = (compare_variant(scored(GOOD, TRUTHS), changed(range(n), 0.4)) for n in (1, 2))
    assert at_limit.objections() == []
    [objection] = beyond.objections()
    assert objection == "recall falls from 1.0000 to 0.9960 (at most 0.002 less)"


def test_false_alarms_count_by_the_labels_that_differ() -> None:
    at_limit, beyond = (
        compare_variant(scored(GOOD, TRUTHS), changed(range(500, 500 + n), 0.6)) for n in (5, 6)
    )
    assert at_limit.objections() == []
    assert beyond.objections() == ["0.60% of labels differ (at most 0.5%)"]


def test_an_order_that_suffers_is_refused_though_labels_stay() -> None:
    scores = list(GOOD)
    scores[:10] = [0.6] * 10
    scores[500:] = [0.3] * 500
    worse = list(scores)
    worse[:10] = [0.5] * 10
    worse[500:] = [0.3] * 100 + [0.49999] * 400
    assert compare_variant(scored(scores, TRUTHS), scored(worse, TRUTHS)).objections() == []
    worse[500:510] = [0.95] * 10
    found = compare_variant(scored(scores, TRUTHS), scored(worse, TRUTHS)).objections()
    assert [objection.split()[0] for objection in found] == ["AUROC", "1.00%"]


def test_the_numbers_say_where_there_are_too_few_photos_for_the_limit() -> None:
    enough = scored(GOOD[400:600], TRUTHS[400:600])
    assert "one label decides" not in str(compare_variant(enough, enough))
    few = scored(GOOD[401:600], TRUTHS[401:600])
    assert "fewer than 200 photos, so one label decides" in str(compare_variant(few, few))


def test_photos_without_a_score_are_left_out() -> None:
    broken = list(GOOD)
    broken[0] = None
    found = compare_variant(scored(GOOD, TRUTHS), scored(broken, TRUTHS))
    assert found.photos == 999
    with pytest.raises(MissingClassError, match="the gate needs scored photos of both classes, found 3"):
        compare_variant(scored(GOOD[:3], TRUTHS[:3]), scored(GOOD[:3], TRUTHS[:3]))
