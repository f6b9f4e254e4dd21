"""What a network is made of, seen by running it once: stages, their maps, their weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from crackscope.training.network import CrackNetwork

#: What timm's classes are called in papers.
_NAMES = {
    "EdgeResidual": "Fused-MBConv",
    "InvertedResidual": "MBConv",
    "DepthwiseSeparableConv": "Depthwise separable conv",
    "ConvBnAct": "Conv",
    "ConvNormAct": "Conv",
    "Conv2dSame": "Conv",
    "Conv2d": "Conv",
    "Sequential": "Stage",
    "FeaturePyramid": "Feature pyramid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One box of the diagram.

    Attributes:
        title: Such as ``3 × MBConv 3×3, stride 2``.
        channels: Of the map it gives.
        map_hw: Height and width of that map.
        parameters: Weights in it.
        trained: Whether any of them may learn.
    """

    title: str
    channels: int
    map_hw: tuple[int, int]
    parameters: int
    trained: bool


def trace_layers(network: CrackNetwork, input_hw: tuple[int, int]) -> list[Layer]:
    """The layers of base and neck in order, for an input of ``input_hw`` pixels; norms count to theirs."""
    shapes: dict[nn.Module, tuple[int, ...]] = {}
    units = [*_units(network.backbone), *network.neck()]
    hooks = [unit.register_forward_hook(_note_shape(shapes)) for unit in units]
    was_training = network.training
    try:
        with torch.inference_mode():
            network.eval().feature_map(torch.zeros(1, 3, *input_hw))
    finally:
        network.train(was_training)
        for hook in hooks:
            hook.remove()
    layers: list[Layer] = []
    sides = [input_hw[0]]
    for unit in units:
        if unit in shapes and any(True for _ in unit.parameters()):
            _append(layers, unit, shapes[unit], sides)
    return layers


def _units(backbone: nn.Module) -> Iterator[nn.Module]:
    """The direct parts of the base; a list of stages is opened."""
    for child in backbone.children():
        parts = list(child.children())
        if parts and isinstance(child, nn.Sequential) and all(list(part.children()) for part in parts):
            kinds = {type(part) for part in parts}
            stages = kinds == {nn.Sequential} or any("Stage" in kind.__name__ for kind in kinds)
            yield from parts if stages else [child]
        else:
            yield child


def _note_shape(shapes: dict[nn.Module, tuple[int, ...]]) -> Any:
    def note(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim == 4:
            shapes[module] = tuple(output.shape)

    return note


def _append(layers: list[Layer], unit: nn.Module, shape: tuple[int, ...], sides: list[int]) -> None:
    count = sum(parameter.numel() for parameter in unit.parameters())
    trained = any(parameter.requires_grad for parameter in unit.parameters())
    title = _title(unit)
    if layers and "Norm" in type(unit).__name__:
        last = layers.pop()
        title, count, trained = last.title, last.parameters + count, last.trained or trained
    else:
        stride = round(sides[-1] / shape[2])
        title += f", stride {stride}" if stride > 1 else ""
        sides.append(shape[2])
    layers.append(
        Layer(title=title, channels=shape[1], map_hw=(shape[2], shape[3]), parameters=count, trained=trained)
    )


def _title(unit: nn.Module) -> str:
    blocks = _blocks(unit)
    kind = type(blocks[0]).__name__
    kernel = max((module.kernel_size[0] for module in _convolutions(blocks[0])), default=0)
    words = [f"{len(blocks)} ×"] if len(blocks) > 1 else []
    words.append(_NAMES.get(kind, kind))
    words += [f"{kernel}×{kernel}"] if kernel else []
    squeezes = any("Squeeze" in type(module).__name__ for module in blocks[0].modules())
    return " ".join(words) + (" with squeeze-excite" if squeezes else "")


def _blocks(unit: nn.Module) -> list[nn.Module]:
    """The repeated blocks of a stage, or the unit itself."""
    listed = getattr(unit, "blocks", None)
    parts = list(listed.children() if isinstance(listed, nn.Module) else unit.children())
    alike = bool(parts) and len({type(part) for part in parts}) == 1
    holds_blocks = isinstance(unit, nn.Sequential) or "Stage" in type(unit).__name__
    return parts if alike and holds_blocks else [unit]


def _convolutions(module: nn.Module) -> list[nn.Conv2d]:
    return [part for part in module.modules() if isinstance(part, nn.Conv2d)]
