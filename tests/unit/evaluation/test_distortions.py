"""Every distortion keeps size and type, grows with its strength, and depends on nothing but its seed."""

from __future__ import annotations

import numpy as np
import pytest

from crackscope.evaluation.distortions import DISTORTIONS, Distortion, motion_blur, rotation, scale


def _photo(height: int = 60, width: int = 80, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    pixels = rng.normal(150, 25, (height, width, 3))
    pixels[:, width // 2 - 1 : width // 2 + 1] -= 90
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _apply(distortion: Distortion, strength: float, pixels: np.ndarray) -> np.ndarray:
    return distortion.apply(pixels, strength, np.random.default_rng(1))


@pytest.mark.parametrize("distortion", DISTORTIONS, ids=lambda one: one.name)
def test_size_type_and_input_are_kept(distortion: Distortion) -> None:
    pixels = _photo()
    before = pixels.copy()
    for strength in distortion.strengths:
        found = _apply(distortion, strength, pixels)
        assert (found.shape, found.dtype) == (pixels.shape, np.uint8)
        assert np.array_equal(pixels, before)
        assert np.array_equal(found, _apply(distortion, strength, pixels))


@pytest.mark.parametrize(
    "distortion",
    [one for one in DISTORTIONS if one.name not in ("rotation", "scale")],
    ids=lambda one: one.name,
)
def test_farther_from_unchanged_is_farther_from_the_photo(distortion: Distortion) -> None:
    pixels = _photo()
    for side in (-1, 1):
        strengths = [one for one in distortion.strengths if (one - distortion.unchanged) * side > 0]
        strengths.sort(key=lambda one: abs(one - distortion.unchanged))
        changes = [np.abs(_apply(distortion, one, pixels).astype(float) - pixels).mean() for one in strengths]
        assert changes == sorted(changes)


def test_motion_blur_smears_along_one_line_only() -> None:
    pixels = np.zeros((65, 65, 3), np.uint8)
    pixels[32, 32] = 255
    smeared = motion_blur(pixels, 40, np.random.default_rng(0))
    rows, columns = np.nonzero(smeared[..., 0])
    assert len(rows) > 5
    spread = np.linalg.svd(np.stack([rows, columns], 1) - [32, 32], compute_uv=False)
    assert spread[1] < 0.2 * spread[0]


def test_a_turn_there_and_back_keeps_the_middle() -> None:
    pixels = np.repeat(np.linspace(50, 200, 80)[None, :, None], 60, 0).repeat(3, 2).astype(np.uint8)
    rng = np.random.default_rng(0)
    back = rotation(rotation(pixels, 30, rng), -30, rng)
    assert np.abs(back[20:40, 30:50].astype(int) - pixels[20:40, 30:50]).max() <= 4
    assert np.array_equal(rotation(rotation(pixels, 180, rng), 180, rng), pixels)


def test_no_distortion_uncovers_black_corners() -> None:
    white = np.full((64, 64, 3), 230, np.uint8)
    rng = np.random.default_rng(0)
    assert rotation(white, 45, rng).min() >= 229
    assert scale(white, 0.5, rng).min() >= 229


def test_nearer_is_the_middle_and_farther_is_all_of_it() -> None:
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[24:40, 24:40] = 255
    rng = np.random.default_rng(0)
    assert (scale(pixels, 2, rng) > 127).mean() == pytest.approx(4 * (16 / 64) ** 2, rel=0.1)
    # Farther, all of the photo is in the middle; what surrounds it is mirrored.
    assert (scale(pixels, 0.5, rng)[16:48, 16:48] > 127).mean() == pytest.approx((16 / 64) ** 2, rel=0.2)
