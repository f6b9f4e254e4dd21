"""False alarms per crack-free photo, and cracked photos found, by rule: why the photo's score is no maximum.

    python -m studies.photo_decision --patches ../shared/data/bridge --synthetic 24

Photos are mosaics of real patches of a source that the shipped model was not trained on (one or two of them
cracked, or none) of three sizes, and synthetic photos with and without cracks.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope import CrackScanner, PhotoReport, ScanSettings
from crackscope.dataset.synthetic import make_photo
from studies.mosaics import mosaic

SHAPES = ((3, 3), (5, 7), (8, 12))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--patches", type=Path)
    parser.add_argument("--photos", type=int, default=20, help="mosaics per size and class")
    parser.add_argument("--synthetic", type=int, default=0, help="synthetic photos per class")
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    groups: dict[str, tuple[int | None, list[tuple[bool, NDArray[np.uint8]]]]] = {}
    if arguments.patches:
        for shape in SHAPES:
            photos = list(mosaics(arguments.patches, shape, arguments.photos))
            groups[f"mosaic of {shape[0]} x {shape[1]}"] = (224, photos)
    if arguments.synthetic:
        groups["synthetic 960 x 1280"] = (None, list(synthetic(arguments.synthetic)))
    print("| photos | rule | false alarms per crack-free photo | cracked photos found |\n|---|---|---|---|")
    for name, (tile_px, photos) in groups.items():
        scanner = CrackScanner.load(arguments.model, settings=ScanSettings(tile_px=tile_px))
        reports = [(cracked, scanner.scan(pixels)) for cracked, pixels in photos]
        for rule, score in RULES.items():
            sound, found = (
                np.mean([score(report) >= report.threshold for known, report in reports if known == cracked])
                for cracked in (False, True)
            )
            print(f"| {name} | {rule} | {sound:.0%} | {found:.0%} |", flush=True)


def mosaics(patches: Path, shape: tuple[int, int], count: int) -> Iterator[tuple[bool, NDArray[np.uint8]]]:
    for seed in range(count):
        for cracked in (0, 1 + seed % 2):
            rng = np.random.default_rng([*shape, seed, cracked])
            yield cracked > 0, mosaic(patches, rng, shape, cracked)


def synthetic(count: int) -> Iterator[tuple[bool, NDArray[np.uint8]]]:
    for seed in range(count):
        for cracks in (0, 1 + seed % 3):
            yield (
                cracks > 0,
                make_photo(np.random.default_rng([5, seed, cracks]), (960, 1280), cracks=cracks).pixels_hwc,
            )


def strongest_tile(report: PhotoReport) -> float:
    return float(max(tile.score for tile in report.tiles))


def sixteenth_cell(report: PhotoReport) -> float:
    assert report.heat is not None
    return float(np.sort(report.heat.scores.ravel())[-16])


def photo_score(report: PhotoReport) -> float:
    return float(report.score)


RULES = {
    "strongest tile": strongest_tile,
    "16th strongest cell": sixteenth_cell,
    "photo score (shipped)": photo_score,
}


if __name__ == "__main__":
    main()
