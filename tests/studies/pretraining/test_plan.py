from __future__ import annotations

import pytest

from studies.pretraining.plan import PretrainPlan


def test_larger_images_come_in_smaller_batches_so_that_steps_cost_alike() -> None:
    plan = PretrainPlan(batch=64, sizes_px=(64, 128))
    pixels = [plan.images(step) * plan.size_px(step) ** 2 for step in range(2)]
    assert pixels[0] == pixels[1]


def test_sizes_are_taken_in_turn() -> None:
    plan = PretrainPlan(sizes_px=(64, 64, 96))
    assert [plan.size_px(step) for step in range(6)] == [64, 64, 96, 64, 64, 96]


def test_the_rate_rises_stays_and_falls_to_zero() -> None:
    plan = PretrainPlan(rate=1.0, warmup_steps=4)
    rates = [plan.learning_rate(step, decay_from=10, decay_steps=8) for step in range(19)]
    assert rates[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert set(rates[3:11]) == {1.0}
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.0)


def test_the_constant_part_knows_nothing_of_a_decay_to_come() -> None:
    plan = PretrainPlan()
    assert plan.learning_rate(500, decay_from=None, decay_steps=0) == plan.learning_rate(500, 501, 100)
