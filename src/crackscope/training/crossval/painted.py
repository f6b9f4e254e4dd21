"""No real crack at all: on training sides, Positive photos make way for cracks painted on Negative ones."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from crackscope.cpus import available_cpus
from crackscope.dataset.synthetic import paint_crack
from crackscope.resizing import resize_rgb
from crackscope.storage import atomic_path, sha256_file
from crackscope.training.batches import PhotoSet
from crackscope.training.crossval.folds import Fold
from crackscope.training.crossval.pool import Pool
from crackscope.training.listener import Listener
from crackscope.training.loader import MIN_PAINTED_PX
from crackscope.training.patches import read_pixels

#: Of the painter; the same for all folds, so that painted photos are embedded once.
_SEED = 0


def paint_training_sides(
    pool: Pool, folds: Sequence[Fold], folder: Path, *, input_hw: tuple[int, int], listener: Listener
) -> tuple[Pool, list[Fold]]:
    """The pool with painted photos after its own, and folds whose training sides hold no real crack.

    Cracks are painted at the photo's own resolution and the result is stored at the network's size. Test
    photos stay as they are.
    """
    sides = np.unique(np.concatenate([_side(fold) for fold in folds]))
    negatives = sides[pool.photos.labels[sides] == 0]
    listener.step("paint cracks on Negative photos")
    files: list[Path] = []
    with ThreadPoolExecutor(available_cpus()) as workers:
        for file in workers.map(lambda row: _paint(pool, row, folder, input_hw), negatives.tolist()):
            files.append(file)
            listener.progress(len(files), len(negatives))
    place = np.full(len(pool), -1)
    place[negatives] = len(pool) + np.arange(len(negatives))
    return _extended(pool, negatives, files), [_painted_fold(fold, pool, place) for fold in folds]


def _side(fold: Fold) -> NDArray[np.int64]:
    return np.concatenate([fold.train, fold.validation, fold.calibration])


def _paint(pool: Pool, row: int, folder: Path, input_hw: tuple[int, int]) -> Path:
    sha256 = pool.sha256[row]
    file = folder / f"{sha256[:24]}-{input_hw[0]}x{input_hw[1]}.png"
    if not file.is_file():
        rng = np.random.default_rng((_SEED, int(sha256[:8], 16)))
        pixels = read_pixels(pool.photos.paths[row])
        if min(pixels.shape[:2]) < MIN_PAINTED_PX:
            pixels = resize_rgb(pixels, input_hw)
        pixels = paint_crack(pixels, rng).pixels_hwc
        with atomic_path(file) as temporary:
            Image.fromarray(resize_rgb(pixels, input_hw)).save(temporary, compress_level=1)
    return file


def _extended(pool: Pool, negatives: NDArray[np.int64], files: list[Path]) -> Pool:
    rows = negatives.tolist()
    photos = PhotoSet(
        paths=(*pool.photos.paths, *files),
        labels=np.concatenate([pool.photos.labels, np.ones(len(rows), dtype=np.int64)]),
        sources=(*pool.photos.sources, *(pool.photos.sources[row] for row in rows)),
    )
    return replace(
        pool,
        photos=photos,
        names=(*pool.names, *(f"{pool.names[row]} with a painted crack" for row in rows)),
        sha256=(*pool.sha256, *(sha256_file(file) for file in files)),
        groups=np.concatenate([pool.groups, pool.groups[negatives]]),
    )


def _painted_fold(fold: Fold, pool: Pool, place: NDArray[np.int64]) -> Fold:
    def painted(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        negatives = rows[pool.photos.labels[rows] == 0]
        return np.concatenate([negatives, place[negatives]])

    return replace(
        fold,
        train=painted(fold.train),
        validation=painted(fold.validation),
        calibration=painted(fold.calibration),
    )
