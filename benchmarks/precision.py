"""How fast each precision of a model computes, beside what the gate says of it. Prints JSON.

Makes each variant as `crackscope export` does, judges it, and then times all of them in turn, round by round,
on one thread: whatever else the machine does hits all alike. Refused variants are timed too, so that their
speed is known. ``--engine openvino`` times the same files there.

    python benchmarks/precision.py --data ../shared/data/metu --manifest metu.csv
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import ONNX_NAME, Bundle, load_bundle, write_bundle
from crackscope.evaluation.evaluate import score_photos
from crackscope.evaluation.photos import GroupedPhoto, find_labelled_photos
from crackscope.evaluation.robustness import choose_photos
from crackscope.images import read_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.engines import Engine
from crackscope.inference.open_session import open_session
from crackscope.inference.session import BATCH_SIZE, Session
from crackscope.precision.export import share_out
from crackscope.precision.gate import compare_variant
from crackscope.precision.variants import Precision, write_variant
from crackscope.resizing import resize_rgb


def main() -> None:
    options = _options()
    base = load_bundle(options.model)
    photos = choose_photos(
        find_labelled_photos(options.data, manifest=options.manifest, part=options.part), options.limit, 0
    )
    calibration, judged = share_out(photos, seed=0)
    images = pixels_of(calibration, base.config.input_hw)
    with tempfile.TemporaryDirectory() as place:
        bundles = {one: variant_of(base, one, images, Path(place, one)) for one in Precision}
        sizes = {one: bundle.onnx_path.stat().st_size for one, bundle in bundles.items()}
        before = score_photos(CrackClassifier.load(base, device="cpu"), judged)
        gates = {
            one: compare_variant(before, score_photos(CrackClassifier.load(bundle, device="cpu"), judged))
            for one, bundle in bundles.items()
        }
        seconds = time_in_turn(bundles, images[:BATCH_SIZE], options.engine, options.rounds)
    fastest = {one: min(values) for one, values in seconds.items()}
    document = {
        "machine": platform.processor() or platform.machine(),
        "onnxruntime": version("onnxruntime"),
        "engine": options.engine,
        "model": base.identity,
        "images_per_run": len(images[:BATCH_SIZE]),
        "variants": {
            one: {
                "bytes": sizes[one],
                "ms_per_image": 1e3 * median(seconds[one]) / len(images[:BATCH_SIZE]),
                "ms_per_image_at_best": 1e3 * fastest[one] / len(images[:BATCH_SIZE]),
                "speed_up_at_best": fastest[Precision.FP32] / fastest[one],
                "passes": not gates[one].objections(),
                "objections": gates[one].objections(),
                "gate": asdict(gates[one]),
            }
            for one in Precision
        },
    }
    print(json.dumps(document, indent=1))


def variant_of(base: Bundle, precision: Precision, images: NDArray[np.uint8], folder: Path) -> Bundle:
    """The variant as a model folder, without a gate."""
    folder.mkdir()
    write_variant(base.onnx_path, folder / ONNX_NAME, precision, images)
    return write_bundle(folder, base.config)


def time_in_turn(
    bundles: dict[Precision, Bundle], images: NDArray[np.uint8], engine: str, rounds: int
) -> dict[Precision, list[float]]:
    """Seconds of the processor for one run of each, round by round."""
    sessions: dict[Precision, Session] = {
        one: open_session(bundle, engine=engine, device="cpu", threads=1) for one, bundle in bundles.items()
    }
    found: dict[Precision, list[float]] = {one: [] for one in sessions}
    for session in sessions.values():
        session.infer(images)
    for _ in range(rounds):
        for one, session in sessions.items():
            began = time.process_time()
            session.infer(images)
            found[one].append(time.process_time() - began)
    return found


def pixels_of(photos: list[GroupedPhoto], size_hw: tuple[int, int]) -> NDArray[np.uint8]:
    return np.stack([resize_rgb(read_photo(photo.file).pixels_hwc, size_hw) for photo in photos])


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", action="append", type=Path, required=True)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--part")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--limit", type=int, default=500, help="photos of each class")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--engine", choices=list(Engine), default=Engine.ONNXRUNTIME)
    return parser.parse_args()


if __name__ == "__main__":
    main()
