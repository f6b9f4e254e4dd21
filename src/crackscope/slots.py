"""The arrays of a model's graph that are made to be swapped: head, map and calibration, under stable names.

Every graph that crackscope exports ends alike: a dense output on ``embedding`` and, where there is a trunk,
one on ``trunk`` make ``logit``; the same weights over their feature maps make ``cam``; a sigmoid of the
calibrated logit makes ``score``. What these hold are initialisers of the names below, in single precision
whatever the rest is stored in, so another head or calibration is other arrays in the same graph. Graphs of
earlier versions get their slots from `slot_surgery` first.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper


class Slot(StrEnum):
    """Names of initialisers, with their shapes.

    Attributes:
        HEAD_WEIGHT: (1, D), of the logit.
        HEAD_BIAS: (1,).
        MAP_WEIGHT: (D,), of the activation map; the numbers of the head's weight.
        TRUNK_WEIGHT: (T,), what logit and map add of the trunk; zeros in a model that was not adapted.
        SCALE: (), of the logit.
        OFFSET: (), of the scaled logit.
    """

    HEAD_WEIGHT = "head.weight"
    HEAD_BIAS = "head.bias"
    MAP_WEIGHT = "head.map_weight"
    TRUNK_WEIGHT = "head.trunk_weight"
    SCALE = "calibration.scale"
    OFFSET = "calibration.bias"


#: All but the trunk's, which a base without stages doesn't have.
REQUIRED = frozenset(Slot) - {Slot.TRUNK_WEIGHT}


def has_slots(model: onnx.ModelProto) -> bool:
    """Whether every slot that a graph must have is there, in single precision."""
    names = {one.name for one in model.graph.initializer if one.data_type == onnx.TensorProto.FLOAT}
    read = {name for node in model.graph.node for name in node.input}
    return names & read >= REQUIRED


def read_slots(model: onnx.ModelProto) -> dict[Slot, NDArray[np.float32]]:
    """The arrays of the slots that a graph has."""
    found = {one.name: one for one in model.graph.initializer if one.name in set(Slot)}
    return {Slot(name): np.asarray(numpy_helper.to_array(one)) for name, one in found.items()}


def swap_slots(model: onnx.ModelProto, arrays: Mapping[Slot, NDArray[Any]]) -> None:
    """Put other numbers into slots, in place.

    Raises:
        KeyError: The graph lacks the slot.
        ValueError: An array has another shape than what it replaces.
    """
    slots = {one.name: one for one in model.graph.initializer}
    for slot, array in arrays.items():
        new, shape = np.asarray(array, np.float32), tuple(slots[slot].dims)
        if new.shape != shape:
            raise ValueError(f"{slot} has the shape {shape}, found {new.shape}")
        slots[slot].CopyFrom(numpy_helper.from_array(new, slot))
