"""From predictions to numbers: decisions at each fold's threshold, means over seeds, coverage."""

from __future__ import annotations

import pytest

from crackscope.labels import Label, ReviewReason
from crackscope.training.crossval.folds import Setting
from crackscope.training.crossval.store import CrossvalRow
from crackscope.training.crossval.summary import ALWAYS_POSITIVE, crossval_table, markdown, summarise


def row(number: int, truth: int, score: float, **changes: object) -> CrossvalRow:
    threshold = float(changes.pop("threshold", 0.5))  # type: ignore[arg-type]
    values = {
        "arm": "baseline",
        "setting": Setting.WITHIN,
        "seed": 0,
        "fold": "one",
        "source": "a",
        "path": f"{number:03d}.png",
        "group": f"g{number}",
        "truth": tuple(Label)[truth],
        "score": score,
        "threshold": threshold,
        "label": tuple(Label)[int(score >= threshold)],
        "reason": "",
    }
    return CrossvalRow(**(values | changes))  # type: ignore[arg-type]


def rows(**changes: object) -> list[CrossvalRow]:
    """Ten of each class; two Positive and one Negative are wrong."""
    positive = [row(number, 1, 0.2 if number < 2 else 0.9 - number / 100, **changes) for number in range(10)]
    negative = [row(number, 0, 0.8 if number == 10 else 0.1, **changes) for number in range(10, 20)]
    return positive + negative


def test_metrics_are_those_of_the_rows() -> None:
    result = summarise(rows(), n_resamples=50)[0]
    values = result.values
    assert (result.photos, result.positive, result.groups) == (20, 10, 20)
    assert values["recall"].value == pytest.approx(0.8)
    assert values["specificity"].value == pytest.approx(0.9)
    assert values["balanced_accuracy"].value == pytest.approx(0.85)
    assert values["recall"].low < 0.8 < values["recall"].high  # type: ignore[operator]


def test_decisions_are_taken_at_each_folds_own_threshold() -> None:
    folds = rows() + [
        row(20 + number, 1, 0.3, fold="two", threshold=0.25, path=f"two {number}") for number in range(10)
    ]
    result = summarise(folds, n_resamples=20)[0]
    assert result.values["recall"].value == pytest.approx(18 / 20)
    assert set(result.folds) == {"one", "two"}
    assert result.folds["two"]["auroc"] is None


def test_seeds_are_averaged_and_their_spread_is_told() -> None:
    better = [row(number, number < 10, 0.9 if number < 10 else 0.1, seed=1) for number in range(20)]
    result = summarise(rows() + better, n_resamples=20)[0]
    assert result.seeds == (0, 1)
    assert result.photos == 20
    assert result.values["recall"].value == pytest.approx(0.9)
    assert result.values["recall"].spread == pytest.approx(0.1)


def test_coverage_counts_reviewed_photos_as_no_error() -> None:
    reviewed = [
        row(number, 1, 0.2, reason=str(ReviewReason.UNCERTAIN if number else ReviewReason.UNFAMILIAR))
        for number in range(2)
    ]
    values = summarise(reviewed + rows()[2:], n_resamples=20)[0].values
    assert values["coverage_positive"].value == 1
    assert values["coverage_negative"].value == pytest.approx(0.9)
    assert values["review"].value == pytest.approx(0.1)
    assert values["unfamiliar"].value == pytest.approx(0.05)


def test_every_source_has_one_always_positive_line_after_its_arms() -> None:
    results = summarise(rows() + rows(arm="detector") + rows(source="b"), n_resamples=20)
    assert [(one.source, one.arm) for one in results] == [
        ("a", "baseline"),
        ("a", "detector"),
        ("a", ALWAYS_POSITIVE),
        ("b", "baseline"),
        ("b", ALWAYS_POSITIVE),
    ]
    always = results[2].values
    assert (always["recall"].value, always["specificity"].value, always["auroc"].value) == (1, 0, 0.5)


def test_the_table_becomes_markdown() -> None:
    text = markdown(crossval_table(summarise(rows(), n_resamples=20)))
    assert text.startswith("| setting | source | photos (groups) | arm | balanced accuracy |")
    assert "| within | a | 20 (20) | baseline | 0.850 [" in text
    assert "With the seed 0;" in text
    both = crossval_table(summarise(rows() + rows(seed=1), n_resamples=20))
    assert "Means over the seeds 0, 1;" in markdown(both)
