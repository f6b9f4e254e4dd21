"""Run a bundle's graph with ONNX Runtime; the only place that imports it."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from crackscope.bundle import Bundle
from crackscope.errors import BundleError, SettingsError
from crackscope.inference.engines import Device
from crackscope.inference.session import GraphPort, Session

#: ONNX Runtime's provider for each device.
_PROVIDERS = {
    Device.CPU: "CPUExecutionProvider",
    Device.CUDA: "CUDAExecutionProvider",
    Device.COREML: "CoreMLExecutionProvider",
    Device.DIRECTML: "DmlExecutionProvider",
}


class OnnxSession(Session):
    """A graph in ONNX Runtime: one thread in an operator, so that every core runs a batch of its own."""

    def __init__(self, bundle: Bundle, *, device: Device, threads: int, exact_integers: bool) -> None:
        providers = _choose_providers(device, onnxruntime.get_available_providers())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Products of unsigned integers never saturate. Slower, also where VNNI makes signed ones right.
        options.add_session_config_entry("session.x64quantprecision", "1" if exact_integers else "0")
        try:
            self._session = onnxruntime.InferenceSession(str(bundle.onnx_path), options, providers=providers)
        except Exception as error:  # ONNX Runtime's own errors share no base class
            raise BundleError(f"{bundle.onnx_path} can't be loaded: {error}") from error
        super().__init__(
            bundle,
            device=_device_of(self._session.get_providers()[0], asked=device),
            threads=threads,
            inputs=[_onnx_port(port) for port in self._session.get_inputs()],
            outputs=[_onnx_port(port) for port in self._session.get_outputs()],
        )

    def _infer(self, images_nhwc: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        outputs: list[NDArray[np.float32]] = self._session.run(None, {self.input_name: images_nhwc})
        return outputs


def _choose_providers(device: Device, available: list[str]) -> list[Any]:
    if device is Device.AUTO:
        device = Device.CUDA if _PROVIDERS[Device.CUDA] in available else Device.CPU
    elif _PROVIDERS[device] not in available:
        usable = [name for name, provider in _PROVIDERS.items() if provider in available]
        raise SettingsError(
            f"this ONNX Runtime has no {_PROVIDERS[device]}; available devices: {', '.join(usable)}"
        )
    # TF32 rounds to 10 bits of mantissa, and scores would leave the parity gate of 1e-4.
    settings = {"use_tf32": "0"} if device is Device.CUDA else {}
    rest = [] if device is Device.CPU else [_PROVIDERS[Device.CPU]]
    return [(_PROVIDERS[device], settings), *rest]


def _device_of(provider: str, *, asked: Device) -> Device:
    # ONNX Runtime falls back to the CPU without an error where, say, the CUDA driver is missing.
    device = next(device for device, known in _PROVIDERS.items() if known == provider)
    if asked not in (Device.AUTO, device):
        raise SettingsError(f"{_PROVIDERS[asked]} is installed but does not start; use --device cpu")
    return device


def _onnx_port(port: Any) -> GraphPort:
    dtype = {"tensor(float)": "float32"}.get(port.type, port.type.removeprefix("tensor(").removesuffix(")"))
    return GraphPort(port.name, dtype, tuple(size if isinstance(size, int) else None for size in port.shape))
