"""A model folder in another precision, written only if it passes the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import (
    ONNX_NAME,
    Bundle,
    KnownAnswers,
    ModelConfig,
    load_bundle,
    write_bundle,
    write_config,
)
from crackscope.errors import DataError, ExportError, PhotoError
from crackscope.evaluation.evaluate import score_photos
from crackscope.evaluation.photos import GroupedPhoto
from crackscope.images import read_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.known_answers import known_answers, known_images
from crackscope.inference.open_session import open_session
from crackscope.inference.verify import verify_bundle
from crackscope.labels import Label
from crackscope.precision.gate import GateResult, compare_variant
from crackscope.precision.variants import Precision, write_variant
from crackscope.resizing import resize_rgb
from crackscope.storage import atomic_folder

#: Photos of each class that int8 takes its ranges from; the gate looks at the photos of other groups.
_CALIBRATION_PHOTOS = 128

#: At most this share of a class's groups goes into calibration.
_CALIBRATION_SHARE = 0.25

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedVariant:
    """The new model folder, and what the gate measured."""

    bundle: Bundle
    gate: GateResult
    bytes_before: int
    bytes_after: int


def export_variant(
    model: Path | None,
    precision: Precision,
    photos: Sequence[GroupedPhoto],
    output: Path,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> ExportedVariant:
    """Write a model in another precision; it appears whole and through the gate, or not at all.

    Args:
        model: A model folder; ``None`` is the shipped detector.
        precision: What is wanted.
        photos: Real photos of both classes. For ``int8`` some groups give the ranges and the others judge.
        output: The new model folder; an older one there is replaced.
        seed: Of the choice of photos for ranges.
        progress: Told (photos scored, photos) of both models together.

    Raises:
        ExportError: The gate refuses the variant; the message has its numbers.
        DataError: Too few groups, or photos of one class.
        BundleError: The model can't be loaded.
    """
    base = load_bundle(model)
    calibration, judged = share_out(photos, seed) if precision is Precision.INT8 else ([], list(photos))
    with atomic_folder(output) as folder:
        images = _read(calibration, base.config.input_hw) if calibration else None
        write_variant(base.onnx_path, folder / ONNX_NAME, precision, images)
        variant = write_bundle(folder, base.config)
        if precision is Precision.INT8:
            variant = write_config(Bundle(folder, replace(variant.config, answers=record_answers(variant))))
        gate = _judge(base, variant, judged, progress)
        if objections := gate.objections():
            raise ExportError(f"{precision} is refused: {'; '.join(objections)}. Measured {gate}")
        config = _config(base, precision, gate, len(calibration), variant.config.answers)
        variant = write_bundle(folder, config)
        if broken := [check for check in verify_bundle(folder) if check.passed is False]:
            found = "; ".join(f"{check.name}: {check.detail}" for check in broken)
            raise ExportError(f"{precision} is refused: the model is not sound: {found}")
        size = variant.onnx_path.stat().st_size
    return ExportedVariant(
        bundle=Bundle(output, variant.config),
        gate=gate,
        bytes_before=base.onnx_path.stat().st_size,
        bytes_after=size,
    )


def share_out(photos: Sequence[GroupedPhoto], seed: int) -> tuple[list[GroupedPhoto], list[GroupedPhoto]]:
    """Photos for ranges and photos for the gate, no group in both."""
    rng = np.random.default_rng(seed)
    names = sorted({photo.group for photo in photos})
    order = [names[index] for index in rng.permutation(len(names))]
    chosen = set(order[: max(1, round(len(order) * _CALIBRATION_SHARE))])
    calibration = [photo for photo in photos if photo.group in chosen]
    judged = [photo for photo in photos if photo.group not in chosen]
    for part, what in ((calibration, "ranges"), (judged, "gate")):
        if {photo.truth for photo in part} != set(Label):
            raise DataError(
                f"int8 needs photos of both classes for its ranges and, from other groups, for its gate; the "
                f"{len(names)} groups of {len(photos)} photos leave the {what} without one"
            )
    limited = [
        photo for label in Label for photo in _evenly([one for one in calibration if one.truth is label])
    ]
    return limited, judged


def _evenly(photos: list[GroupedPhoto]) -> list[GroupedPhoto]:
    places = np.linspace(0, len(photos) - 1, min(len(photos), _CALIBRATION_PHOTOS)).round().astype(int)
    return [photos[place] for place in places.tolist()]


def _read(photos: Sequence[GroupedPhoto], input_hw: tuple[int, int]) -> NDArray[np.uint8]:
    images = []
    for photo in photos:
        try:
            images.append(resize_rgb(read_photo(photo.file).pixels_hwc, input_hw))
        except PhotoError as error:
            raise DataError(f"{photo.path} can't be read: {error}; remove it from the data") from error
    return np.stack(images)


def _judge(
    base: Bundle, variant: Bundle, photos: Sequence[GroupedPhoto], progress: Progress | None
) -> GateResult:
    scored = []
    for done, bundle in enumerate((base, variant)):
        before = done * len(photos)
        scored.append(
            score_photos(
                CrackClassifier.load(bundle, device="cpu"),
                photos,
                progress=None
                if progress is None
                else lambda count, _, before=before: progress(before + count, 2 * len(photos)),  # type: ignore[misc]
            )
        )
    return compare_variant(*scored)


def record_answers(variant: Bundle) -> KnownAnswers:
    """The known answers of a model of 8-bit integers; right on any processor."""
    # Without answers a session is exact.
    session = open_session(variant, device="cpu", threads=1)
    return known_answers(session.infer(known_images(variant.config.input_hw)).embedding)


def _config(
    base: Bundle, precision: Precision, gate: GateResult, n_calibration: int, answers: KnownAnswers | None
) -> ModelConfig:
    facts = {
        "name": str(precision),
        "base_sha256": base.identity,
        "calibration_photos": n_calibration,
        "gate": asdict(gate),
        "finding": str(gate),
    }
    return replace(
        base.config,
        name=f"{base.config.name}, {precision}",
        measured={},
        answers=answers,
        training={**base.config.training, "precision": facts},
    )
