from __future__ import annotations

import pytest
from sklearn.metrics import cohen_kappa_score

from crackscope.dataset.agreement import agree
from crackscope.dataset.corrections import Correction, Corrections, Seen
from crackscope.labels import Label


def looked_at(who: str, *seen: Seen | None) -> Corrections:
    """One photo each; ``None``: not looked at."""
    rows = [
        Correction(
            sha256=f"{index:064x}",
            file=f"{index}.jpg",
            given=Label.POSITIVE,
            seen=what,
            seen_by=who,
            date="2026-01-02",
        )
        for index, what in enumerate(seen)
        if what is not None
    ]
    return Corrections(name=who, rows=tuple(rows))


def test_kappa_is_cohens_of_the_photos_that_both_looked_at() -> None:
    ann = (Seen.CRACK, Seen.CRACK, Seen.HEALTHY, Seen.HEALTHY, Seen.NOT_TO_BE_TOLD, None)
    ben = (Seen.CRACK, Seen.HEALTHY, Seen.HEALTHY, Seen.HEALTHY, Seen.CRACK, Seen.CRACK)
    found = agree(looked_at("Ann", *ann), looked_at("Ben", *ben))
    assert (found.both, found.same) == (5, 3)
    assert found.kappa == pytest.approx(cohen_kappa_score(list(map(str, ann[:5])), list(map(str, ben[:5]))))


def test_what_was_seen_differently_is_not_to_be_told_and_says_why() -> None:
    found = agree(looked_at("Ann", Seen.CRACK, Seen.CRACK), looked_at("Ben", Seen.HEALTHY, Seen.CRACK))
    one, other = found.merged
    assert one.seen is Seen.NOT_TO_BE_TOLD
    assert one.reason == "seen as crack and as healthy"
    assert other.seen is Seen.CRACK
    assert other.seen_by == "Ann and Ben"


def test_photos_that_one_looked_at_are_kept() -> None:
    found = agree(looked_at("Ann", Seen.CRACK, None), looked_at("Ben", None, Seen.HEALTHY))
    assert [row.seen for row in found.merged] == [Seen.CRACK, Seen.HEALTHY]
    assert (found.both, found.kappa) == (0, None)
