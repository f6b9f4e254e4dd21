"""Where painted cracks lie, as a second lesson for the middle of the network; it is not part of the model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from crackscope.errors import RecipeError

#: Strides of the feature maps that learn it: fine enough for a hairline, deep enough to tell it from a joint.
_STRIDES = (8, 16)

#: A cell holds a crack from this coverage of any of its pixels on: a quarter of a pixel's width.
_COVERED = 0.25

#: Few cells hold a crack, so the first guess is no.
_FIRST_BIAS = -2.0


class MaskHead(nn.Module):
    """One 1x1 convolution each on the middle stages of a backbone.

    Args:
        backbone: timm's model, with its ``feature_info``.

    Raises:
        RecipeError: It has no stage at stride 8 or 16.
    """

    def __init__(self, backbone: Any) -> None:
        super().__init__()
        stages = [stage for stage in backbone.feature_info if stage["reduction"] in _STRIDES]
        if not stages:
            raise RecipeError(
                "finetune.mask_loss needs a backbone with stages at stride 8 or 16, "
                f"not only at {[stage['reduction'] for stage in backbone.feature_info]}; set it to 0"
            )
        self.stages = tuple(stage["module"] for stage in stages)
        self.convolutions = nn.ModuleList(_first_guess(stage["num_chs"]) for stage in stages)

    def watch(self, backbone: Any) -> list[Tensor]:
        """A list that holds the middle maps of the last batch that went through ``backbone``."""
        maps: list[Tensor] = []

        def keep(module: nn.Module, inputs: Any, output: Tensor) -> None:
            if module is first:
                maps.clear()
            maps.append(output)

        modules = [backbone.get_submodule(name) for name in self.stages]
        first = modules[0]
        for module in modules:
            module.register_forward_hook(keep)
        return maps

    def loss(self, maps: list[Tensor], coverage: Tensor, known: Tensor) -> Tensor:
        """Binary cross-entropy per cell, averaged over cells and stages.

        Args:
            maps: Middle maps (N, C, h, w), one per stage.
            coverage: (N, H, W), how much of each pixel is crack, 0..1.
            known: (N,), whether it is known: nobody drew where the real cracks lie.
        """
        if not known.any():
            return coverage.new_zeros(())
        losses = []
        for convolution, features in zip(self.convolutions, maps, strict=True):
            logits = convolution(features[known])[:, 0]
            covered = functional.adaptive_max_pool2d(coverage[known][:, None], logits.shape[1:])[:, 0]
            target = (covered >= _COVERED).to(logits.dtype)
            losses.append(functional.binary_cross_entropy_with_logits(logits, target))
        return torch.stack(losses).mean()


def _first_guess(channels: int) -> nn.Conv2d:
    convolution = nn.Conv2d(channels, 1, 1)
    assert convolution.bias is not None
    nn.init.constant_(convolution.bias, _FIRST_BIAS)
    return convolution
