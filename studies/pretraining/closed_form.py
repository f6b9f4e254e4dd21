"""Fit the projections of a student's blocks to the teacher's outputs, before the first step.

A block's hidden channels come from inherited filters; its 1x1 projection is linear, so ridge regression gives
the best one. Blocks are fitted from the input on, each with what the fitted blocks before it really give, as
in channel pruning by reconstruction (He, Zhang and Sun 2017, arXiv:1707.06168).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

#: Ridge, relative to the mean variance of the inputs.
_RIDGE = 1e-2

#: Rounds of alternating least squares for the two matrices of the last block and the head.
_HEAD_ROUNDS = 6


@torch.no_grad()
def fit_projections(student: Any, stem: Tensor, teacher_blocks: list[list[Tensor]], head_map: Tensor) -> None:
    """Fit all blocks that have a counterpart, then the last block with the head.

    Args:
        student: Inherited timm ``tf_efficientnetv2_b0`` in training mode; changed in place.
        stem: What the student's stem and first stage give for some images, (N, C, h, w).
        teacher_blocks: The teacher's outputs for the same images, by stage and block.
        head_map: The teacher's last map before its activation.
    """
    x = stem
    last = student.blocks[5][-1]
    for stage in range(1, 6):
        for index, block in enumerate(student.blocks[stage]):
            hidden = _hidden(block, x)
            if block is last:
                _fit_head(student, block, x, hidden, head_map)
            elif index < len(teacher_blocks[stage]):
                wanted = teacher_blocks[stage][index]
                known = x[:, : wanted.shape[1]] if block.has_skip else 0
                _fit_projection(block, hidden, wanted - known)
            projected = _norm_of(block)(block.conv_pwl(hidden))
            x = projected + x if block.has_skip else projected


def _hidden(block: Any, x: Tensor) -> Tensor:
    """What the block's projection reads."""
    if hasattr(block, "conv_exp"):
        return block.bn1(block.conv_exp(x))  # type: ignore[no-any-return]
    return block.se(block.bn2(block.conv_dw(block.bn1(block.conv_pw(x)))))  # type: ignore[no-any-return]


def _norm_of(block: Any) -> Any:
    return block.bn2 if hasattr(block, "conv_exp") else block.bn3


def _fit_projection(block: Any, hidden: Tensor, wanted: Tensor) -> None:
    inputs, outputs = _rows(hidden), _rows(wanted)
    weights = _solve(_covariance(inputs, inputs), _covariance(inputs, outputs)).T
    _set_linear(block.conv_pwl, _norm_of(block), weights, inputs, outputs.mean(0))


def _fit_head(student: Any, block: Any, x: Tensor, hidden: Tensor, head_map: Tensor) -> None:
    """The best ``head @ (x + projection @ hidden)`` by alternating least squares on second moments."""
    direct, inputs, outputs = _rows(x), _rows(hidden), _rows(head_map)
    width = direct.shape[1]
    both = torch.cat([direct, inputs], dim=1)
    moments, cross = _covariance(both, both), _covariance(both, outputs)
    # What the hidden channels would add to any head: the large system is solved once.
    solved = _solve(moments[width:, width:], torch.cat([cross[width:], moments[width:, :width]], dim=1))
    free, shadow = solved[:, : outputs.shape[1]], solved[:, outputs.shape[1] :]
    # To begin with, the directions of the hidden channels that predict the wanted map best.
    projection = torch.linalg.svd(free, full_matrices=False).U[:, :width].T
    for _ in range(_HEAD_ROUNDS):
        reading = torch.cat([torch.eye(width), projection], dim=1)
        head = _solve(reading @ moments @ reading.T, reading @ cross).T
        projection = _solve(head.T @ head, head.T @ (free - shadow @ head.T).T)
    _set_linear(block.conv_pwl, block.bn3, projection, inputs, torch.zeros(width))
    merged = direct + (inputs - inputs.mean(0)) @ projection.T
    _set_linear(student.conv_head, student.bn2, head, merged, outputs.mean(0))


def _set_linear(conv: nn.Conv2d, norm: Any, weights: Tensor, inputs: Tensor, means: Tensor) -> None:
    """Make convolution and normalisation compute ``weights @ input`` with the given means.

    The kernels keep their length, as in `inherit`; the normalisation makes up for it.
    """
    count = len(weights)
    lengths = conv.weight[:count].flatten(1).norm(dim=1)
    scale = lengths / weights.norm(dim=1).clamp_min(1e-8)
    spread = ((inputs - inputs.mean(0)) @ weights.T).var(0)
    conv.weight[:count, :, 0, 0] = weights * scale[:, None]
    norm.weight[:count] = (spread + norm.eps / scale.square()).sqrt()
    norm.bias[:count] = means


def _rows(maps: Tensor) -> Tensor:
    """(N, C, h, w) to (N * h * w, C)."""
    return maps.permute(0, 2, 3, 1).flatten(0, 2)


def _covariance(left: Tensor, right: Tensor) -> Tensor:
    return (left - left.mean(0)).T @ (right - right.mean(0)) / len(left)


def _solve(square: Tensor, right: Tensor) -> Tensor:
    ridge = _RIDGE * square.diagonal().mean() * torch.eye(len(square))
    solved: Tensor = torch.linalg.solve(square + ridge, right)
    return solved
