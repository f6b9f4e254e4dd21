"""How much scores change when the grid of tiles is shifted by half a stride, on real photos.

python -m studies.seams ../shared/data/uav75/images --photos 12 --overlap 0.5 0.75
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from crackscope import CrackScanner, ScanSettings, read_photo


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--tile-px", type=int)
    parser.add_argument("--overlap", type=float, nargs="*", default=[0.5])
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    paths = sorted(arguments.folder.iterdir())
    paths = paths[:: max(1, len(paths) // arguments.photos)][: arguments.photos]
    print("| overlap | labels unchanged | cells within 0.1 | within 0.2 | 95th percentile |")
    print("|---|---|---|---|---|")
    for overlap in arguments.overlap:
        shifts = (0, max(1, round(8 * (1 - overlap) / 2)))
        settings = [
            ScanSettings(tile_px=arguments.tile_px, overlap=overlap, shift_cells=shift) for shift in shifts
        ]
        scanners = [CrackScanner.load(arguments.model, settings=each) for each in settings]
        same, changes = 0, []
        for path in paths:
            plain, shifted = (scanner.scan(read_photo(path).pixels_hwc) for scanner in scanners)
            assert plain.heat is not None
            assert shifted.heat is not None
            same += plain.label == shifted.label
            changes.append(np.abs(plain.heat.scores - shifted.heat.scores).ravel())
        change = np.concatenate(changes)
        print(
            f"| {overlap} | {same} of {len(paths)} | {(change <= 0.1).mean():.1%} "
            f"| {(change <= 0.2).mean():.1%} | {np.quantile(change, 0.95):.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
