"""Sharpness falls with detail, and its limit lets nearly all good photos pass."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crackscope.bundle import Bundle
from crackscope.evaluation.distortions import Pixels, blur, brightness
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.quality import fit_quality, sharpness
from crackscope.labels import ReviewReason
from tests.helpers.bundles import change_config, write_tiny_bundle


@pytest.fixture(scope="module")
def patches() -> list[Pixels]:
    """Rough surfaces of several brightnesses, some with a dark line."""
    rng = np.random.default_rng(3)
    found = [rng.normal(grey, 15, (64, 64, 3)).clip(0, 255).astype(np.uint8) for grey in range(60, 200, 20)]
    for patch in found[::2]:
        patch[:, 30:33] //= 3
    return found


def test_sharpness_is_the_variance_of_the_laplacian_of_grey() -> None:
    """By hand: one white pixel on black has a Laplacian of -4, four of 1 and zeros, times 255."""
    pixels = np.zeros((7, 7, 3), np.uint8)
    pixels[3, 3] = 255
    laplacian = np.zeros((5, 5))
    laplacian[2, 2], laplacian[1, 2], laplacian[3, 2], laplacian[2, 1], laplacian[2, 3] = -4, 1, 1, 1, 1
    assert sharpness(pixels) == pytest.approx((255 * laplacian).var(), rel=1e-5)


def test_blur_and_darkness_lower_it(patches: list[Pixels]) -> None:
    rng = np.random.default_rng(0)
    for patch in patches:
        found = sharpness(patch)
        assert sharpness(blur(patch, 4, rng)) < found / 2
        assert sharpness(brightness(patch, 0.25, rng)) < found / 2


def test_a_photo_is_as_sharp_turned_and_mirrored(patches: list[Pixels]) -> None:
    for patch in patches:
        assert sharpness(np.rot90(patch)) == pytest.approx(sharpness(patch), rel=1e-4)
        assert sharpness(patch[:, ::-1]) == pytest.approx(sharpness(patch), rel=1e-4)


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 9, 3), (9, 2, 3)])
def test_a_photo_without_a_neighbourhood_has_no_detail(shape: tuple[int, int, int]) -> None:
    assert sharpness(np.full(shape, 200, np.uint8)) == 0


def test_one_photo_in_a_hundred_lies_below_the_limit() -> None:
    values = np.random.default_rng(0).permutation(np.arange(1000.0))
    fitted = fit_quality(values.tolist(), fitted_on="numbers")
    assert (values < fitted.limit).mean() == pytest.approx(fitted.quantile, abs=1e-9)
    assert (fitted.quantile, fitted.fitted_on) == (0.01, "numbers")


def test_a_blurred_photo_goes_to_review_whatever_its_score(
    tmp_path: Path, tiny_bundle: Bundle, patches: list[Pixels]
) -> None:
    limited = change_config(
        write_tiny_bundle(tmp_path), quality=fit_quality([20.0] * 9, fitted_on="rough surfaces")
    )
    plain, careful = CrackClassifier.load(tiny_bundle), CrackClassifier.load(limited)
    for patch in patches:
        blurred = blur(patch, 8, np.random.default_rng(0))
        assert careful.predict(patch).reason is plain.predict(blurred).reason is None
        found = careful.predict(blurred)
        assert found.reason is ReviewReason.POOR_IMAGE_QUALITY
        assert (found.label, found.score) == (plain.predict(blurred).label, plain.predict(blurred).score)
