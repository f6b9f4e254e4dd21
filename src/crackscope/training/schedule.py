"""The learning rate over a run: a linear warm-up, then a cosine to zero."""

from __future__ import annotations

import math


def rate_factor(step: int, total_steps: int, warmup_share: float) -> float:
    """What the learning rates are multiplied with at a step (counted from 0): 0..1, never exactly 0.

    A function of the step alone, so that there is no scheduler state to save.
    """
    warmup_steps = round(total_steps * warmup_share)
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    done = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * done))
