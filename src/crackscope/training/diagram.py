"""A picture of the network: one box per stage, its map drawn to scale, its weights, and whether it learns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from crackscope.evaluation.style import DPI, save
from crackscope.training.architecture import Layer, trace_layers
from crackscope.training.network import CrackNetwork

_FROZEN, _TRAINED, _HEAD, _FIXED = "#c9d3dd", "#f2c879", "#a8d5ba", "white"
_LINE, _QUIET = "0.35", "0.3"

# All places are in inches from the lower left corner, so that squares are squares.
_WIDTH, _PITCH, _TOP, _BOTTOM = 9.0, 0.62, 0.95, 0.5
_MAP_X, _SIZE_X, _BOX_X, _BOX_WIDTH, _BAR_X, _COUNT_X = 0.35, 1.2, 2.6, 4.2, 7.1, 8.7
_BOX_HEIGHT, _MAP_SIDE, _BAR_WIDTH = 0.36, 0.42, 0.85


def draw_architecture(target: Path, network: CrackNetwork, input_hw: tuple[int, int]) -> None:
    """The network from input to score, as it is given: what may learn now is what learns in stage 2."""
    layers = trace_layers(network, input_hw)
    rows = len(layers) + 3
    height = _TOP + _BOTTOM + _PITCH * rows
    figure = Figure(figsize=(_WIDTH, height), dpi=DPI)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(0, _WIDTH), ylim=(0, height))
    axes.axis("off")
    centres = [height - _TOP - _PITCH * (row + 0.5) for row in range(rows)]
    _draw_titles(axes, height, network, layers)
    _draw_boxes(axes, centres, network, layers, input_hw)
    maps = [(input_hw, 3), *((layer.map_hw, layer.channels) for layer in layers)]
    for y, (map_hw, channels) in zip(centres, maps, strict=False):
        _draw_map(axes, y, map_hw, channels, max(input_hw))
    _draw_weights(axes, centres[1:], [*(layer.parameters for layer in layers), 0, network.embedding_size + 1])
    _note_activation_map(axes, centres[-2], layers[-1])
    _draw_legend(axes, layers)
    save(figure, target)


def _draw_titles(axes: Axes, height: float, network: CrackNetwork, layers: Sequence[Layer]) -> None:
    total = sum(layer.parameters for layer in layers) + network.embedding_size + 1
    name = network.backbone_name
    axes.text(_MAP_X, height - 0.45, f"{name}: {total:,} weights", fontsize=13, weight="bold")
    for x, text in ((_MAP_X, "maps, to scale"), (_BAR_X, "weights")):
        axes.text(x, height - 0.85, text, fontsize=8, color=_QUIET)


def _draw_boxes(
    axes: Axes,
    centres: Sequence[float],
    network: CrackNetwork,
    layers: Sequence[Layer],
    input_hw: tuple[int, int],
) -> None:
    boxes = [(f"input: RGB {input_hw[1]}×{input_hw[0]}, normalised", _FIXED)]
    boxes += [(layer.title, _TRAINED if layer.trained else _FROZEN) for layer in layers]
    boxes += [(f"{network.pooling}: embedding of {network.embedding_size:,}", _FIXED)]
    boxes += [("dense output: logit, calibrated to the score", _HEAD)]
    middle = _BOX_X + _BOX_WIDTH / 2
    for y, (text, colour) in zip(centres, boxes, strict=True):
        corner = (_BOX_X, y - _BOX_HEIGHT / 2)
        style = "round,pad=0,rounding_size=0.07"
        axes.add_patch(
            FancyBboxPatch(corner, _BOX_WIDTH, _BOX_HEIGHT, boxstyle=style, facecolor=colour, edgecolor=_LINE)
        )
        axes.text(middle, y, text, ha="center", va="center", fontsize=9)
        if y != centres[0]:
            ends = (middle, y + _BOX_HEIGHT / 2), (middle, y + _PITCH - _BOX_HEIGHT / 2)
            axes.annotate("", *ends, arrowprops={"arrowstyle": "->", "color": _LINE})


def _draw_map(axes: Axes, y: float, map_hw: tuple[int, int], channels: int, largest: int) -> None:
    """A rectangle of the map's shape, and behind it a hint of its channels."""
    height, width = (max(0.02, _MAP_SIDE * side / largest) for side in map_hw)
    for step in (2, 1, 0):
        shift = 0.12 * step * height
        corner = (_MAP_X + shift, y - 0.62 * height + shift)
        axes.add_patch(Rectangle(corner, width, height, facecolor="white", edgecolor=_LINE, linewidth=0.8))
    text = f"{map_hw[1]}×{map_hw[0]}×{channels}"
    axes.text(_SIZE_X, y, text, va="center", fontsize=8, color=_QUIET)


def _draw_weights(axes: Axes, centres: Sequence[float], counts: Sequence[int]) -> None:
    for y, count in zip(centres, counts, strict=True):
        if count:
            width = _BAR_WIDTH * count / max(counts)
            axes.add_patch(Rectangle((_BAR_X, y - 0.06), width, 0.12, color="0.6"))
            axes.text(_COUNT_X, y, _short(count), ha="right", va="center", fontsize=8)


def _note_activation_map(axes: Axes, y: float, last: Layer) -> None:
    height, width = last.map_hw
    text = f"the maps above, weighted by\nthe dense output, are the\nactivation map ({width}×{height})"
    axes.text(_MAP_X, y, text, va="center", fontsize=7, color=_QUIET, linespacing=1.3)


def _draw_legend(axes: Axes, layers: Sequence[Layer]) -> None:
    entries = [(_FROZEN, "frozen")] if any(not layer.trained for layer in layers) else []
    entries += [(_TRAINED, "learns in stage 2")] if any(layer.trained for layer in layers) else []
    entries += [(_HEAD, "learns in both stages")]
    for place, (colour, text) in enumerate(entries):
        x = _BOX_X + 1.55 * place
        axes.add_patch(Rectangle((x, 0.22), 0.16, 0.16, facecolor=colour, edgecolor=_LINE))
        axes.text(x + 0.24, 0.3, text, va="center", fontsize=8)


def _short(count: int) -> str:
    if count >= 1_000_000:
        return f"{count / 1e6:.2f} M"
    return f"{count / 1e3:.1f} k" if count >= 1000 else str(count)
