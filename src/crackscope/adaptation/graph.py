"""Give a model's graph another head and another calibration; everything before them stays as it is.

Every graph that crackscope exports ends alike: a dense output on ``embedding`` makes ``logit``, the same
weights over the feature map make ``cam``, and a sigmoid of the calibrated logit makes ``score``. Dense output
and map get new constants; what lies between logit and score, which exporters fold as they like, is made anew.
A head that listens to ``trunk`` adds what it hears there to logit and map; where attention pools the map, to
all places alike. The attention itself stays as it was taught.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from crackscope.adaptation.head import Head
from crackscope.bundle import Bundle, Calibration
from crackscope.errors import BundleError

_WEIGHT, _BIAS, _MAP_WEIGHT = "head.weight", "head.bias", "head.map_weight"
_SCALE, _OFFSET = "calibration.scale", "calibration.bias"

#: Of a head on the trunk: its weight, what the embedding alone makes of logit and map, and what it adds.
_TRUNK_WEIGHT, _PLACE_AXES = "head.trunk_weight", "head.place_axes"
_EMBEDDING_PART = {"logit": "head.embedding_logit", "cam": "head.embedding_cam"}
_TRUNK_PART = {"logit": "head.trunk_logit", "cam": "head.trunk_cam"}


def read_head(bundle: Bundle) -> Head:
    """The head that a bundle's graph holds.

    Raises:
        BundleError: The graph does not end in one dense output on its embedding.
    """
    model = onnx.load_model(bundle.onnx_path)
    dense = _dense_output(model, bundle)
    weight, bias = (_constant(model, name, bundle).astype(np.float64).ravel() for name in dense.input[1:])
    trunk = _trunk_weight(model, bundle)
    return Head(weight=np.concatenate([weight, trunk]), bias=float(bias[0]), trunk_size=trunk.size)


def write_graph(bundle: Bundle, head: Head, calibration: Calibration, target: Path) -> None:
    """Write the bundle's graph with ``head`` and ``calibration`` in place of its own.

    Raises:
        BundleError: The graph does not end as described above.
    """
    model = onnx.load_model(bundle.onnx_path)
    _take_trunk_part_out(model)
    dense, activation_map = _dense_output(model, bundle), _activation_map(model, bundle)
    del dense.input[1:], dense.attribute[:], activation_map.input[1:]
    dense.input.extend([_WEIGHT, _BIAS])
    dense.attribute.append(helper.make_attribute("transB", 1))
    activation_map.input.append(_MAP_WEIGHT)
    weight = head.embedding_weight.astype(np.float32)
    constants = {
        _WEIGHT: weight[None],
        _BIAS: np.array([head.bias], np.float32),
        _MAP_WEIGHT: weight,
        _SCALE: np.array(calibration.scale, np.float32),
        _OFFSET: np.array(calibration.bias, np.float32),
    }
    if head.trunk_weight.any():
        constants[_TRUNK_WEIGHT] = head.trunk_weight.astype(np.float32)
        constants[_PLACE_AXES] = np.array([1, 2], np.int64)
        _put_trunk_part_in(model, bundle)
    uncalibrated = [node for node in model.graph.node if "score" not in node.output]
    _replace(model.graph.node, _needed([*uncalibrated, *_calibration_nodes()], model))
    used = {name for node in model.graph.node for name in node.input}
    kept = [one for one in model.graph.initializer if one.name in used and one.name not in constants]
    made = [numpy_helper.from_array(value, name) for name, value in constants.items() if name in used]
    _replace(model.graph.initializer, [*kept, *made])
    _replace(model.graph.value_info, [])
    onnx.checker.check_model(model)
    onnx.save_model(model, target)


def _dense_output(model: onnx.ModelProto, bundle: Bundle) -> Any:
    found = [node for node in model.graph.node if node.op_type == "Gemm" and node.input[0] == "embedding"]
    if len(found) != 1 or len(found[0].input) != 3:
        raise _foreign(bundle, "one dense output (Gemm) with weight and bias on the embedding")
    return found[0]


def _activation_map(model: onnx.ModelProto, bundle: Bundle) -> Any:
    for node in model.graph.node:
        if "cam" in node.output and node.op_type == "Einsum":
            return node
    raise _foreign(bundle, "an activation map (Einsum) over the feature map")


def _trunk_weight(model: onnx.ModelProto, bundle: Bundle) -> NDArray[np.float64]:
    """(T,) that the head adds of the trunk; zeros where it does not listen to it, empty without a trunk."""
    if any(_TRUNK_PART["logit"] in node.output for node in model.graph.node):
        return _constant(model, _TRUNK_WEIGHT, bundle).astype(np.float64)
    sizes = [out.type.tensor_type.shape.dim[1].dim_value for out in model.graph.output if out.name == "trunk"]
    return np.zeros(sizes[0] if sizes else 0)


def _put_trunk_part_in(model: onnx.ModelProto, bundle: Bundle) -> None:
    """Add the trunk's part to logit and map."""
    nodes = model.graph.node
    pooled = [node for node in nodes if "trunk" in node.output and node.op_type == "ReduceMean"]
    if len(pooled) != 1:
        raise _foreign(bundle, "a trunk that is pooled by ReduceMean")
    for name, part in _EMBEDDING_PART.items():
        for node in nodes:
            node.output[:] = [part if output == name else output for output in node.output]
    nodes.extend(
        [
            helper.make_node("MatMul", ["trunk", _TRUNK_WEIGHT], [_TRUNK_PART["logit"]]),
            _trunk_map(model, pooled[0].input[0]),
            *(
                helper.make_node("Add", [_EMBEDDING_PART[name], _TRUNK_PART[name]], [name])
                for name in ("logit", "cam")
            ),
        ]
    )


def _trunk_map(model: onnx.ModelProto, trunk_features: str) -> onnx.NodeProto:
    """What the trunk adds to the map, so that its (weighted) mean is what it adds to the logit."""
    part = _TRUNK_PART["cam"]
    if any(output.name == "attention" for output in model.graph.output):
        return helper.make_node("Unsqueeze", [_TRUNK_PART["logit"], _PLACE_AXES], [part])
    return helper.make_node("Einsum", [trunk_features, _TRUNK_WEIGHT], [part], equation="nchw,c->nhw")


def _take_trunk_part_out(model: onnx.ModelProto) -> None:
    """Undo `_put_trunk_part_in`, so that a head may be written once more."""
    parts = {part: name for name, part in _EMBEDDING_PART.items()}
    if not any(parts.keys() & set(node.output) for node in model.graph.node):
        return
    added = {*_TRUNK_PART.values(), *_EMBEDDING_PART}
    _replace(model.graph.node, [node for node in model.graph.node if not added & set(node.output)])
    for node in model.graph.node:
        node.output[:] = [parts.get(output, output) for output in node.output]


def _constant(model: onnx.ModelProto, name: str, bundle: Bundle) -> NDArray[Any]:
    for initializer in model.graph.initializer:
        if initializer.name == name:
            return np.asarray(numpy_helper.to_array(initializer))
    for node in model.graph.node:
        # Weights that are stored in half precision are cast when the graph is loaded.
        if name in node.output and node.op_type == "Cast":
            return _constant(model, node.input[0], bundle)
    raise _foreign(bundle, f"{name} as a constant")


def _foreign(bundle: Bundle, expected: str) -> BundleError:
    return BundleError(
        f"the graph in {bundle.folder} can't be adapted; expected {expected}, "
        "as `crackscope train` exports it"
    )


def _calibration_nodes() -> list[onnx.NodeProto]:
    steps = [
        ("Mul", ["logit", _SCALE], "calibration.scaled"),
        ("Add", ["calibration.scaled", _OFFSET], "calibration.logit"),
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
