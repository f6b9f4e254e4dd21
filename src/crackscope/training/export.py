"""From a trained network to a model folder, through a gate: ONNX and PyTorch must agree on real images."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from crackscope.bundle import ONNX_NAME, Bundle, Calibration, ModelConfig, write_bundle
from crackscope.errors import BundleError, ExportError
from crackscope.inference.open_session import open_session
from crackscope.inference.outputs import ModelOutputs
from crackscope.slot_surgery import with_slots
from crackscope.storage import atomic_folder
from crackscope.training.familiarity import DistanceOutput, FamiliarityModel
from crackscope.training.network import CrackNetwork

#: The largest difference of a score between PyTorch and ONNX, and how near to the threshold a label may flip.
TOLERANCE = 1e-4

_OPSET = 18
_BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """What the gate measured.

    Attributes:
        images: How many real images were compared.
        score_difference: The largest difference of a score.
        logit_difference: The largest difference of a logit.
        labels_changed: Labels that differ although the score is not within the tolerance of the threshold.
    """

    images: int
    score_difference: float
    logit_difference: float
    labels_changed: int


class ExportedGraph(nn.Module):
    """The network with all that a caller could get wrong inside: uint8 (N, H, W, 3) to the outputs."""

    def __init__(
        self, network: CrackNetwork, calibration: Calibration, familiarity: FamiliarityModel | None
    ) -> None:
        super().__init__()
        self.network = network
        self.scale, self.bias = calibration.scale, calibration.bias
        self.distance = None if familiarity is None else DistanceOutput(familiarity)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """``score``, ``logit``, ``embedding``, ``cam``, ``trunk``; with a pyramid ``attention``, with a
        familiarity model ``distance``.
        """
        unit = images.permute(0, 3, 1, 2).to(torch.float32) / 255
        found = self.network.outputs(unit)
        outputs = {
            "score": torch.sigmoid(self.scale * found.logit + self.bias),
            "logit": found.logit,
            "embedding": found.embedding,
            "cam": found.cam,
            "trunk": found.trunk,
        }
        if found.attention is not None:
            outputs["attention"] = found.attention
        return outputs if self.distance is None else {**outputs, "distance": self.distance(found.trunk)}


def export_bundle(
    folder: Path,
    network: CrackNetwork,
    config: ModelConfig,
    familiarity: FamiliarityModel | None,
    check_images_nhwc: NDArray[np.uint8],
) -> Bundle:
    """Write the model folder, replacing an older one; the gate's numbers go into ``training.parity``.

    Args:
        folder: Where the model goes.
        network: Trained, on the CPU.
        config: What ``model.json`` is to say.
        familiarity: For the output ``distance``; ``None`` leaves it out.
        check_images_nhwc: Real images, uint8 (N, H, W, 3) of the model's size.

    Raises:
        ExportError: The network can't be exported, or the graph does not agree. Nothing is left behind.
        OutputError: The folder can't be written.
    """
    with atomic_folder(folder) as temporary:
        graph = ExportedGraph(network, config.calibration, familiarity)
        export_onnx(graph, temporary / ONNX_NAME, config.input_hw)
        parity = check_parity(graph, Bundle(temporary, config), check_images_nhwc)
        config = replace(config, training={**config.training, "parity": asdict(parity)})
        bundle = write_bundle(temporary, config)
    return Bundle(folder, bundle.config)


def export_onnx(graph: ExportedGraph, path: Path, input_hw: tuple[int, int]) -> None:
    """Write one ONNX file with the weights inside; the batch axis is free, height and width are fixed.

    Raises:
        ExportError: PyTorch can't express the network in ONNX.
    """
    example = torch.zeros((2, *input_hw, 3), dtype=torch.uint8)
    graph.eval()
    with _quiet(), torch.inference_mode():
        names = list(graph(example))
        try:
            program = torch.onnx.export(
                graph,
                (example,),
                dynamo=True,
                opset_version=_OPSET,
                input_names=["images"],
                output_names=names,
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                verbose=False,
            )
        except (torch.onnx.errors.OnnxExporterError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ExportError(
                f"{graph.network.backbone_name} can't be exported to ONNX: {reason}; choose another backbone"
            ) from error
    if program is None:
        raise ExportError("PyTorch's ONNX exporter returned nothing")
    model = _anonymous(program.model_proto)
    # A graph that ends in another way works too, and only can't be adapted; the gate judges both.
    with suppress(BundleError):
        model = with_slots(model, graph.network.backbone_name)
    onnx.save_model(model, path)


def check_parity(graph: ExportedGraph, bundle: Bundle, images_nhwc: NDArray[np.uint8]) -> Parity:
    """Compare PyTorch with the ONNX file of a bundle.

    Raises:
        ExportError: Scores differ by more than `TOLERANCE`, or labels by more than that can explain.
    """
    score, logit = _run_torch(graph, images_nhwc)
    session = open_session(bundle, device="cpu")
    outputs = [session.run(batch) for batch in _batches(images_nhwc)]
    parity = _compare(score, logit, outputs, bundle.config.threshold.value)
    if not parity.score_difference <= TOLERANCE or parity.labels_changed:
        raise ExportError(
            f"ONNX and PyTorch disagree on {parity.images} images: scores by up to "
            f"{parity.score_difference:.2g} (allowed: {TOLERANCE:g}), {parity.labels_changed} labels; "
            "the model was not written"
        )
    return parity


def _compare(
    score: NDArray[np.float32], logit: NDArray[np.float32], outputs: list[ModelOutputs], threshold: float
) -> Parity:
    onnx_score = np.concatenate([output.score for output in outputs])
    onnx_logit = np.concatenate([output.logit for output in outputs])
    flipped = (score >= threshold) != (onnx_score >= threshold)
    return Parity(
        images=len(score),
        score_difference=float(np.abs(score - onnx_score).max()),
        logit_difference=float(np.abs(logit - onnx_logit).max()),
        labels_changed=int((flipped & (np.abs(score - threshold) > TOLERANCE)).sum()),
    )


def _run_torch(
    graph: ExportedGraph, images_nhwc: NDArray[np.uint8]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    with torch.inference_mode():
        outputs = [graph(torch.from_numpy(batch)) for batch in _batches(images_nhwc)]
    return tuple(torch.cat([output[name] for output in outputs]).numpy() for name in ("score", "logit"))  # type: ignore[return-value]


def _batches(images_nhwc: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    return [images_nhwc[start : start + _BATCH] for start in range(0, len(images_nhwc), _BATCH)]


def _anonymous(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop what only says where on this machine each node was traced."""
    for node in model.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for value in (*model.graph.value_info, *model.graph.input, *model.graph.output, *model.graph.initializer):
        value.ClearField("metadata_props")
        value.ClearField("doc_string")
    model.graph.ClearField("metadata_props")
    model.ClearField("metadata_props")
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's notes are about its own inside."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
