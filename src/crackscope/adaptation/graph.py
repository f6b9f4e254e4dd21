"""Read a model's head, and give it another head and another calibration: other arrays in the same graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx

from crackscope.adaptation.head import Head
from crackscope.bundle import Bundle, Calibration
from crackscope.errors import BundleError
from crackscope.slot_surgery import with_slots
from crackscope.slots import Slot, read_slots, swap_slots


def read_head(bundle: Bundle) -> Head:
    """The head that a bundle's graph holds.

    Raises:
        BundleError: The graph does not end in one dense output on its embedding.
    """
    slots = read_slots(_load(bundle))
    trunk = slots.get(Slot.TRUNK_WEIGHT, np.zeros(0))
    weight = np.concatenate([slots[Slot.HEAD_WEIGHT].ravel(), trunk]).astype(np.float64)
    return Head(weight=weight, bias=float(slots[Slot.HEAD_BIAS][0]), trunk_size=trunk.size)


def write_graph(bundle: Bundle, head: Head, calibration: Calibration, target: Path) -> None:
    """Write the bundle's graph with ``head`` and ``calibration`` in place of its own.

    Raises:
        BundleError: The graph does not end as `crackscope.slots` describes, or has no place for the head.
    """
    model, weight = _load(bundle), head.embedding_weight
    arrays = {
        Slot.HEAD_WEIGHT: weight[None],
        Slot.HEAD_BIAS: np.array([head.bias]),
        Slot.MAP_WEIGHT: weight,
        Slot.SCALE: np.array(calibration.scale),
        Slot.OFFSET: np.array(calibration.bias),
    }
    trunk_size = read_slots(model).get(Slot.TRUNK_WEIGHT, np.zeros(0)).size
    if trunk_size:
        arrays[Slot.TRUNK_WEIGHT] = head.trunk_weight if head.trunk_size else np.zeros(trunk_size)
    elif head.trunk_size:
        raise BundleError(f"the graph in {bundle.folder} has no trunk that a head could listen to")
    try:
        swap_slots(model, arrays)
    except ValueError as error:
        raise BundleError(f"the head does not fit the graph in {bundle.folder}: {error}") from error
    onnx.checker.check_model(model)
    onnx.save_model(model, target)


def _load(bundle: Bundle) -> onnx.ModelProto:
    return with_slots(onnx.load_model(bundle.onnx_path), str(bundle.folder))
