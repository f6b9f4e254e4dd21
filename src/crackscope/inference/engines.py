"""The names of what can run a model; light, because the command line's help lists them."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """What runs the graph.

    ``openvino`` gives ONNX Runtime's scores to 1e-5. ``openvino-bf16`` rounds to 8 bits of mantissa: up to
    twice as fast on processors that have it, but its scores leave the parity gate of 1e-4, and the labels of
    about 1 % of mixed photos change (``crackscope model verify`` says more).
    """

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    OPENVINO_BF16 = "openvino-bf16"


class Device(StrEnum):
    """Where the graph runs; ``auto`` is CUDA where it works, else the CPU."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"
    COREML = "coreml"
    DIRECTML = "directml"
