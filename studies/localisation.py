"""How well scans and classic filters find *where* cracks are, against pixel masks, by one tile protocol.

Every photo is cut into squares side by side. A square is cracked if the crack covers at least a quarter of
its side in pixels (a crack that crosses it has several times that); squares with fewer crack pixels are left
out. A method's score of a square is the mean or the maximum of its map over the square, whichever serves it
better (average precision over all squares). F1 and the rate of false alarms on squares with formwork planking
and no crack are at each method's own best threshold, found on the same photos: a favour to the classic
filters, which have no threshold of their own. ``F1 shipped`` is at the model's threshold. Pointing: the share
of photos where the highest point of the map lies within 8 pixels of a crack.

    python -m studies.localisation --uav75 ../shared/data/uav75 --synthetic 20 --model runs/model
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import feature, filters
from sklearn.metrics import average_precision_score, precision_recall_curve

from crackscope import CrackScanner, ScanSettings, read_photo
from crackscope.dataset.synthetic import make_photo

CRACK, PLANKING = 255, 204
SQUARES_PX = (16, 32, 64)
POINTING_PX = 8


@dataclass(frozen=True)
class Example:
    pixels_hwc: NDArray[np.uint8]
    crack: NDArray[np.bool_]
    planking: NDArray[np.bool_]


Method = Callable[[NDArray[np.uint8]], NDArray[np.float64]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--uav75", type=Path)
    parser.add_argument("--synthetic", type=int, default=0, help="number of synthetic photos")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--tile-px", type=int, nargs="*", default=[0, 128], help="scans; 0: auto")
    parser.add_argument("--scales", type=float, nargs="*", help="one more scan: auto times each of these")
    parser.add_argument("--limit", type=int, help="only so many photos of UAV75")
    parser.add_argument("--no-classic", action="store_true", help="leave out Otsu, Canny and Frangi")
    arguments = parser.parse_args()
    methods: dict[str, Method] = {} if arguments.no_classic else dict(CLASSIC)
    settings = {str(px): ScanSettings(tile_px=px or None) for px in arguments.tile_px}
    if arguments.scales:
        settings[f"auto, scales {arguments.scales}"] = ScanSettings(scales=tuple(arguments.scales))
    threshold = None
    for name, each in settings.items():
        scanner = CrackScanner.load(arguments.model, settings=each)
        methods[f"scan, tile {name}"] = scan_with(scanner)
        threshold = scanner.classifier.threshold
    sets = {}
    if arguments.uav75:
        sets["UAV75"] = list(read_uav75(arguments.uav75))[: arguments.limit]
    if arguments.synthetic:
        sets["synthetic"] = list(make_synthetic(arguments.synthetic))
    for set_name, examples in sets.items():
        print(f"\n{set_name}: {len(examples)} photos, {json.dumps(class_counts(examples))}\n")
        print_table(examples, methods, threshold)


def read_uav75(folder: Path) -> Iterator[Example]:
    for path in sorted((folder / "images").iterdir()):
        mask = np.asarray(Image.open(folder / "labels" / f"{path.stem}.png").convert("RGB"))[:, :, 0]
        yield Example(read_photo(path).pixels_hwc, mask == CRACK, mask == PLANKING)


def make_synthetic(count: int) -> Iterator[Example]:
    for seed in range(count):
        scene = make_photo(np.random.default_rng([11, seed]), (960, 1280), cracks=1 + seed % 3)
        crack = scene.mask_hw >= 128
        yield Example(scene.pixels_hwc, crack, np.zeros_like(crack))


def grey(pixels_hwc: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(pixels_hwc, np.float64) @ (0.2126, 0.7152, 0.0722) / 255


def otsu(pixels_hwc: NDArray[np.uint8]) -> NDArray[np.float64]:
    smooth = np.asarray(filters.gaussian(grey(pixels_hwc), 1))
    return np.asarray(smooth < filters.threshold_otsu(smooth), np.float64)


def edges(pixels_hwc: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(feature.canny(grey(pixels_hwc), sigma=2), np.float64)


def ridges(pixels_hwc: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.asarray(filters.frangi(grey(pixels_hwc), sigmas=range(1, 5), black_ridges=True), np.float64)


CLASSIC: dict[str, Method] = {"Otsu": otsu, "Canny": edges, "Frangi": ridges}


def scan_with(scanner: CrackScanner) -> Method:
    def heat(pixels_hwc: NDArray[np.uint8]) -> NDArray[np.float64]:
        report = scanner.scan(pixels_hwc)
        assert report.heat is not None
        height, width = pixels_hwc.shape[:2]
        smooth = Image.fromarray(report.heat.scores).resize((width, height), Image.Resampling.BILINEAR)
        return np.asarray(smooth, np.float64)

    return heat


def print_table(examples: list[Example], methods: dict[str, Method], threshold: float | None) -> None:
    columns = [f"AP {side}" for side in SQUARES_PX] + [f"F1 {side}" for side in SQUARES_PX]
    columns += ["F1 shipped 32", "planking alarms 32", "pointing"]
    print("| method | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 1) + "|")
    for name, method in methods.items():
        maps = [method(example.pixels_hwc) for example in examples]
        by_side = {side: judge(examples, maps, side) for side in SQUARES_PX}
        cells = [f"{by_side[side][0]:.3f}" for side in SQUARES_PX]
        cells += [f"{by_side[side][1]:.3f}" for side in SQUARES_PX]
        cells += [f"{f1_at(examples, maps, threshold, 32):.3f}" if name.startswith("scan") else "-"]
        cells += [f"{by_side[32][2]:.1%}", f"{pointing(examples, maps):.0%}"]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def judge(examples: list[Example], maps: list[NDArray[np.float64]], side: int) -> tuple[float, float, float]:
    """Average precision, best F1, and the rate of false alarms on planking at the threshold of that F1."""
    truth, planking = squares(examples, side)
    best = (-1.0, 0.0, 0.0)
    for reduce in (np.mean, np.max):
        scores = np.concatenate([reduce(tiles(each, side), axis=1) for each in maps])
        known = truth >= 0
        precision, recall, thresholds = precision_recall_curve(truth[known], scores[known])
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
        at = thresholds[min(int(f1.argmax()), len(thresholds) - 1)]
        alarms = float((scores[planking] >= at).mean()) if planking.any() else float("nan")
        best = max(
            best, (float(average_precision_score(truth[known], scores[known])), float(f1.max()), alarms)
        )
    return best


def f1_at(
    examples: list[Example], maps: list[NDArray[np.float64]], threshold: float | None, side: int
) -> float:
    truth, _ = squares(examples, side)
    positive = np.concatenate([tiles(each, side).mean(axis=1) for each in maps]) >= (threshold or 0.5)
    right = (positive & (truth == 1)).sum()
    return float(2 * right / max(1, positive[truth >= 0].sum() + (truth == 1).sum()))


def squares(examples: list[Example], side: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """1 cracked, 0 sound, -1 left out; and whether a square is planking without a crack."""
    crack = np.concatenate([tiles(example.crack, side).sum(axis=1) for example in examples])
    wood = np.concatenate([tiles(example.planking, side).sum(axis=1) for example in examples])
    return np.where(crack == 0, 0, np.where(crack >= side / 4, 1, -1)), (crack == 0) & (wood >= side)


def tiles(image: NDArray[Any], side: int) -> NDArray[Any]:
    rows, columns = image.shape[0] // side, image.shape[1] // side
    cut = image[: rows * side, : columns * side].reshape(rows, side, columns, side)
    return cut.swapaxes(1, 2).reshape(rows * columns, side * side)


def pointing(examples: list[Example], maps: list[NDArray[np.float64]]) -> float:
    hits = 0
    for example, each in zip(examples, maps, strict=True):
        y, x = np.unravel_index(int(np.argmax(filters.gaussian(each, 2))), each.shape)
        near = np.s_[
            max(0, y - POINTING_PX) : y + POINTING_PX + 1, max(0, x - POINTING_PX) : x + POINTING_PX + 1
        ]
        hits += bool(example.crack[near].any())
    return hits / len(examples)


def class_counts(examples: list[Example]) -> dict[str, dict[str, int]]:
    counts = {}
    for side in SQUARES_PX:
        truth, planking = squares(examples, side)
        counts[f"{side} px"] = {
            "cracked": int((truth == 1).sum()),
            "sound": int((truth == 0).sum()),
            "left out": int((truth < 0).sum()),
            "planking only": int(planking.sum()),
        }
    return counts


if __name__ == "__main__":
    main()
