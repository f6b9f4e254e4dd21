"""Scores of sites that no training has seen, once, for studies of where to cut: patches and whole photos.

A site is a source with both classes: test parts of METU and SDNET2018 walls, bridge, UAV75 tiles, crops of
UAV75 and of the kept-back shots of uav-cc0 at the photo's scale, and kept-back surfaces and roads, painted or
not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope import CrackClassifier, read_photo
from crackscope.dataset.manifest import read_manifest
from crackscope.dataset.records import Part
from crackscope.dataset.synthetic import CrackOptions, CrackTone, paint_crack
from crackscope.evaluation.photos import find_labelled_photos
from crackscope.labels import Label
from crackscope.records import Failure
from crackscope.training.places.detector_data import held_back_drone, read_surfaces
from crackscope.training.places.sources import hold_out
from studies.one_look import photos_with_masks

Source = Path | NDArray[np.uint8]
#: A photo, whether it is cracked, and what it was cut from.
Labelled = tuple[Source, bool, str]

CUT_PX, CROP_PX, ROAD_PX = 448, 320, 256
VISIBLE_PX = (2.0, 8.0)
_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSite:
    """Scores (N,) of a site's photos, whether they are cracked, and their groups."""

    scores: NDArray[np.float64]
    cracked: NDArray[np.bool_]
    groups: NDArray[np.str_]


def sites(
    data: Path, manifests: dict[str, Path], tiles: Path | None, crops: int
) -> dict[str, Iterable[Labelled]]:
    """Every site that is there, by name.

    Args:
        data: The folder of the data sets.
        manifests: Of `crackscope data split`, by the folder of their source in ``data``.
        tiles: Of `crackscope data tiles` of UAV75.
        crops: Of each class, where they are cut from photos with masks.
    """
    found: dict[str, Iterable[Labelled]] = {
        f"{source}, test part": _test_part(data / source, manifest) for source, manifest in manifests.items()
    }
    if (data / "bridge").is_dir():
        found["bridge"] = _labelled([data / "bridge"])
    if tiles is not None:
        found["UAV75 tiles"] = _labelled([tiles], tiles / "manifest.csv")
    if (data / "uav75").is_dir():
        masks = photos_with_masks(data / "uav75" / "images", data / "uav75" / "labels")
        found["UAV75 crops"] = _crops(masks, crops)
    if (data / "uav-cc0").is_dir():
        found["drone crops"] = _crops(_kept_back_drone(data), crops)
    if (data / "surfaces").is_dir():
        found["surfaces"] = _painted_cuts(read_surfaces(data / "surfaces").held_canvases, CUT_PX, 20)
        roads = hold_out((data / "surfaces" / "dnit-roads" / "healthy").iterdir())[1]
        found["roads"] = _painted_cuts(roads, ROAD_PX, 2)
    return found


def score_site(classifier: CrackClassifier, photos: Iterable[Labelled]) -> ScoredSite:
    """Score a site's photos, a few hundred in memory at a time; those that can't be read are left out."""
    rows: list[tuple[float, bool, str]] = []
    stream = iter(photos)
    while some := list(islice(stream, _AT_ONCE)):
        outcomes = classifier.predict([source for source, _, _ in some])
        rows += [
            (outcome.score, cracked, group)
            for outcome, (_, cracked, group) in zip(outcomes, some, strict=True)
            if not isinstance(outcome, Failure)
        ]
    scores, cracked, groups = zip(*rows, strict=True)
    return ScoredSite(scores=np.array(scores), cracked=np.array(cracked), groups=np.array(groups))


def _test_part(folder: Path, manifest: Path) -> Iterator[Labelled]:
    for row in read_manifest(manifest, root=folder).of(Part.TEST):
        yield folder / row.path, row.label is Label.POSITIVE, row.group


def _labelled(folders: list[Path], manifest: Path | None = None) -> Iterator[Labelled]:
    for photo in find_labelled_photos(folders, manifest=manifest):
        yield photo.file, photo.truth is Label.POSITIVE, photo.group


def _kept_back_drone(data: Path) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.bool_]]]:
    for photo, mask in zip(*held_back_drone(data), strict=True):
        yield read_photo(photo).pixels_hwc, read_photo(mask).pixels_hwc[:, :, 0] >= 128


def _crops(photos: Iterable[tuple[NDArray[np.uint8], NDArray[np.bool_]]], wanted: int) -> Iterator[Labelled]:
    """Up to ``wanted`` crops of each class; a cracked one has the crack not only at its rim."""
    known, rng, rim = list(photos), np.random.default_rng(CROP_PX), CROP_PX // 8
    left = {True: wanted, False: wanted}
    for _ in range(60 * wanted):
        number = int(rng.integers(len(known)))
        pixels, mask = known[number]
        side = min(CROP_PX, *mask.shape)
        top, first = (int(rng.integers(0, length - side + 1)) for length in mask.shape)
        crop = mask[top : top + side, first : first + side]
        cracked = bool(crop[rim:-rim, rim:-rim].sum() >= side // 4)
        if (cracked or not crop.any()) and left[cracked]:
            left[cracked] -= 1
            yield np.ascontiguousarray(pixels[top : top + side, first : first + side]), cracked, str(number)


def _painted_cuts(surfaces: Iterable[Path], side_px: int, each: int) -> Iterator[Labelled]:
    """``each`` cuts of every surface as it is and as many with a crack, every fourth of these a light one."""
    for number, path in enumerate(sorted(surfaces)):
        pixels, rng = read_photo(path).pixels_hwc, np.random.default_rng(number)
        side = min(side_px, *pixels.shape[:2])
        for count in range(2 * each):
            top, first = (int(rng.integers(0, length - side + 1)) for length in pixels.shape[:2])
            cut = np.ascontiguousarray(pixels[top : top + side, first : first + side])
            tone = CrackTone.LIGHT if count % 8 == 7 and cut.mean() < 185 else CrackTone.DARK
            options = CrackOptions(width_px=VISIBLE_PX, tone=tone)
            cracked = count % 2 == 1
            yield (paint_crack(cut, rng, options).pixels_hwc if cracked else cut), cracked, path.stem
