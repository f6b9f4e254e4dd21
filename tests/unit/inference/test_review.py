"""A review is asked for by one rule, the most fundamental reason first."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from crackscope.bundle import ImageQuality, ModelConfig, ReviewBand
from crackscope.inference.review import PATCHES_PER_SIDE, review_reason
from crackscope.labels import ReviewReason
from tests.helpers.bundles import write_tiny_bundle

BAND = ReviewBand(low=0.4, high=0.6, alpha=0.05, fitted_on="a test")


@pytest.fixture
def config(tmp_path: Path) -> ModelConfig:
    return write_tiny_bundle(tmp_path, review=BAND, familiarity_limit=2.0, patch_px=100).config


@pytest.mark.parametrize(
    ("photo_hw", "score", "distance", "expected"),
    [
        ((100, 100), 0.9, 1.0, None),
        ((100, 400), 0.9, 1.0, None),
        ((100, 401), 0.9, 1.0, ReviewReason.LARGER_THAN_A_PATCH),
        ((401, 100), 0.9, 1.0, ReviewReason.LARGER_THAN_A_PATCH),
        ((401, 100), 0.5, 9.0, ReviewReason.LARGER_THAN_A_PATCH),
        ((100, 100), 0.9, 2.0, None),
        ((100, 100), 0.9, 2.1, ReviewReason.UNFAMILIAR),
        ((100, 100), 0.5, 2.1, ReviewReason.UNFAMILIAR),
        ((100, 100), 0.4, 1.0, ReviewReason.UNCERTAIN),
        ((100, 100), 0.6, 1.0, ReviewReason.UNCERTAIN),
        ((100, 100), 0.399999, 1.0, None),
        ((100, 100), 0.600001, 1.0, None),
        ((100, 100), 0.9, None, None),
    ],
)
def test_reasons_and_their_order(
    config: ModelConfig,
    photo_hw: tuple[int, int],
    score: float,
    distance: float | None,
    expected: ReviewReason | None,
) -> None:
    assert PATCHES_PER_SIDE == 4
    found = review_reason(config, photo_hw=photo_hw, sharpness=0.0, score=score, distance=distance)
    assert found is expected


def test_a_model_without_band_and_familiarity_reviews_large_photos_only(config: ModelConfig) -> None:
    plain = dataclasses.replace(config, review=None, familiarity=None)
    assert review_reason(plain, photo_hw=(100, 100), sharpness=0.0, score=0.5, distance=1e9) is None
    assert review_reason(plain, photo_hw=(999, 100), sharpness=0.0, score=0.5, distance=0.0) is not None


def test_a_band_whose_low_end_lies_above_its_high_end_holds_nothing(config: ModelConfig) -> None:
    empty = dataclasses.replace(config, review=dataclasses.replace(BAND, low=0.6, high=0.4))
    assert review_reason(empty, photo_hw=(9, 9), sharpness=0.0, score=0.5, distance=None) is None


@pytest.mark.parametrize(
    ("photo_hw", "sharpness", "expected"),
    [
        ((100, 100), 7.0, None),
        ((100, 100), 6.9, ReviewReason.POOR_IMAGE_QUALITY),
        ((100, 401), 6.9, ReviewReason.LARGER_THAN_A_PATCH),
    ],
)
def test_a_photo_below_the_models_limit_of_sharpness_is_of_poor_quality(
    config: ModelConfig, photo_hw: tuple[int, int], sharpness: float, expected: ReviewReason | None
) -> None:
    limited = dataclasses.replace(
        config, quality=ImageQuality(measure="m", limit=7.0, quantile=0.01, fitted_on="a test")
    )
    assert review_reason(limited, photo_hw=photo_hw, sharpness=sharpness, score=0.9, distance=1.0) is expected


def test_poor_quality_comes_before_unfamiliar_and_uncertain(config: ModelConfig) -> None:
    limited = dataclasses.replace(
        config, quality=ImageQuality(measure="m", limit=7.0, quantile=0.01, fitted_on="a test")
    )
    found = review_reason(limited, photo_hw=(100, 100), sharpness=1.0, score=0.5, distance=9.0)
    assert found is ReviewReason.POOR_IMAGE_QUALITY
