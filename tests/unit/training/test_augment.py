from __future__ import annotations

import dataclasses

import pytest
import torch
from torch import Tensor

from crackscope.training.augment import augment_batch, generator_of, to_unit_nchw
from crackscope.training.recipe import AugmentRecipe

NOTHING = AugmentRecipe(
    rotation_deg=0.0, flips=False, zoom_min=1.0, zoom_max=1.0,
    brightness=0.0, contrast=0.0, colour=0.0, blur=0.0, noise=0.0,
)  # fmt: skip
MOVES = dataclasses.replace(NOTHING, rotation_deg=180.0, flips=True, zoom_min=0.6, zoom_max=1.6)


def random_images(count: int = 6, side: int = 32) -> Tensor:
    return torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator_of(7))


def test_strengths_of_zero_give_the_images_themselves() -> None:
    images = random_images()
    assert torch.allclose(augment_batch(images, NOTHING, generator_of(0)), to_unit_nchw(images), atol=1e-5)


def test_the_same_numbers_give_the_same_images_and_other_numbers_others() -> None:
    images, recipe = random_images(), AugmentRecipe()
    first = augment_batch(images, recipe, generator_of(0, 1, 2))
    assert torch.equal(first, augment_batch(images, recipe, generator_of(0, 1, 2)))
    assert not torch.equal(first, augment_batch(images, recipe, generator_of(0, 2, 1)))


def test_it_does_not_touch_its_input_or_the_global_random_numbers() -> None:
    images = random_images()
    copy, state = images.clone(), torch.get_rng_state()
    augment_batch(images, AugmentRecipe(blur=1.0, noise=1.0), generator_of(0))
    assert torch.equal(images, copy)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_result_is_float_nchw_within_0_and_1() -> None:
    result = augment_batch(random_images(5, 48), AugmentRecipe(noise=1.0, brightness=1.0), generator_of(3))
    assert result.shape == (5, 3, 48, 48)
    assert result.dtype == torch.float32
    assert result.min() >= 0
    assert result.max() <= 1


def test_turning_and_zooming_bring_in_no_dark_corners() -> None:
    light = torch.full((64, 32, 32, 3), 200, dtype=torch.uint8)
    moved = augment_batch(light, MOVES, generator_of(1))
    assert torch.allclose(moved, torch.full_like(moved, 200 / 255), atol=1e-5)


def test_every_image_of_a_batch_is_varied_in_its_own_way() -> None:
    same = random_images(1).expand(16, -1, -1, -1)
    varied = augment_batch(same, AugmentRecipe(), generator_of(0))
    assert len({image.numpy().tobytes() for image in varied}) == 16


def test_flips_reach_all_four_mirror_images() -> None:
    image = random_images(1)
    recipe = dataclasses.replace(NOTHING, flips=True)
    flipped = augment_batch(image.expand(64, -1, -1, -1), recipe, generator_of(0))
    original = to_unit_nchw(image)
    mirrors = [original.flip(dims) for dims in ([], [2], [3], [2, 3])]
    found = [
        {k for k, mirror in enumerate(mirrors) if torch.allclose(one, mirror[0], atol=1e-4)}
        for one in flipped
    ]
    assert all(len(match) == 1 for match in found)
    assert set.union(*found) == {0, 1, 2, 3}


def test_a_turned_line_stays_one_line_of_the_same_darkness() -> None:
    images = torch.full((32, 64, 64, 3), 255, dtype=torch.uint8)
    images[:, :, 30:34] = 0
    turned = augment_batch(images, dataclasses.replace(NOTHING, rotation_deg=180.0), generator_of(0))
    ink = (1 - turned).mean((1, 2, 3))
    # A line through the middle is longest along the diagonal, and mirrored outside of the patch.
    assert ink.min() > 0.9 * 4 / 64
    assert ink.max() < 1.5 * 4 / 64
    assert turned[:, :, 31:33, 31:33].max() < 0.05


def test_zooming_in_shows_fewer_stripes_and_zooming_out_more() -> None:
    stripes = torch.where(torch.arange(64) // 8 % 2 == 0, 0, 255).to(torch.uint8)
    images = stripes[None, None, :, None].expand(8, 64, 64, 3)
    inward = augment_batch(images, dataclasses.replace(NOTHING, zoom_max=2.0), generator_of(2))
    outward = augment_batch(images, dataclasses.replace(NOTHING, zoom_min=0.5), generator_of(2))
    assert 3 <= count_edges(inward).min() < count_edges(inward).max() <= 8
    assert 7 <= count_edges(outward).min() < count_edges(outward).max() <= 15


def count_edges(images: Tensor) -> Tensor:
    return (images[:, 0, 32] > 0.5).diff(dim=1).sum(1)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_noise_and_blur_reach_their_share_of_the_images(share: float) -> None:
    images = random_images(1).expand(600, -1, -1, -1)
    for name in ("noise", "blur"):
        recipe = dataclasses.replace(NOTHING, **{name: share})
        changed = (augment_batch(images, recipe, generator_of(5)) - to_unit_nchw(images)).abs() > 1e-4
        assert changed.flatten(1).any(1).float().mean().item() == pytest.approx(share, abs=0.06)


def test_blur_smooths_and_keeps_the_mean() -> None:
    images = random_images(32)
    blurred = augment_batch(images, dataclasses.replace(NOTHING, blur=1.0), generator_of(0))
    plain = to_unit_nchw(images)
    assert (blurred.std((1, 2, 3)) < plain.std((1, 2, 3))).all()
    assert torch.allclose(blurred.mean((1, 2, 3)), plain.mean((1, 2, 3)), atol=0.02)


def test_brightness_contrast_and_colour_stay_within_their_strength() -> None:
    grey = torch.full((200, 8, 8, 3), 128, dtype=torch.uint8)
    recipe = dataclasses.replace(NOTHING, brightness=0.2, colour=0.1)
    shift = augment_batch(grey, recipe, generator_of(0)).mean((2, 3)) - 128 / 255
    assert 0.25 < shift.abs().max() <= 0.3 + 1e-6
    assert (shift.max(1).values - shift.min(1).values).max() <= 0.2 + 1e-6
    stretched = augment_batch(random_images(200), dataclasses.replace(NOTHING, contrast=0.3), generator_of(0))
    ratio = stretched.std((1, 2, 3)) / to_unit_nchw(random_images(200)).std((1, 2, 3))
    assert ratio.min() > 0.7 - 0.01
    assert ratio.max() < 1.3
