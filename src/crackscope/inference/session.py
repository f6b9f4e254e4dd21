"""What every engine's session is: checks of the graph, batches over threads.

The work is spread over *images*, not over the operators inside one image: every thread runs whole batches on
one core. For each second of the processors that gave 1.7 times the images of one run on two cores, because
no core waits for another; and a score does not depend on how many cores there are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import Bundle
from crackscope.errors import BundleError, SettingsError
from crackscope.inference.engines import Device
from crackscope.inference.outputs import ModelOutputs, join_outputs

#: Images per run of the engine: larger batches were no faster, and need more memory.
BATCH_SIZE = 32

_OUTPUT_RANKS = {"score": 1, "logit": 1, "embedding": 2, "cam": 3}
_OPTIONAL_RANKS = {"distance": 1, "trunk": 2, "attention": 3}


@dataclass(frozen=True, slots=True)
class GraphPort:
    """An input or output of a graph as its engine describes it; ``None`` is a dimension that may vary."""

    name: str
    dtype: str
    shape: tuple[int | None, ...]


class Session(ABC):
    """A graph that is loaded and ready.

    Attributes:
        bundle: What it was loaded from.
        device: Where it runs.
        threads: How many threads may call `infer` at a time to good effect.
        input_name: The graph's name for its images.
        output_names: The graph's outputs, in its order.
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        device: Device,
        threads: int,
        inputs: list[GraphPort],
        outputs: list[GraphPort],
    ) -> None:
        check_graph(bundle, inputs, outputs)
        self.bundle, self.device, self.threads = bundle, device, threads
        self.input_name = inputs[0].name
        self.output_names = tuple(port.name for port in outputs)

    def run(self, images_nhwc: NDArray[np.uint8]) -> ModelOutputs:
        """Score any number of images (N, H, W, 3), uint8 RGB of the model's size, on all threads."""
        self._check_images(images_nhwc)
        if len(images_nhwc) == 0:
            return self.infer(np.zeros((1, *images_nhwc.shape[1:]), np.uint8))[:0]
        share = -(-len(images_nhwc) // self.threads)
        size = min(share, BATCH_SIZE)
        batches = [images_nhwc[start : start + size] for start in range(0, len(images_nhwc), size)]
        if len(batches) == 1:
            return self.infer(batches[0])
        with ThreadPoolExecutor(self.threads, thread_name_prefix="infer") as pool:
            return join_outputs(list(pool.map(self.infer, batches)))

    def infer(self, images_nhwc: NDArray[np.uint8]) -> ModelOutputs:
        """Score one batch in the calling thread; several threads may do so at a time."""
        arrays = dict(zip(self.output_names, self._infer(np.ascontiguousarray(images_nhwc)), strict=True))
        return ModelOutputs(
            score=arrays["score"],
            logit=arrays["logit"],
            embedding=arrays["embedding"],
            cam=arrays["cam"],
            distance=arrays.get("distance"),
            trunk=arrays.get("trunk"),
            attention=arrays.get("attention"),
        )

    @abstractmethod
    def _infer(self, images_nhwc: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """The outputs in the order of ``output_names``, as arrays of their own."""

    def _check_images(self, images_nhwc: NDArray[np.uint8]) -> None:
        expected = (*self.bundle.config.input_hw, 3)
        if images_nhwc.dtype != np.uint8 or images_nhwc.ndim != 4 or images_nhwc.shape[1:] != expected:
            found = f"{images_nhwc.dtype} of shape {images_nhwc.shape}"
            raise SettingsError(f"images are {found}; expected uint8 of shape (N, *{expected})")


def check_graph(bundle: Bundle, inputs: list[GraphPort], outputs: list[GraphPort]) -> None:
    """Refuse a graph whose inputs and outputs are not those of a bundle.

    Raises:
        BundleError: Says which one is wrong, and how.
    """
    height, width = bundle.config.input_hw
    expected = f"one input uint8 (N, {height}, {width}, 3)"
    if len(inputs) != 1 or inputs[0].dtype != "uint8" or inputs[0].shape != (None, height, width, 3):
        raise BundleError(f"{bundle.onnx_path} has inputs {inputs}; expected {expected}")
    ports = {port.name: port for port in outputs}
    if missing := _OUTPUT_RANKS.keys() - ports.keys():
        raise BundleError(f"{bundle.onnx_path} lacks outputs {sorted(missing)}; found {sorted(ports)}")
    ranks = _OUTPUT_RANKS | _OPTIONAL_RANKS
    for port in outputs:
        if port.dtype != "float32" or len(port.shape) != ranks.get(port.name) or port.shape[0] is not None:
            raise BundleError(
                f"{bundle.onnx_path} has an output {port}; expected float32 of rank {ranks} by name, with a "
                "first dimension that may vary"
            )
