"""A tiny real model folder: its score is the mean darkness of the photo, so tests know every answer.

darkness = 1 - mean(pixels) / 255       per cell of the activation map
cam      = 8 * darkness of the cell     (N, h, w), cells of ``input_hw / grid_hw`` pixels
logit    = mean(cam) - 4                black: +4, mid-grey: 0, white: -4
score    = sigmoid(scale * logit + bias)
embedding = [darkness, red, green, blue], each 0..1
trunk = embedding * 2
distance = |embedding - (0.5, 0.5, 0.5, 0.5)|
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import onnx
from onnx import TensorProto, helper

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

HEAD_WEIGHT = 8.0
HEAD_BIAS = -4.0


def write_tiny_bundle(
    folder: Path,
    input_hw: tuple[int, int] = (64, 64),
    *,
    grid_hw: tuple[int, int] = (8, 8),
    threshold: float = 0.5,
    patch_px: int = 227,
    calibration_scale: float = 1.0,
    calibration_bias: float = 0.0,
    review: ReviewBand | None = None,
    familiarity_limit: float | None = None,
    with_distance: bool = True,
) -> Bundle:
    """Write a whole bundle (graph, config, card) into ``folder``, deterministically and without PyTorch."""
    folder.mkdir(parents=True, exist_ok=True)
    graph = _darkness_graph(input_hw, grid_hw, calibration_scale, calibration_bias, with_distance)
    onnx.save(graph, folder / ONNX_NAME)
    config = ModelConfig(
        name="mean darkness",
        created="2024-01-01T00:00:00+00:00",
        input_hw=input_hw,
        patch_px=patch_px,
        backbone="none",
        weights="none",
        threshold=Threshold(value=threshold, rule="fixed", fitted_on="nothing"),
        calibration=Calibration(
            method="none", scale=calibration_scale, bias=calibration_bias, fitted_on="nothing"
        ),
        review=review,
        familiarity=None
        if familiarity_limit is None
        else Familiarity(method="euclidean", limit=familiarity_limit, quantile=0.99, fitted_on="nothing"),
    )
    return write_bundle(folder, config)


def change_config(bundle: Bundle, **changes: object) -> Bundle:
    """Rewrite ``model.json`` with other values."""
    return write_bundle(bundle.folder, dataclasses.replace(bundle.config, **changes))  # type: ignore[arg-type]


def _darkness_graph(
    input_hw: tuple[int, int], grid_hw: tuple[int, int], scale: float, bias: float, with_distance: bool
) -> onnx.ModelProto:
    (height, width), (rows, columns) = input_hw, grid_hw
    if height % rows or width % columns:
        raise ValueError(f"a grid of {grid_hw} cells does not divide an input of {input_hw} pixels")
    cell_hw = [height // rows, width // columns]
    constants = {
        "white": [255.0],
        "one": [1.0],
        "weight": [HEAD_WEIGHT],
        "head_bias": [HEAD_BIAS],
        "scale": [scale],
        "bias": [bias],
        "usual": [0.5],
    }
    node = helper.make_node
    nodes = [
        node("Cast", ["images"], ["pixels"], to=TensorProto.FLOAT),
        node("Div", ["pixels", "white"], ["unit"]),
        node("Transpose", ["unit"], ["rgb"], perm=[0, 3, 1, 2]),
        node("ReduceMean", ["rgb"], ["grey"], axes=[1], keepdims=1),
        node("AveragePool", ["grey"], ["cells"], kernel_shape=cell_hw, strides=cell_hw),
        node("Sub", ["one", "cells"], ["dark_cells"]),
        node("Mul", ["dark_cells", "weight"], ["cam_1hw"]),
        node("Squeeze", ["cam_1hw", "axis_1"], ["cam"]),
        node("ReduceMean", ["cam"], ["evidence"], axes=[1, 2], keepdims=0),
        node("Add", ["evidence", "head_bias"], ["logit"]),
        node("Mul", ["logit", "scale"], ["scaled"]),
        node("Add", ["scaled", "bias"], ["calibrated"]),
        node("Sigmoid", ["calibrated"], ["score"]),
        node("ReduceMean", ["dark_cells"], ["darkness"], axes=[2, 3], keepdims=0),
        node("ReduceMean", ["rgb"], ["colour"], axes=[2, 3], keepdims=0),
        node("Concat", ["darkness", "colour"], ["embedding"], axis=1),
        node("Add", ["embedding", "embedding"], ["trunk"]),
    ]
    outputs = [
        helper.make_tensor_value_info("score", TensorProto.FLOAT, ["batch"]),
        helper.make_tensor_value_info("logit", TensorProto.FLOAT, ["batch"]),
        helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", 4]),
        helper.make_tensor_value_info("cam", TensorProto.FLOAT, ["batch", rows, columns]),
        helper.make_tensor_value_info("trunk", TensorProto.FLOAT, ["batch", 4]),
    ]
    if with_distance:
        nodes += [
            node("Sub", ["embedding", "usual"], ["from_usual"]),
            node("ReduceL2", ["from_usual"], ["distance"], axes=[1], keepdims=0),
        ]
        outputs.append(helper.make_tensor_value_info("distance", TensorProto.FLOAT, ["batch"]))
    graph = helper.make_graph(
        nodes,
        "darkness",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", height, width, 3])],
        outputs,
        [helper.make_tensor(name, TensorProto.FLOAT, [1], value) for name, value in constants.items()]
        + [helper.make_tensor("axis_1", TensorProto.INT64, [1], [1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    return model
