"""Write a model's graph with other numbers in it: single precision, weights stored in half, or int8.

``fp16`` halves the file: weights are stored in half precision and cast when the graph is loaded, so that
every engine and processor computes as before. ``int8`` computes convolutions on 8-bit integers; their ranges
are taken from real images. What lies before and after the convolutions stays in single precision, so that
scores, maps and distances keep their scale.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from crackscope.errors import ExportError
from crackscope.slot_surgery import with_slots
from crackscope.slots import Slot, has_slots

#: Below this many numbers a constant is not worth a node that casts it.
_WORTH_HALVING = 64

#: Images per run while ranges are collected.
_BATCH = 16

_HALF = ".half"


class Precision(StrEnum):
    """What a variant's numbers are."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


def write_variant(
    source: Path, target: Path, precision: Precision, images_nhwc: NDArray[np.uint8] | None = None
) -> None:
    """Write a graph in another precision.

    Args:
        source: A graph in single precision, or with weights stored in half.
        target: The new file.
        precision: What is wanted.
        images_nhwc: For ``int8``: real images of the graph's size, uint8 (N, H, W, 3).

    Raises:
        ExportError: The graph is one of int8 already, or int8 is wanted without images.
    """
    model = onnx.load_model(source)
    if any(node.op_type in ("QuantizeLinear", "QLinearConv", "ConvInteger") for node in model.graph.node):
        raise ExportError(f"{source} is a graph of 8-bit integers; export from the model that it was made of")
    _widen(model.graph)
    if precision is Precision.INT8:
        if images_nhwc is None or not len(images_nhwc):
            raise ExportError("int8 needs real images to take ranges from; found none")
        slotted = has_slots(model)
        _quantise(model, target, images_nhwc)
        if slotted:  # the quantiser takes a calibration out that changes nothing
            onnx.save_model(with_slots(onnx.load_model(target), str(target)), target)
        return
    if precision is Precision.FP16:
        _halve(model.graph)
    onnx.checker.check_model(model)
    onnx.save_model(model, target)


def _halve(graph: onnx.GraphProto) -> None:
    casts = []
    for constant in graph.initializer:
        if constant.data_type != TensorProto.FLOAT or np.prod(constant.dims) < _WORTH_HALVING:
            continue
        if constant.name in set(Slot):  # what adapts the model finds it in single precision
            continue
        values = numpy_helper.to_array(constant)
        if np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = constant.name
        constant.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + _HALF))
        casts.append(
            helper.make_node("Cast", [name + _HALF], [name], name=f"{name}.cast", to=TensorProto.FLOAT)
        )
    for cast in reversed(casts):
        graph.node.insert(0, cast)


def _widen(graph: onnx.GraphProto) -> None:
    """Undo `_halve`."""
    half = {one.name: one for one in graph.initializer if one.data_type == TensorProto.FLOAT16}
    for node in [node for node in graph.node if node.op_type == "Cast" and node.input[0] in half]:
        constant = half[node.input[0]]
        values = numpy_helper.to_array(constant).astype(np.float32)
        constant.CopyFrom(numpy_helper.from_array(values, node.output[0]))
        graph.node.remove(node)


def _quantise(model: onnx.ModelProto, target: Path, images_nhwc: NDArray[np.uint8]) -> None:
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory(prefix="crackscope-int8-") as place, _quiet():
        single, ready = Path(place, "single.onnx"), Path(place, "ready.onnx")
        for number, node in enumerate(model.graph.node):
            # The quantiser is told by name what to leave alone.
            node.name = node.name or f"node_{number}"
        onnx.save_model(model, single)
        quant_pre_process(str(single), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready),
            str(target),
            _Images(images_nhwc, model.graph.input[0].name),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv", "Clip", "Relu", "Add"],
            nodes_to_exclude=_outside_of_convolutions(onnx.load_model(ready).graph),
            per_channel=True,
            # Eight bits saturate the fast sums of x86 processors without VNNI instructions, so sessions take
            # exact ones there (`inference.known_answers`). Seven bits would not, but made twice as many
            # labels differ everywhere (4.0 instead of 1.75 % of 400 photos of METU and SDNET2018).
            reduce_range=False,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )


def _outside_of_convolutions(graph: onnx.GraphProto) -> list[str]:
    """Names of the additions that make map and logit, calibrate the score or measure the distance."""
    makers = {output: node for node in graph.node for output in node.output}
    waiting = [output.name for output in graph.output if output.name in ("score", "distance")]
    # Of the map only what the trunk adds: before that are the convolutions.
    found = {makers["cam"].name} if "cam" in makers else set()
    while waiting:
        node = makers.get(waiting.pop())
        if node is None or node.name in found or {"embedding", "trunk"} & set(node.output):
            continue
        found.add(node.name)
        waiting += node.input
    return sorted(found)


class _Images:
    """What ONNX Runtime's calibration asks for batches."""

    def __init__(self, images_nhwc: NDArray[np.uint8], name: str) -> None:
        self._images, self._name = images_nhwc, name
        self.rewind()

    def rewind(self) -> None:
        starts = range(0, len(self._images), _BATCH)
        self._batches: Iterator[dict[str, Any]] = iter(
            [{self._name: self._images[start : start + _BATCH]} for start in starts]
        )

    def get_next(self) -> dict[str, Any] | None:
        return next(self._batches, None)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The tools warn of steps that are not needed here, on the root logger."""
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
