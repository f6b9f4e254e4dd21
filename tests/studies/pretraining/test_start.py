"""The start from the teacher: inherited filters and fitted projections."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from studies.pretraining.closed_form import _fit_projection
from studies.pretraining.features import (
    TAPS,
    Student,
    Teacher,
    channel_spread,
    differences,
    fit_to_teacher,
)
from studies.pretraining.images import list_images, read_square
from studies.pretraining.inherit import _as_3x3, _fill
from studies.pretraining.plan import PretrainPlan


def _photos(folder: Path, count: int, side_px: int) -> torch.Tensor:
    names = list_images(folder)
    chosen = [names[index] for index in np.linspace(0, len(names) - 1, count).astype(int)]
    pixels = np.stack([read_square(folder / name, side_px) for name in chosen])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255


def test_a_folded_kernel_answers_a_flat_patch_as_before() -> None:
    kernels = torch.randn(7, 1, 5, 5)
    torch.testing.assert_close(_as_3x3(kernels).sum((2, 3)), kernels.sum((2, 3)))


def test_a_3x3_kernel_is_left_as_it_is() -> None:
    kernels = torch.randn(7, 1, 3, 3)
    torch.testing.assert_close(_as_3x3(kernels), kernels)


@torch.no_grad()
def test_filled_kernels_keep_the_length_the_optimizer_expects() -> None:
    convolution = nn.Conv2d(6, 5, 1, bias=False)
    before = convolution.weight.clone()
    kernels = 100 * torch.randn(3, 4, 1, 1)
    _fill(convolution, kernels)
    after = convolution.weight
    torch.testing.assert_close(after[:3].flatten(1).norm(dim=1), before[:3].flatten(1).norm(dim=1))
    assert torch.cosine_similarity(after[:3, :4].flatten(1), kernels.flatten(1)).min() > 0.9999
    assert not after[:3, 4:].any()
    torch.testing.assert_close(after[3:], before[3:])


@torch.no_grad()
def test_a_projection_that_exists_is_found() -> None:
    block = Student(PretrainPlan()).network.blocks[3][0].train()
    hidden = torch.randn(64, 192, 4, 4)
    mixing = torch.randn(80, 192) / 14
    wanted = torch.einsum("ncij,oc->noij", hidden, mixing) + torch.randn(80)[None, :, None, None]
    _fit_projection(block, hidden, wanted)
    found = block.bn3(block.conv_pwl(hidden))[:, :80]
    assert (found - wanted).square().mean() < 1e-3 * wanted.var()


@pytest.mark.slow
def test_a_fitted_student_is_much_nearer_to_its_teacher_than_a_random_one(real_data: Path) -> None:
    plan = PretrainPlan()
    teacher = Teacher(plan)
    images = torch.cat([_photos(real_data / name, 96, 64) for name in ("metu", "caltech101")])
    spread = channel_spread(teacher, [images])
    random, fitted = Student(plan).train(), Student(plan).train()
    fit_to_teacher(fitted, teacher, images)
    with torch.no_grad():
        wanted = teacher(images)
        far = differences(random(images), wanted, spread)
        near = differences(fitted(images), wanted, spread)
    # The share of the distance that is left, by how deep the comparison is.
    left = {tap: (near[tap] / far[tap]).item() for tap in TAPS}
    assert max(left[tap] for tap in ("stride4", "stride8", "stride16a", "stride16b")) < 0.5
    assert max(left.values()) < 0.8


def test_a_taught_channel_is_measured_in_its_own_spread() -> None:
    maps = {tap: torch.randn(8, 4) if tap == "pooled" else torch.randn(8, 4, 3, 3) for tap in TAPS}
    spread = {tap: torch.full((4,), 2.0) for tap in TAPS}
    shifted = {tap: values + 1.0 for tap, values in maps.items()}
    for difference in differences(shifted, maps, spread).values():
        assert difference.item() == pytest.approx(0.5 * 0.5**2)
