"""Give a model's graph another head and another calibration; everything before them stays as it is.

Every graph that crackscope exports ends alike: a dense output on ``embedding`` makes ``logit``, the same
weights over the feature map make ``cam``, and a sigmoid of the calibrated logit makes ``score``. Dense output
and map get new constants; what lies between logit and score, which exporters fold as they like, is made anew.
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


def read_head(bundle: Bundle) -> Head:
    """The head that a bundle's graph holds.

    Raises:
        BundleError: The graph does not end in one dense output on its embedding.
    """
    model = onnx.load_model(bundle.onnx_path)
    dense = _dense_output(model, bundle)
    weight, bias = (_constant(model, name, bundle) for name in dense.input[1:])
    return Head(weight=weight.astype(np.float64).ravel(), bias=float(bias.ravel()[0]))


def write_graph(bundle: Bundle, head: Head, calibration: Calibration, target: Path) -> None:
    """Write the bundle's graph with ``head`` and ``calibration`` in place of its own.

    Raises:
        BundleError: The graph does not end as described above.
    """
    model = onnx.load_model(bundle.onnx_path)
    dense, activation_map = _dense_output(model, bundle), _activation_map(model, bundle)
    del dense.input[1:], dense.attribute[:], activation_map.input[1:]
    dense.input.extend([_WEIGHT, _BIAS])
    dense.attribute.append(helper.make_attribute("transB", 1))
    activation_map.input.append(_MAP_WEIGHT)
    weight = head.weight.astype(np.float32)
    constants = {
        _WEIGHT: weight[None],
        _BIAS: np.array([head.bias], np.float32),
        _MAP_WEIGHT: weight,
        _SCALE: np.array(calibration.scale, np.float32),
        _OFFSET: np.array(calibration.bias, np.float32),
    }
    uncalibrated = [node for node in model.graph.node if "score" not in node.output]
    _replace(model.graph.node, _needed([*uncalibrated, *_calibration_nodes()], model))
    used = {name for node in model.graph.node for name in node.input}
    kept = [one for one in model.graph.initializer if one.name in used and one.name not in constants]
    made = [numpy_helper.from_array(value, name) for name, value in constants.items()]
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
