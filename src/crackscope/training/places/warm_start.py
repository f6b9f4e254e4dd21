"""Start from a model that exists: the base's weights out of its ONNX file, norms already folded in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from crackscope.errors import WeightsError
from crackscope.training.frozen_norms import norms_of_convolutions
from crackscope.training.network import CrackNetwork

_PREFIX = "network.backbone."

#: A pyramid does not use it, so a model that is one does not hold it.
_UNUSED = "conv_head"


def load_exported_backbone(network: CrackNetwork, model: Path) -> None:
    """Give a network's base the weights of an exported model of the same base, in place.

    Export folds norms into convolutions; here the norms become the identity plus the folded bias.

    Args:
        network: With the same backbone as the model.
        model: The ONNX file of a bundle, of any precision but int8.

    Raises:
        WeightsError: A convolution of the base is not in the file, or has another shape.
    """
    found = _initialisers(model)
    for conv_name, norm_name in norms_of_convolutions(network.backbone):
        conv = network.backbone.get_submodule(conv_name)
        norm = network.backbone.get_submodule(norm_name)
        if conv_name == _UNUSED and f"{_UNUSED}.weight" not in found:
            continue
        weight, bias = found.get(f"{conv_name}.weight"), found.get(f"{conv_name}.weight_bias")
        if weight is None or bias is None or weight.shape != tuple(conv.weight.shape):
            raise WeightsError(
                f"{model} holds no weights of the convolution {conv_name} of {network.backbone_name}"
            )
        _install(conv, norm, weight, bias)


def _install(
    conv: nn.Module, norm: _BatchNorm, weight: NDArray[np.float32], bias: NDArray[np.float32]
) -> None:
    with torch.no_grad():
        conv.weight.copy_(torch.from_numpy(weight))  # type: ignore[operator]
        norm.running_mean.zero_()  # type: ignore[union-attr]
        norm.running_var.fill_(1.0)  # type: ignore[union-attr]
        norm.weight.fill_((1.0 + norm.eps) ** 0.5)
        norm.bias.copy_(torch.from_numpy(bias))


def _initialisers(model: Path) -> dict[str, NDArray[np.float32]]:
    graph = onnx.load(model).graph
    return {
        one.name.removeprefix(_PREFIX).removesuffix(".half"): numpy_helper.to_array(one).astype(np.float32)
        for one in graph.initializer
        if one.name.startswith(_PREFIX)
    }
