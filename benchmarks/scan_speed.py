"""Where the time of a scan goes, against its bound and a naive loop, in one run on the same processors.

    python benchmarks/scan_speed.py --folder /tmp/scan-speed --photos 20

Makes 12-megapixel JPEGs of synthetic concrete and measures, for overlap 0 and 0.5:

- decode: reading and decoding at the size the scan asks for, alone, on all processors
- resize: of the decoded photo to the grid of tiles, alone
- model: the network alone on as many tiles as the scan has, in batches on all processors
- bound: decode plus model, what a scan could take if everything else were free
- scan: ``CrackScanner.scan_paths`` with overlays, end to end
- naive: crop, resize and run the same ONNX model tile by tile (on three photos, scaled up)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

import crackscope
from crackscope import CrackScanner, ScanSettings, read_photo
from crackscope.dataset.synthetic import make_photo
from crackscope.resizing import resize_rgb
from crackscope.scanning.analysis import plan_scales
from crackscope.scanning.scoring import BATCH
from crackscope.scanning.tiling import TileGrid

PHOTO_HW = (3000, 4000)
NAIVE_PHOTOS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    paths = make_photos(arguments.folder / "photos", arguments.photos)
    document: dict[str, Any] = {
        "crackscope": crackscope.__version__,
        "onnxruntime": onnxruntime.__version__,
        "machine": platform.processor() or platform.machine(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "photos": len(paths),
        "pixels_hw": PHOTO_HW,
        "rounds": arguments.rounds,
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
    scanner = CrackScanner.load(arguments.model, settings=ScanSettings(overlap=overlap))
    (grid,) = plan_scales(PHOTO_HW, scanner.classifier.bundle.config, scanner.settings)
    photo = read_photo(paths[0], at_least_hw=grid.grid_hw).pixels_hwc
    tiles = np.random.default_rng(0).integers(0, 256, (BATCH, *grid.input_hw, 3), np.uint8)
    shutil.rmtree(arguments.folder / "out", ignore_errors=True)
    with ThreadPoolExecutor(scanner.jobs) as workers:

        def on_all(work: Callable[[Any], Any], items: list[Any]) -> float:
            return timed(lambda: list(workers.map(work, items))) / len(paths)

        batches = [tiles[: min(BATCH, grid.count - done)] for done in range(0, grid.count, BATCH)]
        return {
            "tiles": grid.count,
            "decode": on_all(lambda path: read_photo(path, at_least_hw=grid.grid_hw), paths),
            "resize": on_all(lambda _: resize_rgb(photo, grid.grid_hw), paths),
            "model": on_all(scanner.classifier.run, batches * len(paths)),
            "scan": timed(lambda: scanner.scan_paths(paths, output=arguments.folder / "out")) / len(paths),
            "naive": timed(lambda: naive(paths[:NAIVE_PHOTOS], grid, scanner))
            / min(NAIVE_PHOTOS, len(paths)),
        }


def naive(paths: list[Path], grid: TileGrid, scanner: CrackScanner) -> None:
    """What one writes first: crop and resize every tile with Pillow, run it alone on all processors."""
    session = onnxruntime.InferenceSession(scanner.classifier.bundle.onnx_path)
    height, width = grid.input_hw
    for path in paths:
        photo = Image.open(path).convert("RGB")
        for row in range(len(grid.tops)):
            for column in range(len(grid.lefts)):
                tile = photo.crop(grid.tile_box(row, column)).resize(
                    (width, height), Image.Resampling.BILINEAR
                )
                session.run(["score"], {session.get_inputs()[0].name: np.asarray(tile)[None]})


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
