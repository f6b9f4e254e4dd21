"""A review is asked for by one rule, the most fundamental reason first, of one photo or of many."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from crackscope.bundle import ImageQuality, ModelConfig, ReviewBand
from crackscope.inference.review import review_reason, review_reasons, typical_distance, typical_sharpness
from crackscope.labels import ReviewReason
from tests.helpers.bundles import write_tiny_bundle

BAND = ReviewBand(low=0.4, high=0.6, alpha=0.05, fitted_on="a test")
QUALITY = ImageQuality(measure="m", limit=7.0, quantile=0.01, fitted_on="a test")


@pytest.fixture
def config(tmp_path: Path) -> ModelConfig:
    bundle = write_tiny_bundle(tmp_path, review=BAND, familiarity_limit=2.0, patch_px=100)
    return dataclasses.replace(bundle.config, quality=QUALITY)


CASES = [
    (9.0, 0.9, 1.0, None),
    (9.0, 0.9, 2.0, None),
    (9.0, 0.9, 2.1, ReviewReason.UNFAMILIAR),
    (9.0, 0.5, 2.1, ReviewReason.UNFAMILIAR),
    (9.0, 0.4, 1.0, ReviewReason.UNCERTAIN),
    (9.0, 0.6, 1.0, ReviewReason.UNCERTAIN),
    (9.0, 0.399999, 1.0, None),
    (9.0, 0.600001, 1.0, None),
    (7.0, 0.9, 1.0, None),
    (6.9, 0.9, 1.0, ReviewReason.POOR_IMAGE_QUALITY),
    (1.0, 0.5, 9.0, ReviewReason.POOR_IMAGE_QUALITY),
]


@pytest.mark.parametrize(("sharpness", "score", "distance", "expected"), CASES)
def test_reasons_and_their_order(
    config: ModelConfig, sharpness: float, score: float, distance: float, expected: ReviewReason | None
) -> None:
    assert review_reason(config, sharpness=sharpness, score=score, distance=distance) is expected


def test_many_photos_get_the_reasons_that_each_gets_alone(config: ModelConfig) -> None:
    sharpness, scores, distance = (np.array([case[column] for case in CASES]) for column in range(3))
    found = review_reasons(config, sharpness=sharpness, scores=scores, distance=distance)
    assert found == [case[3] for case in CASES]


def test_what_is_not_known_is_no_reason(config: ModelConfig) -> None:
    assert review_reason(config, sharpness=None, score=0.9, distance=None) is None
    assert review_reasons(config, sharpness=None, scores=np.array([0.9, 0.5]), distance=None) == [
        None, ReviewReason.UNCERTAIN
    ]  # fmt: skip


def test_a_model_without_limits_reviews_nothing(config: ModelConfig) -> None:
    plain = dataclasses.replace(config, review=None, familiarity=None, quality=None)
    assert review_reason(plain, sharpness=0.0, score=0.5, distance=1e9) is None


def test_a_band_whose_low_end_lies_above_its_high_end_holds_nothing(config: ModelConfig) -> None:
    empty = dataclasses.replace(config, review=dataclasses.replace(BAND, low=0.6, high=0.4))
    assert review_reason(empty, sharpness=9.0, score=0.5, distance=None) is None


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 10])
def test_the_typical_look_is_beyond_a_limit_where_at_least_half_of_them_are(n: int) -> None:
    for beyond in range(n + 1):
        distances = [3.0] * beyond + [1.0] * (n - beyond)
        assert (typical_distance(distances) > 2.0) is (beyond >= n / 2)
        assert (typical_sharpness([-distance for distance in distances]) < -2.0) is (beyond >= n / 2)
