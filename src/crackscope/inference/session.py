"""Run a bundle's graph; the only place that imports ONNX Runtime.

The work is spread over *images*, not over the operators inside one image: every thread runs whole batches on
one core. For each second of the processors that gave 1.7 times the images of one run on two cores, because
no core waits for another; and a score does not depend on how many cores there are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import Bundle
from crackscope.cpus import available_cpus
from crackscope.errors import BundleError, SettingsError
from crackscope.inference.engines import Device, Engine
from crackscope.inference.known_answers import EXACT, MAX_STRAY, known_images, stray
from crackscope.inference.outputs import ModelOutputs, join_outputs

Name = TypeVar("Name", bound=StrEnum)

#: ONNX Runtime's provider for each device.
_PROVIDERS = {
    Device.CPU: "CPUExecutionProvider",
    Device.CUDA: "CUDAExecutionProvider",
    Device.COREML: "CoreMLExecutionProvider",
    Device.DIRECTML: "DmlExecutionProvider",
}

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


def open_session(
    bundle: Bundle,
    *,
    engine: str = Engine.ONNXRUNTIME,
    device: str = Device.AUTO,
    threads: int | None = None,
) -> Session:
    """Load a bundle's graph.

    Args:
        bundle: The model.
        engine: An `Engine` by name.
        device: A `Device` by name.
        threads: Batches that run at a time; ``None`` is every processor this process may use.

    Raises:
        SettingsError: An engine or device that does not exist or is not available here.
        MissingExtraError: The engine is not installed.
        BundleError: The graph can't be loaded or is not what a bundle holds.
    """
    if threads is not None and threads < 1:
        raise SettingsError(f"threads is {threads}; expected 1 or more")
    threads = threads or available_cpus()
    chosen_engine, chosen_device = _named(Engine, engine), _named(Device, device)
    if chosen_engine is Engine.ONNXRUNTIME:
        return _open_onnx(bundle, chosen_device, threads)
    from crackscope.inference.openvino_session import OpenVinoSession

    bf16 = chosen_engine is Engine.OPENVINO_BF16
    return _checked(OpenVinoSession(bundle, device=chosen_device, threads=threads, bf16=bf16), chosen_engine)


def _open_onnx(bundle: Bundle, device: Device, threads: int) -> Session:
    """Fast integers where they are known to be right here, else exact ones; floats are the same in both."""
    if bundle.config.answers is not None:
        fast = _OnnxSession(bundle, device=device, threads=threads, exact_integers=False)
        if answers_stray(fast) <= EXACT:
            return fast
    exact = _OnnxSession(bundle, device=device, threads=threads, exact_integers=True)
    return _checked(exact, Engine.ONNXRUNTIME)


def answers_stray(session: Session) -> float:
    """How far a session's answers are from the model's known ones, see `known_answers.stray`; 0 without."""
    answers = session.bundle.config.answers
    if answers is None:
        return 0.0
    return stray(answers, session.infer(known_images(session.bundle.config.input_hw)).embedding)


def _checked(session: Session, engine: Engine) -> Session:
    found = answers_stray(session)
    if found > MAX_STRAY:
        other = "another engine" if engine is Engine.ONNXRUNTIME else f"--engine {Engine.ONNXRUNTIME}"
        raise BundleError(
            f"{session.bundle.folder} is a model of 8-bit integers, and {engine} on this processor does not "
            f"compute them as recorded: features differ by {found:.0%} (at most {MAX_STRAY:.0%}). "
            f"Use {other}, or the model in fp16"
        )
    return session


def _named(kind: type[Name], name: str) -> Name:
    try:
        return kind(name)
    except ValueError:
        raise SettingsError(f"no {kind.__name__.lower()} {name!r}; expected {', '.join(kind)}") from None


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


class _OnnxSession(Session):
    def __init__(self, bundle: Bundle, *, device: Device, threads: int, exact_integers: bool) -> None:
        import onnxruntime

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
