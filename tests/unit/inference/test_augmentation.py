"""Test-time augmentation: which corners are looked at, and what their odds make of a photo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from crackscope.bundle import Bundle, Calibration
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.inputs import cut_corners
from crackscope.inference.outputs import ModelOutputs, average_odds
from crackscope.labels import Label
from crackscope.records import Failure, Prediction
from tests.helpers.bundles import write_tiny_bundle


def look(*logits: float) -> ModelOutputs:
    values = np.array(logits, dtype=np.float32)
    return ModelOutputs(
        score=values,
        logit=values,
        embedding=values[:, None],
        cam=values[:, None, None],
        distance=values,
    )


def calibration(scale: float = 1.0, bias: float = 0.0) -> Calibration:
    return Calibration(method="-", scale=scale, bias=bias, fitted_on="-")


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-values))


def white_with_a_dark_corner(side: int = 64) -> NDArray[np.uint8]:
    """Its top left sixteenth is black: of the corners only the first one shows it."""
    pixels = np.full((side, side, 3), 255, dtype=np.uint8)
    pixels[: side // 4, : side // 4] = 0
    return pixels


def test_corners_are_three_quarters_of_each_side_and_touch_the_photo_s() -> None:
    rows, columns = np.mgrid[0:40, 0:80].astype(np.uint8)
    found = cut_corners(np.stack([rows, columns, rows], axis=2), (30, 60))
    assert [image.shape for image in found] == [(30, 60, 3)] * 4
    first_pixels = [(int(image[0, 0, 0]), int(image[0, 0, 1])) for image in found]
    assert first_pixels == [(0, 0), (0, 20), (10, 0), (10, 20)]
    assert tuple(found[3][-1, -1, :2]) == (39, 79)


def test_corners_of_a_single_pixel_are_the_pixel() -> None:
    found = cut_corners(np.full((1, 1, 3), 7, dtype=np.uint8), (8, 8))
    assert all(image.shape == (8, 8, 3) and (image == 7).all() for image in found)


def test_the_odds_of_all_looks_are_averaged() -> None:
    # Odds of 1 and 3 have the mean 2, the score 2/3.
    found = average_odds([look(0.0), look(np.log(3))], calibration())
    assert found.score[0] == pytest.approx(2 / 3)
    assert found.logit[0] == pytest.approx(np.log(2))


def test_logits_are_calibrated_before_they_are_odds() -> None:
    fitted = calibration(scale=0.5, bias=-1.0)
    found = average_odds([look(1.0, -3.0), look(5.0, -3.0)], fitted)
    odds = (np.exp(0.5 * 1 - 1) + np.exp(0.5 * 5 - 1)) / 2
    np.testing.assert_allclose(found.score, [odds / (1 + odds), sigmoid(np.array(-2.5))], rtol=1e-6)
    np.testing.assert_allclose(sigmoid(0.5 * found.logit - 1.0), found.score, rtol=1e-6)


def test_looks_that_agree_change_nothing_and_huge_logits_stay_scores() -> None:
    found = average_odds([look(2.0, 5000.0, -5000.0)] * 5, calibration())
    np.testing.assert_allclose(found.score, [sigmoid(np.array(2.0)), 1, 0], rtol=1e-6)


def test_everything_but_the_score_is_the_whole_photo_s() -> None:
    whole, corner = look(1.0, 2.0), look(3.0, 4.0)
    found = average_odds([whole, corner], calibration())
    assert found.embedding is whole.embedding
    assert found.cam is whole.cam
    assert found.distance is whole.distance


def test_a_photo_is_looked_at_as_a_whole_and_corner_by_corner(tiny_bundle: Bundle) -> None:
    # The model's logit is 8 * darkness - 4; a ninth of the first corner is dark, nothing of the others.
    darkness = np.array([1 / 16, 1 / 9, 0, 0, 0])
    odds = np.exp(8 * darkness - 4).mean()
    found = CrackClassifier.load(tiny_bundle, tta=True).predict(white_with_a_dark_corner())
    assert found.score == pytest.approx(odds / (1 + odds), abs=1e-3)
    assert found.score != CrackClassifier.load(tiny_bundle).predict(white_with_a_dark_corner()).score


def test_the_label_follows_the_averaged_score(tmp_path: Path) -> None:
    whole = 1 / (1 + np.exp(4 - 8 / 16))
    bundle = write_tiny_bundle(tmp_path / "model", threshold=whole + 1e-4)
    photo = white_with_a_dark_corner()
    photo[:, :, :] = np.rot90(photo, 2)
    assert CrackClassifier.load(bundle).predict(photo).label is Label.NEGATIVE
    lower = write_tiny_bundle(tmp_path / "lower", threshold=whole - 1e-4)
    assert CrackClassifier.load(lower).predict(photo).label is Label.POSITIVE
    assert CrackClassifier.load(lower, tta=True).predict(photo).label is Label.NEGATIVE


def test_bad_files_stay_failures_in_their_place(
    tiny_bundle: Bundle, tmp_path: Path, grey_photo: Callable[..., Path]
) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no photo")
    paths = [grey_photo("a.png", 10), bad, grey_photo("b.png", 200)]
    found = list(CrackClassifier.load(tiny_bundle, tta=True, threads=2).predict_paths(paths))
    assert [type(one) for one in found] == [Prediction, Failure, Prediction]
    # Of one grey, every look is the same.
    plain = list(CrackClassifier.load(tiny_bundle).predict_paths(paths))
    assert [one.score for one in found if isinstance(one, Prediction)] == pytest.approx(
        [one.score for one in plain if isinstance(one, Prediction)], abs=1e-6
    )


def test_a_fast_decode_leaves_enough_pixels_for_the_corners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    from crackscope.inference import inputs

    photo = tmp_path / "large.jpg"
    Image.fromarray(np.full((2000, 2000, 3), 90, dtype=np.uint8)).save(photo)
    sizes = []
    real = inputs.cut_corners
    monkeypatch.setattr(
        inputs, "cut_corners", lambda pixels, size: sizes.append(pixels.shape[0]) or real(pixels, size)
    )
    bundle = write_tiny_bundle(tmp_path / "model", patch_px=2000)
    list(CrackClassifier.load(bundle, tta=True).predict_paths([photo], fast_decode=True))
    assert sizes[0] * 0.75 >= 2 * 64
    assert sizes[0] < 2000
