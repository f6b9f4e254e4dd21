"""A tiny model that ends as exported ones do: dense output, activation map by Einsum, folded calibration.

Its embedding is the mean response of eight fixed filters, two of which answer to dark lines; its head is
of no use until it is adapted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from crackscope.bundle import (
    ONNX_NAME,
    Bundle,
    Calibration,
    Familiarity,
    ModelConfig,
    ReviewBand,
    Threshold,
    write_bundle,
)

INPUT_HW = (32, 32)
FILTERS = 8


def write_adaptable_bundle(folder: Path, *, half_precision: bool = False, with_trunk: bool = False) -> Bundle:
    """Write graph, config and card; with ``half_precision`` the head is stored as float16 and cast."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(_graph(half_precision, with_trunk), folder / ONNX_NAME)
    config = ModelConfig(
        name="Line filters",
        created="2024-01-01T00:00:00+00:00",
        input_hw=INPUT_HW,
        patch_px=64,
        backbone="none",
        weights="none",
        threshold=Threshold(value=0.5, rule="fixed:0.5", fitted_on="nothing"),
        calibration=Calibration(method="none", scale=1.0, bias=0.0, fitted_on="nothing"),
        cells=Calibration(method="none", scale=2.0, bias=-4.0, fitted_on="nothing"),
        review=ReviewBand(low=0.4, high=0.6, alpha=0.05, fitted_on="nothing"),
        familiarity=Familiarity(method="euclidean", limit=0.05, quantile=0.99, fitted_on="nothing"),
    )
    return write_bundle(folder, config)


def _filters() -> np.ndarray:
    rng = np.random.default_rng(3)
    filters = rng.normal(0, 0.3, (FILTERS, 3, 5, 5))
    line = np.array([1.0, 1.0, -4.0, 1.0, 1.0]) / 10
    filters[0], filters[1] = line[None, None, :], line[None, :, None]
    return filters.astype(np.float32)


def _graph(half_precision: bool, with_trunk: bool) -> onnx.ModelProto:
    weight = np.random.default_rng(4).normal(0, 1, (1, FILTERS)).astype(np.float32)
    stored = weight.astype(np.float16) if half_precision else weight
    constants = {
        "white": np.array(255, np.float32),
        "filters": _filters(),
        "axes": np.array([2, 3], np.int64),
        "dense": stored,
        "select": weight[0],
        "offset": np.array([-0.3], np.float32),
        "zero": np.array(0, np.int64),
        "origin": np.zeros(FILTERS, np.float32),
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        node("Div", ["pixels", "white"], ["unit"]),
        node("Transpose", ["unit"], ["rgb"], perm=[0, 3, 1, 2]),
        node("Conv", ["rgb", "filters"], ["responses"], strides=[2, 2]),
        node("Relu", ["responses"], ["features"]),
        node("ReduceMean", ["features", "axes"], ["embedding"], keepdims=0),
        node("Einsum", ["features", "select"], ["cam"], equation="nchw,c->nhw"),
        *([node("Cast", ["dense"], ["dense_float"], to=TensorProto.FLOAT)] if half_precision else []),
        node(
            "Gemm",
            ["embedding", "dense_float" if half_precision else "dense", "offset"],
            ["column"],
            transB=1,
        ),
        node("Gather", ["column", "zero"], ["logit"], axis=1),
        node("Sigmoid", ["logit"], ["score"]),
        node("Sub", ["embedding", "origin"], ["from_origin"]),
        node("ReduceL2", ["from_origin", "axis_1"], ["distance"], keepdims=0),
    ]
    constants["axis_1"] = np.array([1], np.int64)
    shapes = {"score": [], "logit": [], "embedding": [FILTERS], "cam": [14, 14], "distance": []}
    if with_trunk:
        # Of the filters before the nonlinearity, after all that needs it: as exporters order nodes.
        nodes.append(node("ReduceMean", ["responses", "axes"], ["trunk"], keepdims=0))
        shapes["trunk"] = [FILTERS]
    graph = helper.make_graph(
        nodes,
        "lines",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", *INPUT_HW, 3])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])
            for name, shape in shapes.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model
