from __future__ import annotations

import pytest

from crackscope.training.loss import rate_factor


def test_the_rate_rises_over_the_warm_up_and_then_falls_to_nearly_zero() -> None:
    rates = [rate_factor(step, 100, 0.1) for step in range(100)]
    assert rates[:10] == sorted(rates[:10])
    assert max(rates) == rates[10] == 1.0
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 0.001


def test_half_way_down_the_cosine_is_at_a_half() -> None:
    assert rate_factor(55, 100, 0.1) == pytest.approx(0.5)


@pytest.mark.parametrize("total", [1, 2, 3])
def test_very_short_runs_still_learn(total: int) -> None:
    assert all(rate_factor(step, total, 0.1) > 0 for step in range(total))
