"""Run a bundle's graph with OpenVINO, where it is installed; the only place that imports it."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import Bundle
from crackscope.errors import BundleError, MissingExtraError, SettingsError
from crackscope.inference.engines import Device
from crackscope.inference.session import GraphPort, Session


class OpenVinoSession(Session):
    """A graph compiled by OpenVINO for the CPU: one stream, and so one core, for each thread."""

    def __init__(self, bundle: Bundle, *, device: Device, threads: int, bf16: bool) -> None:
        if device not in (Device.AUTO, Device.CPU):
            raise SettingsError(f"OpenVINO runs on the CPU here, not on {device}; use --device cpu")
        core = _core()
        if bf16 and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise SettingsError("this processor has no bf16 arithmetic; use --engine openvino")
        settings = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": threads,
            # Left to itself OpenVINO takes bf16 where the processor has it.
            "INFERENCE_PRECISION_HINT": "bf16" if bf16 else "f32",
        }
        try:
            model = core.read_model(str(bundle.onnx_path))
            self._compiled = core.compile_model(model, "CPU", settings)
        except Exception as error:  # OpenVINO raises RuntimeError and errors of its own
            raise BundleError(f"{bundle.onnx_path} can't be loaded by OpenVINO: {error}") from error
        self._requests = threading.local()
        super().__init__(
            bundle,
            device=Device.CPU,
            threads=threads,
            inputs=[_port(port) for port in model.inputs],
            outputs=[_port(port) for port in model.outputs],
        )

    def _infer(self, images_nhwc: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        request = getattr(self._requests, "request", None)
        if request is None:
            request = self._requests.request = self._compiled.create_infer_request()
        request.infer({self.input_name: images_nhwc}, share_inputs=True)
        # Copied because the request's own memory is written again by its next run.
        return [request.get_output_tensor(index).data.copy() for index in range(len(self.output_names))]


def _core() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise MissingExtraError("openvino", "openvino") from error
    return openvino.Core()


def _port(port: Any) -> GraphPort:
    name = min(port.get_names())
    sizes = (None if size.is_dynamic else size.get_length() for size in port.get_partial_shape())
    return GraphPort(name, port.get_element_type().to_dtype().name, tuple(sizes))
