"""Start EfficientNetV2-B0 from EfficientNet-Lite0's own filters, block by block.

From stride 8 on both networks are made of inverted residual blocks of nearly the same widths (stage 4: 112
channels, stage 5: 192, head: 1280), so the student's deep blocks take over the teacher's filters. Before that
the student fuses expansion and depthwise convolution into one 3x3 convolution, which starts as the product of
the two. What differs is bridged:

- 5x5 depthwise kernels become 3x3: the outer ring is added to its nearest cell, which keeps the kernel's sum.
- ReLU6 becomes SiLU as it is: sharpening SiLU by scaling its inputs made no measurable difference.
- Squeeze-and-excitation starts with its gates open, added blocks start as identities.
- Where the student is narrower inside a block, the hidden channels that matter least are left out.

What a block makes of these filters, its projection, is not copied but fitted to the teacher's output (see
`closed_form`).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

#: Bias of a gate that lets 98 % through.
_OPEN_GATE = 4.0

#: Keeps SiLU in its nearly linear range where the teacher has no activation at all.
_LINEAR_SHIFT = 2.0

#: Stages whose blocks are fused (one 3x3 expansion) and stages of inverted residual blocks.
_FUSED_STAGES, _DEEP_STAGES = (1, 2), (3, 4, 5)


@torch.no_grad()
def inherit(student: Any, teacher: Any, stem_scale: Tensor) -> None:
    """Copy into a fresh timm ``tf_efficientnetv2_b0`` what fits from a ``tf_efficientnet_lite0``.

    Args:
        student: Changed in place; projections keep their random weights until they are fitted.
        teacher: With its ImageNet weights.
        stem_scale: Student's over teacher's standard deviation of the input, per channel (3,).
    """
    _fill(student.conv_stem, teacher.conv_stem.weight * stem_scale.reshape(1, 3, 1, 1))
    _copy_norm(student.bn1, teacher.bn1)
    _inherit_first(student.blocks[0][0], teacher.blocks[0][0])
    for stage in _FUSED_STAGES:
        for block, source in zip(student.blocks[stage], teacher.blocks[stage], strict=True):
            _inherit_fused(block, source)
    # The first fused block reads channels that `_inherit_first` brought to unit scale.
    scale = teacher.blocks[0][0].bn2.weight
    student.blocks[1][0].conv_exp.weight.mul_(scale.reshape(1, -1, 1, 1))
    for stage in _DEEP_STAGES:
        for index, block in enumerate(student.blocks[stage]):
            _open_gate(block)
            if index < len(teacher.blocks[stage]):
                _inherit_deep(block, teacher.blocks[stage][index])
            else:
                nn.init.zeros_(block.bn3.weight)
    # The teacher's only block of its last stage (192 -> 320) becomes the student's last (192 -> 192).
    _inherit_deep(student.blocks[5][-1], teacher.blocks[6][0])
    nn.init.ones_(student.blocks[5][-1].bn3.weight)
    _copy_norm(student.bn2, teacher.bn2)


def _inherit_first(block: Any, source: Any) -> None:
    """Depthwise 3x3 and 1x1 in a row, as one 3x3 convolution."""
    gain = source.bn1.weight / (source.bn1.running_var + source.bn1.eps).sqrt()
    _fill(block.conv, source.conv_pw.weight * (gain[:, None, None] * source.conv_dw.weight[:, 0])[None])
    nn.init.constant_(block.bn1.bias, _LINEAR_SHIFT)


def _inherit_fused(block: Any, source: Any) -> None:
    kept = _most_important(source, block.conv_exp.out_channels)
    _fill(block.conv_exp, source.conv_pw.weight[kept] * _as_3x3(source.conv_dw.weight[kept]))
    _copy_norm(block.bn1, source.bn2, kept)


def _inherit_deep(block: Any, source: Any) -> None:
    kept = _most_important(source, block.conv_pw.out_channels)
    _fill(block.conv_pw, source.conv_pw.weight[kept])
    _fill(block.conv_dw, _as_3x3(source.conv_dw.weight[kept]))
    _copy_norm(block.bn1, source.bn1, kept)
    _copy_norm(block.bn2, source.bn2, kept)


def _most_important(source: Any, limit: int) -> Tensor:
    """Indices of the hidden channels, at most so many, that reach the block's output most, in their order."""
    reach: Tensor = source.bn2.weight.abs() * source.conv_pwl.weight[:, :, 0, 0].norm(dim=0)
    kept: Tensor = reach.topk(min(limit, len(reach))).indices
    return kept.sort().values


def _fill(convolution: nn.Conv2d, kernels: Tensor) -> None:
    """Put kernels (O, I, k, k) in front; inputs they do not know get no weight, further outputs stay random.

    Every kernel keeps the length it had: normalisation follows, so only the optimizer sees the length, and
    it should find all kernels alike.
    """
    outputs, inputs = kernels.shape[:2]
    lengths = convolution.weight[:outputs].flatten(1).norm(dim=1)
    convolution.weight[:outputs] = 0
    scale = lengths / kernels.flatten(1).norm(dim=1).clamp_min(1e-8)
    convolution.weight[:outputs, :inputs] = kernels * scale.reshape(-1, 1, 1, 1)


def _copy_norm(norm: Any, source: Any, kept: Tensor | None = None) -> None:
    """Scale and shift; the running statistics are measured with the student's own inputs."""
    chosen = slice(None) if kept is None else kept
    count = len(source.weight[chosen])
    norm.weight[:count] = source.weight[chosen]
    norm.bias[:count] = source.bias[chosen]


def _as_3x3(kernels: Tensor) -> Tensor:
    """Depthwise kernels (C, 1, k, k), k odd, with everything outside 3x3 added to its nearest cell."""
    side = kernels.shape[-1]
    fold = torch.zeros(3, side)
    nearest = (torch.arange(side) - side // 2).clamp(-1, 1) + 1
    fold[nearest, torch.arange(side)] = 1
    return fold @ kernels @ fold.T


def _open_gate(block: Any) -> None:
    nn.init.zeros_(block.se.conv_expand.weight)
    nn.init.constant_(block.se.conv_expand.bias, _OPEN_GATE)
