"""Up to which size one look at a whole photo is as good as tiles at its own scale. Prints a Markdown table.

Square crops of growing side, at their photo's own scale, are scored twice: squeezed to the model's input as
one look, and in tiles of a training patch. Cracked crops have a mask's crack that is not at their rim (UAV75,
uav-cc0), or a painted one (surfaces, synthetic); the others have none.

    python -m studies.one_look --data ../shared/data
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.metrics import roc_auc_score

from crackscope import CrackClassifier, CrackScanner, Label, ScanSettings, read_photo
from crackscope.dataset.synthetic import make_patch
from crackscope.dataset.synthetic.cracks import paint_crack
from crackscope.resizing import resize_rgb

Crop = tuple[NDArray[np.uint8], bool]

SIDES = (128, 160, 200, 227, 256, 284, 320, 384, 448)
#: A crop shows a crack where its inner part, less this share of the side all around, has crack pixels.
RIM = 0.12
HEADER = (
    "source", "side", "crops", "cracked", "AUROC one look", "AUROC tiles", "recall", "recall tiles",
    "false alarms", "false alarms tiles", "labels that differ",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--crops", type=int, default=120, help="of each source and side")
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES)
    arguments = parser.parse_args()
    classifier = CrackClassifier.load(arguments.model)
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}")
    for name, crops_of in SOURCES.items():
        for side in arguments.sides:
            crops = list(crops_of(arguments.data, side, arguments.crops))
            if crops:  # of sources that are here
                print(table_row(name, side, crops, classifier), flush=True)


def table_row(name: str, side: int, crops: list[Crop], classifier: CrackClassifier) -> str:
    truth = np.array([cracked for _, cracked in crops])
    input_hw = classifier.bundle.config.input_hw
    one = classifier.run(np.stack([resize_rgb(pixels, input_hw) for pixels, _ in crops])).score
    tile_px = min(classifier.bundle.config.patch_px, side)
    scanner = CrackScanner(classifier, ScanSettings(tile_px=tile_px), jobs=1)
    both = (one, np.array([scanner.scan(pixels).score for pixels, _ in crops]))
    positive = [scores >= classifier.threshold for scores in both]
    cells = [name, str(side), str(len(crops)), str(truth.sum())]
    cells += [
        f"{roc_auc_score(truth, scores):.3f}" if 0 < truth.sum() < len(truth) else "" for scores in both
    ]
    cells += [share(found[truth]) for found in positive] + [share(found[~truth]) for found in positive]
    return "| " + " | ".join([*cells, share(positive[0] != positive[1])]) + " |"


def share(found: NDArray[np.bool_]) -> str:
    return f"{found.mean():.3f}" if len(found) else ""


def crops_with_masks(images: str, masks: str, data: Path, side: int, limit: int) -> Iterator[Crop]:
    rng = np.random.default_rng(side)
    photos = list(photos_with_masks(data / images, data / masks)) if (data / images).is_dir() else []
    wanted = {True: limit // 2, False: limit // 2}
    for _ in range(40 * limit if photos else 0):
        pixels, mask = photos[rng.integers(len(photos))]
        if min(mask.shape) < side:
            continue
        top, left = (int(rng.integers(0, length - side + 1)) for length in mask.shape)
        crop, rim = mask[top : top + side, left : left + side], round(RIM * side)
        cracked = bool(crop[rim:-rim, rim:-rim].sum() >= side // 4)
        if (cracked or not crop.any()) and wanted[cracked]:
            wanted[cracked] -= 1
            yield np.ascontiguousarray(pixels[top : top + side, left : left + side]), cracked


def photos_with_masks(images: Path, masks: Path) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    for path in sorted(images.iterdir()):
        mask = next(masks.glob(f"{path.stem}.*"), None)
        if mask is not None:
            yield read_photo(path).pixels_hwc, np.asarray(Image.open(mask).convert("L")) == 255


def painted_surfaces(data: Path, side: int, limit: int) -> Iterator[Crop]:
    rng = np.random.default_rng(side)
    paths = sorted((data / "surfaces").rglob("healthy/*"))
    wanted = [path for path in paths if "concrete" in path.name.lower() or "plaster" in path.name.lower()]
    read = (read_photo(path).pixels_hwc for path in wanted)
    photos = [pixels for pixels in read if min(pixels.shape[:2]) >= max(SIDES)]
    for number in range(limit if photos else 0):
        pixels = photos[number % len(photos)]
        top, left = (int(rng.integers(0, length - side + 1)) for length in pixels.shape[:2])
        crop = np.ascontiguousarray(pixels[top : top + side, left : left + side])
        cracked = number // len(photos) % 2 == 1
        yield (paint_crack(crop, rng).pixels_hwc if cracked else crop), cracked


def synthetic(data: Path, side: int, limit: int) -> Iterator[Crop]:
    rng = np.random.default_rng(side)
    for number in range(limit):
        label = Label.POSITIVE if number % 2 else Label.NEGATIVE
        yield make_patch(rng, label, side).pixels_hwc, label is Label.POSITIVE


SOURCES: dict[str, Callable[[Path, int, int], Iterator[Crop]]] = {
    "UAV75": partial(crops_with_masks, "uav75/images", "uav75/labels"),
    "uav-cc0": partial(crops_with_masks, "uav-cc0/images", "uav-cc0/masks"),
    "surfaces, painted": painted_surfaces,
    "synthetic": synthetic,
}

if __name__ == "__main__":
    main()
