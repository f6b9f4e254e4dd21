"""How sure a cell may be: fits the two numbers of `stitching.crack_probability`, and shows what they bring.

    python benchmarks/cells.py --data ../shared/data --photos 5

They are fitted on photos with pixel masks: walls of real crack-free patches (bridge, METU, SDNET2018) with
painted cracks. Synthetic photos and UAV75 are only tested on. A cell is cracked where a crack covers a
quarter of its side in pixels, in it or in a cell beside it: what an activation map whose places are two
cells wide can tell. ``within 0.1`` is the share of cells that keep their score when the tiles are shifted
by half a stride.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from localisation import Example, make_synthetic, read_uav75
from mosaics import wall
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import binary_dilation
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from crackscope import CrackScanner, ScanSettings
from crackscope.dataset.synthetic import CrackOptions, paint_crack
from crackscope.images import Photo
from crackscope.scanning.analysis import plan_scales
from crackscope.scanning.scoring import score_tiles
from crackscope.scanning.sources import DecodedPhoto
from crackscope.scanning.stitching import blend, cell_scores, crack_probability, smooth, whole_tiles

WALLS = ("bridge/Negative", "metu/Negative", "sdnet2018/W/UW")
#: As `make_photo` paints them.
CRACKS = CrackOptions(width_px=(2.0, 24.0), darkness=(0.3, 0.9), visibility=2.5)
Maps = dict[str, NDArray[np.float32]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=4, help="of each kind, and every so many-th of UAV75")
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    walls = [each for name in WALLS for each in painted_walls(arguments.data / name, arguments.photos)]
    uav75 = list(read_uav75(arguments.data / "uav75"))[:: 50 // arguments.photos]
    sets = {
        "walls with painted cracks": walls,
        "synthetic photos": list(make_synthetic(arguments.photos)),
        "UAV75": uav75,
    }
    scanners = [
        CrackScanner.load(arguments.model, settings=ScanSettings(shift_cells=shift)) for shift in (0, 2)
    ]
    maps = {
        name: [
            (truth(each, scanners[0]), *(cell_maps(each, scanner) for scanner in scanners))
            for each in examples
        ]
        for name, examples in sets.items()
    }
    fitted = maps["walls with painted cracks"]
    known = np.concatenate([cracked.ravel() for cracked, _, _ in fitted])
    even = np.concatenate([smooth(smooth(plain["even odds"])).ravel() for _, plain, _ in fitted])
    fit = LogisticRegression(C=1e6).fit(log_odds(even)[:, None], known)
    print(
        f"slope {fit.coef_[0, 0]:.2f}, offset {fit.intercept_[0]:.2f}; {known.mean():.1%} of cells cracked\n"
    )
    print("| photos | score of a cell | AP | F1 at the threshold | mean score / share cracked | within 0.1 |")
    print("|---|---|---|---|---|---|")
    threshold = scanners[0].classifier.threshold
    for name, found in maps.items():
        for score in found[0][1]:
            print_row(name, score, found, threshold)


def painted_walls(patches: Path, count: int) -> Iterator[Example]:
    for seed in range(count):
        rng = np.random.default_rng([77, seed])
        pixels = wall(sorted(patches.iterdir()), rng, (4, 6))
        crack = np.zeros(pixels.shape[:2], np.uint8)
        for _ in range(seed % 3):
            painted = paint_crack(pixels, rng, CRACKS)
            pixels, crack = painted.pixels_hwc, np.maximum(crack, painted.mask_hw)
        yield Example(pixels, crack >= 128, np.zeros(crack.shape, np.bool_))


def cell_maps(example: Example, scanner: CrackScanner) -> Maps:
    config = scanner.classifier.bundle.config
    photo_hw = (example.pixels_hwc.shape[0], example.pixels_hwc.shape[1])
    (grid,) = plan_scales(photo_hw, config, scanner.settings)
    evidence = score_tiles(scanner.run_model, DecodedPhoto(Photo(example.pixels_hwc, photo_hw)), grid)
    even = blend(grid, cell_scores(evidence, grid.cells_hw, config.calibration), evidence.looked)
    tiles = blend(grid, whole_tiles(evidence.score, grid.cells_hw), evidence.looked)
    return {"tiles only": tiles, "even odds": even, "shipped": crack_probability(even)}


def truth(example: Example, scanner: CrackScanner) -> NDArray[np.bool_]:
    photo_hw = (example.crack.shape[0], example.crack.shape[1])
    (grid,) = plan_scales(photo_hw, scanner.classifier.bundle.config, scanner.settings)
    rows, columns = grid.shape
    side = photo_hw[0] / rows
    share = Image.fromarray(example.crack.astype(np.float32)).resize((columns, rows), Image.Resampling.BOX)
    return np.asarray(binary_dilation(np.asarray(share) * side**2 >= side / 4, np.ones((3, 3))))


def print_row(
    name: str, score: str, found: list[tuple[NDArray[np.bool_], Maps, Maps]], threshold: float
) -> None:
    known = np.concatenate([cracked.ravel() for cracked, _, _ in found])
    plain, shifted = (np.concatenate([each[side][score].ravel() for each in found]) for side in (1, 2))
    positive = plain >= threshold
    f1 = 2 * (positive & known).sum() / (positive.sum() + known.sum())
    print(
        f"| {name} | {score} | {average_precision_score(known, plain):.2f} | {f1:.2f} "
        f"| {plain.mean():.1%} / {known.mean():.1%} | {(np.abs(plain - shifted) <= 0.1).mean():.1%} |",
        flush=True,
    )


def log_odds(score: NDArray[np.float32]) -> NDArray[np.float64]:
    held = np.clip(score.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(held / (1 - held)))


if __name__ == "__main__":
    main()
