from __future__ import annotations

from dataclasses import replace

import torch

from studies.pretraining.batches import batch
from studies.pretraining.images import ImagePool
from studies.pretraining.plan import PretrainPlan


def test_a_batch_is_a_function_of_seed_and_step(pools: list[ImagePool], plan: PretrainPlan) -> None:
    again = batch(pools, plan, 7)
    torch.rand(3)  # the global generator must not matter
    torch.testing.assert_close(batch(pools, plan, 7), again, rtol=0, atol=0)
    assert not torch.equal(batch(pools, plan, 9), again)
    assert not torch.equal(batch(pools, replace(plan, seed=1), 7), again)


def test_batches_have_the_step_s_size_and_lie_in_0_to_1(pools: list[ImagePool], plan: PretrainPlan) -> None:
    small, large = batch(pools, plan, 0), batch(pools, plan, 1)
    assert small.shape == (4, 3, 32, 32)
    assert large.shape == (2, 3, 64, 64)
    assert small.min() >= 0
    assert small.max() <= 1


def test_painting_cracks_darkens_concrete_only(pools: list[ImagePool], plan: PretrainPlan) -> None:
    plan = replace(plan, batch=24)
    always, never = replace(plan, painted=1.0), replace(plan, painted=0.0)
    concrete, objects = pools[:1], pools[1:]
    assert torch.equal(batch(objects, always, 0), batch(objects, never, 0))
    assert not torch.equal(batch(concrete, always, 0), batch(concrete, never, 0))


def test_every_source_is_drawn(pools: list[ImagePool], plan: PretrainPlan) -> None:
    grey = ImagePool(source="caltech101", concrete=False, pixels_nhwc=pools[1].pixels_nhwc * 0)
    images = batch([pools[0], grey], replace(plan, batch=64), 0)
    # Black stays flat whatever its light; textured concrete does not.
    flat = (images.flatten(1).std(dim=1) < 0.05).float().mean().item()
    assert 0.35 < flat < 0.8
