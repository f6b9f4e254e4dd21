"""Is a model folder what it says it is? Every promise of the bundle, checked by running it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import Bundle, load_bundle
from crackscope.errors import BundleError, SettingsError
from crackscope.inference.engines import Engine
from crackscope.inference.open_session import answers_stray, open_session
from crackscope.inference.outputs import ModelOutputs
from crackscope.inference.session import Session
from crackscope.labels import decide
from crackscope.resizing import resize_rgb

#: The parity gate: engines may differ by this much in a score, and in labels only this near the threshold.
PARITY = 1e-4

#: What rounding may do between two batches, or between the graph's arithmetic and NumPy's.
_ROUNDING = 1e-5

#: Images that are scored; enough for a stray engine to show, few enough for a second.
_IMAGES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One promise.

    Attributes:
        name: What was looked at.
        passed: Whether it holds; ``None`` where it is told and not judged.
        detail: The numbers.
    """

    name: str
    passed: bool | None
    detail: str


def verify_bundle(folder: Path | None = None) -> list[Check]:
    """Check a model folder; ``None`` is the shipped detector. After a hopeless check there are no more."""
    try:
        bundle = load_bundle(folder)
    except BundleError as error:
        return [Check(name="files", passed=False, detail=str(error))]
    files = Check(name="files", passed=True, detail=f"{bundle.folder}, SHA-256 {bundle.identity[:16]}…")
    try:
        session = open_session(bundle, device="cpu")
    except BundleError as error:
        return [files, Check(name="graph", passed=False, detail=str(error))]
    outputs = session.run(verification_images(bundle.config.input_hw))
    ports = f"images {bundle.config.input_hw} -> {', '.join(session.output_names)}"
    return [
        files,
        Check(name="graph", passed=True, detail=ports),
        _check_scores(outputs),
        _check_batches(session, outputs),
        _check_calibration(bundle, outputs),
        _check_cam(outputs),
        _check_familiarity(bundle, outputs),
        *_check_answers(session),
        *(_check_engine(bundle, engine, outputs) for engine in Engine if engine is not Engine.ONNXRUNTIME),
    ]


def verification_images(size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Soft grey textures, the same on every machine, half of them with a dark line across."""
    height, width = size_hw
    random = np.random.default_rng(0)
    coarse = random.integers(60, 220, size=(_IMAGES, 8, 8, 3), dtype=np.uint8)
    images = np.stack([resize_rgb(texture, size_hw) for texture in coarse])
    rows = np.arange(height)
    columns = np.arange(width)
    for slope, image in enumerate(images[::2]):
        distance = np.abs(rows[:, None] - height / 2 - (slope - _IMAGES / 4) / 8 * (columns - width / 2))
        image[distance < max(1, height / 64)] = 30
    return images


def _check_scores(outputs: ModelOutputs) -> Check:
    low, high = float(outputs.score.min()), float(outputs.score.max())
    arrays = (outputs.score, outputs.logit, outputs.embedding, outputs.cam)
    finite = all(bool(np.isfinite(array).all()) for array in arrays)
    return Check(
        name="scores",
        passed=finite and low >= 0 and high <= 1,
        detail=f"{low:.4f} to {high:.4f} on {_IMAGES} fixed images",
    )


def _check_batches(session: Session, outputs: ModelOutputs) -> Check:
    images = verification_images(session.bundle.config.input_hw)
    single = np.concatenate([session.infer(images[index : index + 1]).score for index in range(_IMAGES)])
    difference = float(np.abs(single - outputs.score).max())
    return Check(
        name="batches",
        passed=difference <= _ROUNDING,
        detail=f"alone and together, scores differ by {difference:.1e}",
    )


def _check_calibration(bundle: Bundle, outputs: ModelOutputs) -> Check:
    calibration = bundle.config.calibration
    logit = outputs.logit.astype(np.float64)
    expected = 1 / (1 + np.exp(-(calibration.scale * logit + calibration.bias)))
    difference = float(np.abs(expected - outputs.score).max())
    return Check(
        name="calibration",
        passed=difference <= _ROUNDING,
        detail=f"score and model.json's sigmoid(scale * logit + bias) differ by {difference:.1e}",
    )


def _check_cam(outputs: ModelOutputs) -> Check:
    rest = outputs.bias
    spread = float(rest.max() - rest.min())
    return Check(
        name="activation map",
        passed=spread <= 1e-3 * max(1.0, float(np.abs(outputs.logit).max())),
        detail=f"logit less its mean is constant to {spread:.1e}",
    )


def _check_familiarity(bundle: Bundle, outputs: ModelOutputs) -> Check:
    promised, given = bundle.config.familiarity is not None, outputs.distance is not None
    return Check(
        name="familiarity",
        passed=given or not promised,
        detail="with a distance" if given else "none",
    )


def _check_answers(session: Session) -> list[Check]:
    # A session that strays too far is not opened at all.
    if session.bundle.config.answers is None:
        return []
    detail = f"8-bit integers as recorded, to {answers_stray(session):.1e} of the features"
    return [Check(name="known answers", passed=None, detail=detail)]


def _is_int8(training: Mapping[str, Any]) -> bool:
    """Whether the model, or the one that it was adapted from, computes on integers."""
    if training.get("precision", {}).get("name") == "int8":
        return True
    return "base" in training and _is_int8(training["base"])


def _check_engine(bundle: Bundle, engine: Engine, expected: ModelOutputs) -> Check:
    if find_spec("openvino") is None:
        return Check(name=engine, passed=None, detail="not installed")
    try:
        score = open_session(bundle, engine=engine).run(verification_images(bundle.config.input_hw)).score
    except SettingsError as error:
        return Check(name=engine, passed=None, detail=str(error))
    except BundleError as error:
        # Of 8-bit integers, which an engine may compute wrongly here and then refuses to.
        return Check(name=engine, passed=None if bundle.config.answers else False, detail=str(error))
    threshold = bundle.config.threshold.value
    difference = float(np.abs(score - expected.score).max())
    changed = [
        decide(float(a), threshold) is not decide(float(b), threshold) and abs(float(b) - threshold) > PARITY
        for a, b in zip(score, expected.score, strict=True)
    ]
    within = difference <= PARITY and not any(changed)
    return Check(
        name=engine,
        # bf16 is known to leave the gate, and engines round integers in their own ways; who asks for them
        # is told by how much.
        passed=None if engine is Engine.OPENVINO_BF16 or _is_int8(bundle.config.training) else within,
        detail=f"scores differ by {difference:.1e} (gate {PARITY:.0e}), {sum(changed)} of {_IMAGES} labels",
    )
