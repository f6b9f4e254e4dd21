"""How sure a cell may be: what the numbers bring that ``crackscope model cells`` gave a model.

    python -m studies.cells --data ../shared/data --photos 6

Looked at are walls of real crack-free patches (bridge, METU, SDNET2018) with painted cracks, others than
those of the fit, synthetic photos and UAV75. A cell is cracked where a crack covers a quarter of its side
in pixels: in it or, for a map whose places are two cells wide, in a cell beside it, as in the fit.
``within 0.1`` is the share of cells that keep their score when the tiles are shifted by half a stride.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from crackscope import CrackScanner, ScanSettings
from crackscope.images import Photo
from crackscope.inference.stitching import blend, cell_log_odds, crack_probability, whole_tiles
from crackscope.inference.tile_scores import score_tiles
from crackscope.inference.tiling import plan_looks
from crackscope.photos.pixels import DecodedPhoto
from crackscope.scan_calibration.cells import cracked_cells, paint_walls
from crackscope.scanning.analysis import blend_cells
from studies.localisation import Example, make_synthetic, read_uav75

WALLS = ("bridge/Negative", "metu/Negative", "sdnet2018/W/UW")
#: Not that of the fit.
SEED = 77
Maps = dict[str, NDArray[np.float32]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=6, help="of each kind and source")
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    uav75 = list(read_uav75(arguments.data / "uav75"))[:: 50 // arguments.photos]
    scanners = [
        CrackScanner.load(arguments.model, settings=ScanSettings(shift_cells=shift)) for shift in (0, 2)
    ]
    config = scanners[0].classifier.bundle.config
    sources = [sorted((arguments.data / name).iterdir()) for name in WALLS]
    sets = {
        "walls with painted cracks": [
            Example(wall.pixels_hwc, wall.crack_hw, np.zeros_like(wall.crack_hw))
            for wall in paint_walls(sources, config.patch_px, arguments.photos, SEED)
        ],
        "synthetic photos": list(make_synthetic(arguments.photos)),
        "UAV75": uav75,
    }
    plain, shifted = scanners
    maps = {name: [cells_of(each, plain, shifted) for each in examples] for name, examples in sets.items()}
    print("| photos | score of a cell | AP | F1 at the threshold | mean score / share cracked | within 0.1 |")
    print("|---|---|---|---|---|---|")
    threshold = scanners[0].classifier.threshold
    for name, found in maps.items():
        for score in found[0][1]:
            print_row(name, score, found, threshold)


def cells_of(
    example: Example, plain: CrackScanner, shifted: CrackScanner
) -> tuple[NDArray[np.bool_], Maps, Maps]:
    """Where the example is cracked, and what is said of it on two grids."""
    (maps, coarse), (moved, _) = cell_maps(example, plain), cell_maps(example, shifted)
    return cracked_cells(example.crack, plain, coarse=coarse), maps, moved


def cell_maps(example: Example, scanner: CrackScanner) -> tuple[Maps, bool]:
    """The cells by every kind of score, and whether the map's places are coarser than cells."""
    config = scanner.classifier.bundle.config
    photo_hw = (example.pixels_hwc.shape[0], example.pixels_hwc.shape[1])
    (grid,) = plan_looks(photo_hw, config, scanner.settings)
    evidence = score_tiles(
        scanner.classifier.infer_each, DecodedPhoto(Photo(example.pixels_hwc, photo_hw)), grid
    )
    even = blend_cells(grid, evidence, config)
    tiles = blend(grid, whole_tiles(evidence.score, grid.cells_hw), evidence.looked)
    maps = {
        "tiles only": tiles,
        "even odds": even,
        "the model's": crack_probability(cell_log_odds(even, coarse=evidence.coarse), config.cells),
    }
    return maps, evidence.coarse


def print_row(
    name: str, score: str, found: list[tuple[NDArray[np.bool_], Maps, Maps]], threshold: float
) -> None:
    known = np.concatenate([cracked.ravel() for cracked, _, _ in found])
    plain = np.concatenate([maps[score].ravel() for _, maps, _ in found])
    shifted = np.concatenate([maps[score].ravel() for _, _, maps in found])
    positive = plain >= threshold
    f1 = 2 * (positive & known).sum() / (positive.sum() + known.sum())
    print(
        f"| {name} | {score} | {average_precision_score(known, plain):.2f} | {f1:.2f} "
        f"| {plain.mean():.1%} / {known.mean():.1%} | {(np.abs(plain - shifted) <= 0.1).mean():.1%} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
