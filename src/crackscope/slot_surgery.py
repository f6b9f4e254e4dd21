"""Give a graph its slots (see `slots`): what an exporter or an earlier version wrote, with names for them.

Dense output and map read the slots; what lies between logit and score, which exporters fold as they like, is
made anew. What the trunk adds is put in with a weight of zeros: where attention pools the map, to all places
alike. The attention itself stays as it was taught.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from crackscope.errors import BundleError
from crackscope.slots import Slot, has_slots

#: What the embedding alone makes of logit and map, and what the trunk adds to each.
_EMBEDDING_PART = {"logit": "head.embedding_logit", "cam": "head.embedding_cam"}
_TRUNK_PART = {"logit": "head.trunk_logit", "cam": "head.trunk_cam"}
_PLACE_AXES = "head.place_axes"


def with_slots(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """The graph itself where it has its slots, or one like it that has; what it computes is the same.

    Args:
        model: Changed where it lacks slots.
        name: What an error calls it.

    Raises:
        BundleError: The graph does not end as `slots` describes.
    """
    if has_slots(model):
        return model
    dense, activation_map = _dense_output(model, name), _activation_map(model, name)
    weight, *biases = (_constant(model, each, name).ravel() for each in dense.input[1:])
    # An exporter leaves a bias of zero out.
    bias = biases[0] if biases else np.zeros(1)
    scale, offset = _calibration(model, name)
    heard = _trunk_weight(model, name)
    _take_trunk_part_out(model)
    arrays: dict[str, NDArray[Any]] = {
        Slot.HEAD_WEIGHT: weight[None],
        Slot.HEAD_BIAS: bias,
        Slot.MAP_WEIGHT: weight,
        Slot.SCALE: scale,
        Slot.OFFSET: offset,
    }
    del dense.input[1:], dense.attribute[:], activation_map.input[1:]
    dense.input.extend([Slot.HEAD_WEIGHT, Slot.HEAD_BIAS])
    dense.attribute.append(helper.make_attribute("transB", 1))
    activation_map.input.append(Slot.MAP_WEIGHT)
    if heard.size and _put_trunk_part_in(model):
        arrays[Slot.TRUNK_WEIGHT] = heard
        arrays[_PLACE_AXES] = np.array([1, 2], np.int64)
    uncalibrated = [node for node in model.graph.node if "score" not in node.output]
    _replace(model.graph.node, _needed([*uncalibrated, *_calibration_nodes()], model))
    _set_constants(model, arrays)
    _replace(model.graph.value_info, [])
    return model


def _set_constants(model: onnx.ModelProto, arrays: dict[str, NDArray[Any]]) -> None:
    used = {name for node in model.graph.node for name in node.input}
    kept = [one for one in model.graph.initializer if one.name in used and one.name not in arrays]
    made = [
        numpy_helper.from_array(np.asarray(array, np.int64 if name == _PLACE_AXES else np.float32), str(name))
        for name, array in arrays.items()
        if name in used
    ]
    _replace(model.graph.initializer, [*kept, *made])


def _dense_output(model: onnx.ModelProto, name: str) -> Any:
    found = [node for node in model.graph.node if node.op_type == "Gemm" and node.input[0] == "embedding"]
    if len(found) != 1 or len(found[0].input) not in (2, 3):
        raise _foreign(name, "one dense output (Gemm) with weight and bias on the embedding")
    return found[0]


def _activation_map(model: onnx.ModelProto, name: str) -> Any:
    for node in model.graph.node:
        if node.op_type == "Einsum" and {"cam", _EMBEDDING_PART["cam"]} & set(node.output):
            return node
    raise _foreign(name, "an activation map (Einsum) over the feature map")


def _calibration(model: onnx.ModelProto, name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Scale and offset between logit and score, which exporters leave out where they are 1 and 0."""
    makers = {output: node for node in model.graph.node for output in node.output}
    here = makers["score"].input[0]
    found = {"Mul": np.array(1.0), "Add": np.array(0.0)}
    while here != "logit":
        node = makers.get(here)
        if node is None or node.op_type not in found or len(node.input) != 2:
            raise _foreign(name, "a sigmoid of the scaled and shifted logit")
        others = [each for each in node.input if each != "logit" and each not in makers]
        before = [each for each in node.input if each not in others]
        if len(others) != 1 or len(before) != 1:
            raise _foreign(name, "a sigmoid of the scaled and shifted logit")
        found[node.op_type] = _constant(model, others[0], name).reshape(())
        here = before[0]
    return found["Mul"], found["Add"]


def _trunk_weight(model: onnx.ModelProto, name: str) -> NDArray[Any]:
    """(T,) that the head adds of the trunk; zeros where it does not listen to it, empty without a trunk."""
    if any(_TRUNK_PART["logit"] in node.output for node in model.graph.node):
        return _constant(model, Slot.TRUNK_WEIGHT, name)
    sizes = [out.type.tensor_type.shape.dim[1].dim_value for out in model.graph.output if out.name == "trunk"]
    return np.zeros(sizes[0] if sizes else 0)


def _put_trunk_part_in(model: onnx.ModelProto) -> bool:
    """Add the trunk's part to logit and map; ``False`` where the trunk is not pooled by a mean."""
    nodes = model.graph.node
    pooled = [node for node in nodes if "trunk" in node.output and node.op_type == "ReduceMean"]
    if len(pooled) != 1:
        return False
    for name, part in _EMBEDDING_PART.items():
        for node in nodes:
            node.output[:] = [part if output == name else output for output in node.output]
    nodes.extend(
        [
            helper.make_node("MatMul", ["trunk", Slot.TRUNK_WEIGHT], [_TRUNK_PART["logit"]]),
            _trunk_map(model, pooled[0].input[0]),
            *(
                helper.make_node("Add", [_EMBEDDING_PART[name], _TRUNK_PART[name]], [name])
                for name in ("logit", "cam")
            ),
        ]
    )
    return True


def _trunk_map(model: onnx.ModelProto, trunk_features: str) -> onnx.NodeProto:
    """What the trunk adds to the map, so that its (weighted) mean is what it adds to the logit."""
    part = _TRUNK_PART["cam"]
    if any(output.name == "attention" for output in model.graph.output):
        return helper.make_node("Unsqueeze", [_TRUNK_PART["logit"], _PLACE_AXES], [part])
    return helper.make_node("Einsum", [trunk_features, Slot.TRUNK_WEIGHT], [part], equation="nchw,c->nhw")


def _take_trunk_part_out(model: onnx.ModelProto) -> None:
    """Undo `_put_trunk_part_in`, as an earlier version's adaptation left it."""
    parts = {part: name for name, part in _EMBEDDING_PART.items()}
    if not any(parts.keys() & set(node.output) for node in model.graph.node):
        return
    added = {*_TRUNK_PART.values(), *_EMBEDDING_PART}
    _replace(model.graph.node, [node for node in model.graph.node if not added & set(node.output)])
    for node in model.graph.node:
        node.output[:] = [parts.get(output, output) for output in node.output]


def _constant(model: onnx.ModelProto, constant: str, name: str) -> NDArray[Any]:
    for initializer in model.graph.initializer:
        if initializer.name == constant:
            return np.asarray(numpy_helper.to_array(initializer))
    for node in model.graph.node:
        # Weights that are stored in half precision are cast when the graph is loaded.
        if constant in node.output and node.op_type == "Cast":
            return _constant(model, node.input[0], name)
    raise _foreign(name, f"{constant} as a constant")


def _foreign(name: str, expected: str) -> BundleError:
    return BundleError(
        f"the graph in {name} can't be adapted; expected {expected}, as `crackscope train` exports it"
    )


def _calibration_nodes() -> list[onnx.NodeProto]:
    steps = [
        ("Mul", ["logit", Slot.SCALE], "calibration.scaled"),
        ("Add", ["calibration.scaled", Slot.OFFSET], "calibration.logit"),
        ("Sigmoid", ["calibration.logit"], "score"),
    ]
    return [helper.make_node(kind, inputs, [output], name=output) for kind, inputs, output in steps]


def _needed(nodes: list[onnx.NodeProto], model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """The nodes that the outputs need, in their order; the last node of a name wins."""
    wanted = {output.name for output in model.graph.output}
    kept: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if made := wanted & set(node.output):
            kept.append(node)
            wanted = (wanted - made) | set(node.input)
    return kept[::-1]


def _replace(field: Any, values: Iterable[Any]) -> None:
    # The nodes are part of the field that is emptied, so they are copied first.
    copies = [type(value).FromString(value.SerializeToString()) for value in values]
    del field[:]
    field.extend(copies)
