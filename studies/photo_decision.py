"""False alarms per crack-free photo, and cracked photos found, by rule: why the photo's score is no maximum.

    python -m studies.photo_decision --data ../shared/data --photos 12 --synthetic 16

Photos are mosaics of bridge patches, which the shipped model was not trained on (one or two of them cracked,
or none), of three sizes; UAV75's photos, all of them cracked; cuts of 448 pixels of surfaces that were kept
back from training, as they are and with a dark or a light crack of 2 to 8 pixels; and synthetic photos. The
rules: the strongest place with its odds divided by powers of the number of tiles, the strongest tile, the
16th strongest cell.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope import CrackScanner, PhotoReport, ScanSettings, read_photo
from crackscope.dataset.synthetic import CrackOptions, CrackTone, make_photo, paint_crack
from crackscope.inference.looking import INDEPENDENCE
from crackscope.training.places.detector_data import read_surfaces
from studies.mosaics import mosaic

Photo = tuple[bool, NDArray[np.uint8]]
Group = tuple[str, int | None, Iterable[Photo]]

SHAPES = ((3, 3), (5, 7), (8, 12))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument("--photos", type=int, default=20, help="mosaics per size and class")
    parser.add_argument("--synthetic", type=int, default=0, help="synthetic photos per class")
    parser.add_argument("--model", type=Path)
    arguments = parser.parse_args()
    print("| photos | rule | false alarms per crack-free photo | cracked photos found |\n|---|---|---|---|")
    for name, tile_px, photos in groups(arguments.data, arguments.photos, arguments.synthetic):
        scanner = CrackScanner.load(arguments.model, settings=ScanSettings(tile_px=tile_px))
        reports = [(cracked, scanner.scan(pixels)) for cracked, pixels in photos]
        for rule, score in RULES.items():
            sound, found = (
                share([score(report) >= report.threshold for known, report in reports if known == cracked])
                for cracked in (False, True)
            )
            print(f"| {name} | {rule} | {sound} | {found} |", flush=True)


def groups(data: Path | None, mosaics_each: int, synthetic_each: int) -> Iterator[Group]:
    """Name, side of the tiles (`None`: as the scanner chooses) and photos of every kind."""
    if data and (data / "bridge").is_dir():
        for shape in SHAPES:
            yield f"mosaic of {shape[0]} x {shape[1]}", 224, mosaics(data / "bridge", shape, mosaics_each)
    if data and (data / "uav75").is_dir():
        photos = sorted((data / "uav75" / "images").iterdir())
        yield "UAV75", None, ((True, read_photo(path).pixels_hwc) for path in photos)
    if data and (data / "surfaces").is_dir():
        for tone in CrackTone:
            yield f"surfaces, {tone.value} cracks", None, surfaces(data / "surfaces", tone)
    if synthetic_each:
        yield "synthetic 960 x 1280", None, synthetic(synthetic_each)


def share(hits: Sequence[bool]) -> str:
    return f"{np.mean(hits):.0%}" if hits else "-"


def surfaces(folder: Path, tone: CrackTone) -> Iterator[Photo]:
    """Five cuts of every kept-back surface as they are, and painted."""
    options = CrackOptions(width_px=(2.0, 8.0), tone=tone)
    for number, path in enumerate(sorted(read_surfaces(folder).held_canvases)):
        pixels, rng = read_photo(path).pixels_hwc, np.random.default_rng(number)
        side = min(448, *pixels.shape[:2])
        for _ in range(5):
            top, left = (int(rng.integers(0, length - side + 1)) for length in pixels.shape[:2])
            cut = np.ascontiguousarray(pixels[top : top + side, left : left + side])
            yield False, cut
            yield True, paint_crack(cut, rng, options).pixels_hwc


def mosaics(patches: Path, shape: tuple[int, int], count: int) -> Iterator[Photo]:
    for seed in range(count):
        for cracked in (0, 1 + seed % 2):
            rng = np.random.default_rng([*shape, seed, cracked])
            yield cracked > 0, mosaic(patches, rng, shape, cracked)


def synthetic(count: int) -> Iterator[Photo]:
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


def divided_by(power: float) -> Callable[[PhotoReport], float]:
    """The strongest place, its odds divided by the number of tiles to a power."""

    def score(report: PhotoReport) -> float:
        tiles = max(1.0, math.prod(report.photo_hw) / report.tile_px[0] ** 2)
        odds = report.score / max(1 - report.score, 1e-9) * tiles ** (INDEPENDENCE - power)
        return float(odds / (1 + odds))

    return score


RULES = {
    "strongest tile": strongest_tile,
    "16th strongest cell": sixteenth_cell,
    **{f"odds / n^{power}": divided_by(power) for power in (1, 0.75, 0.5)},
}


if __name__ == "__main__":
    main()
