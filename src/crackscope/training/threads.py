"""How many processor cores PyTorch may use."""

from __future__ import annotations

import torch


def use_threads(count: int | None) -> None:
    """Limit PyTorch to ``count`` threads; ``None`` leaves its own choice."""
    if count is not None:
        torch.set_num_threads(count)
