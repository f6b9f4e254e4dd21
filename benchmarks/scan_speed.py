"""Where the time of a scan goes, against its bound and a naive loop, in one run on the same processors.

    python benchmarks/scan_speed.py --folder /tmp/scan-speed --photos 20

Makes 12-megapixel JPEGs of synthetic concrete and measures, for overlap 0 and 0.5:

- decode: reading and decoding at the size the scan asks for, alone, on all processors
- resize: of the decoded photo to the grid of tiles, alone
- model: the network alone on as many tiles as the scan has, in batches on all processors
- overlay: drawing and encoding it, alone
- bound: decode plus model, what a scan could take if everything else were free
- scan: ``CrackScanner.scan_paths`` with overlays, end to end
- naive: crop, resize and run the same ONNX model tile by tile (on three photos, scaled up)

``--cpu`` compares seconds of the processors instead of the clock's: for machines that others use too. The
naive loop then runs the model on one thread, where it wastes nothing on waiting.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

import crackscope
from crackscope import CrackScanner, PhotoReport, ScanSettings, read_photo
from crackscope.dataset.synthetic import make_photo
from crackscope.images import Photo
from crackscope.inference.tile_scores import BATCH
from crackscope.inference.tiling import TileGrid, plan_looks
from crackscope.photos.pixels import DecodedPhoto
from crackscope.resizing import resize_rgb
from crackscope.scanning.overlay import draw_overlay, write_overlay

PHOTO_HW = (3000, 4000)
NAIVE_PHOTOS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--engine", default="onnxruntime")
    parser.add_argument("--cpu", action="store_true", help="compare processor seconds, not the clock's")
    arguments = parser.parse_args()
    paths = make_photos(arguments.folder / "photos", arguments.photos)
    document: dict[str, Any] = {
        "crackscope": crackscope.__version__,
        "onnxruntime": onnxruntime.__version__,
        "machine": cpu_name(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "photos": len(paths),
        "pixels_hw": PHOTO_HW,
        "rounds": arguments.rounds,
        "engine": arguments.engine,
        "seconds_of": "the processors" if arguments.cpu else "the clock",
    }
    for overlap in (0.0, 0.5):
        rounds = [measure(paths, overlap, arguments) for _ in range(arguments.rounds)]
        seconds = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
        document[f"overlap {overlap}"] = {
            **{f"{name}_s_per_photo": round(value, 3) for name, value in seconds.items() if name != "tiles"},
            "tiles_per_photo": int(seconds["tiles"]),
            "share_of_bound": round((seconds["decode"] + seconds["model"]) / seconds["scan"], 2),
            "times_naive": round(seconds["naive"] / seconds["scan"], 2),
        }
    print(json.dumps(document, indent=2))


def make_photos(folder: Path, count: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:03}.jpg" for number in range(count)]
    base = None
    for number, path in enumerate(paths):
        if not path.exists():
            # One scene, turned and lit differently: as much work to decode and to scan as twenty.
            base = base or make_photo(np.random.default_rng(0), PHOTO_HW, cracks=2)
            pixels = np.roll(base.pixels_hwc, 97 * number, axis=1)
            Image.fromarray(pixels).save(path, quality=92, subsampling="4:2:0")
    return paths


def measure(paths: list[Path], overlap: float, arguments: argparse.Namespace) -> dict[str, float]:
    scanner = CrackScanner.load(
        arguments.model, settings=ScanSettings(overlap=overlap), engine=arguments.engine
    )
    clock = time.process_time if arguments.cpu else time.perf_counter

    def timed(work: Callable[[], Any]) -> float:
        began = clock()
        work()
        return clock() - began

    (grid,) = plan_looks(PHOTO_HW, scanner.classifier.bundle.config, scanner.settings)
    photo = read_photo(paths[0], at_least_hw=grid.grid_hw)
    report = scanner.scan(paths[0])
    tiles = np.random.default_rng(0).integers(0, 256, (BATCH, *grid.input_hw, 3), np.uint8)
    shutil.rmtree(arguments.folder / "out", ignore_errors=True)
    with ThreadPoolExecutor(scanner.jobs) as workers:

        def on_all(work: Callable[[Any], Any], items: list[Any]) -> float:
            return timed(lambda: list(workers.map(work, items))) / len(paths)

        batches = [tiles[: min(BATCH, grid.count - done)] for done in range(0, grid.count, BATCH)]
        return {
            "tiles": grid.count,
            "decode": on_all(lambda path: read_photo(path, at_least_hw=grid.grid_hw), paths),
            "resize": on_all(lambda _: resize_rgb(photo.pixels_hwc, grid.grid_hw), paths),
            "model": on_all(scanner.classifier.infer, batches * len(paths)),
            "overlay": on_all(lambda _: draw(photo, report), paths),
            "scan": timed(lambda: scanner.scan_paths(paths, output=arguments.folder / "out")) / len(paths),
            "naive": timed(lambda: naive(paths[:NAIVE_PHOTOS], grid, scanner, arguments.cpu))
            / min(NAIVE_PHOTOS, len(paths)),
        }


def naive(paths: list[Path], grid: TileGrid, scanner: CrackScanner, one_thread: bool) -> None:
    """What one writes first: crop and resize every tile with Pillow, run it alone on all processors."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1 if one_thread else 0
    session = onnxruntime.InferenceSession(scanner.classifier.bundle.onnx_path, options)
    height, width = grid.input_hw
    for path in paths:
        photo = Image.open(path).convert("RGB")
        for row in range(len(grid.tops)):
            for column in range(len(grid.lefts)):
                tile = photo.crop(grid.tile_box(row, column)).resize(
                    (width, height), Image.Resampling.BILINEAR
                )
                session.run(["score"], {session.get_inputs()[0].name: np.asarray(tile)[None]})


def draw(photo: Photo, report: PhotoReport) -> None:
    assert report.heat is not None
    write_overlay(
        Path(tempfile.gettempdir()) / "o.jpg", draw_overlay(DecodedPhoto(photo), report, report.heat)
    )


def cpu_name() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
