"""The site's photos as features: labelled ones as they are, healthy ones also with painted cracks."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.adaptation.head import Evidence
from crackscope.dataset.synthetic import paint_crack, paint_distractor
from crackscope.errors import NoPhotosError, PhotoError
from crackscope.evaluation.photos import GroupedPhoto
from crackscope.images import read_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.records import Failure
from crackscope.resizing import resize_rgb

Progress = Callable[[int, int | None], None]
Pixels = NDArray[np.uint8]

#: Painted variants of every healthy tile; more gave nothing on sites left out (studies/site-kit.md).
CRACKS_PER_TILE = 2
LOOKALIKES_PER_TILE = 1

#: A photo whose longer side is more than this many training patches is cut into patches.
PATCHES_PER_SIDE = 4
#: Of a photo larger than a patch, at most this many tiles: neighbours on one photo say much the same.
TILES_PER_PHOTO = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Embedded photos of a site.

    Attributes:
        evidence: One row per tile or painted variant.
        distances: (N,) from the training data, of photos as they are; ``None`` where the model has none.
        failures: Photos that could not be read.
    """

    evidence: Evidence
    distances: NDArray[np.float64] | None
    failures: tuple[Failure, ...]


def embed_labelled(
    classifier: CrackClassifier, photos: Sequence[GroupedPhoto], progress: Progress | None = None
) -> Embedded:
    """Embed photos whose label a person gave; one row each."""
    features, distances, kept, failures = [], [], [], []
    with closing(classifier.run_paths([str(photo.file) for photo in photos])) as results:
        for done, (photo, scored) in enumerate(zip(photos, results, strict=True), start=1):
            if isinstance(scored, Failure):
                failures.append(Failure(path=photo.path, error=scored.error))
            else:
                features.append(join_features(scored.embedding, scored.trunk))
                distances.append(scored.distance)
                kept.append(photo)
            if progress is not None:
                progress(done, len(photos))
    return Embedded(
        evidence=_evidence(
            np.array(features), [photo.truth.number for photo in kept], [photo.group for photo in kept]
        ),
        distances=_distances(distances),
        failures=tuple(failures),
    )


def embed_healthy(
    classifier: CrackClassifier,
    photos: Sequence[GroupedPhoto],
    *,
    seed: int,
    progress: Progress | None = None,
) -> Embedded:
    """Embed photos of intact concrete: as they are, with look-alikes, and with cracks.

    Cracks are painted at the photo's own resolution, before the resize. The same seed and photos, in any
    order, give the same pixels.
    """
    sheets, failures = [], []
    for done, photo in enumerate(photos, start=1):
        try:
            sheets.append(_embed_photo(classifier, photo, seed))
        except PhotoError as error:
            failures.append(Failure(path=photo.path, error=str(error)))
        if progress is not None:
            progress(done, len(photos))
    return Embedded(
        evidence=join_evidence(sheet for sheet, _ in sheets),
        distances=_distances([distance for _, distances in sheets for distance in distances]),
        failures=tuple(failures),
    )


def join_evidence(parts: Iterable[Evidence]) -> Evidence:
    """Rows one after another; groups keep their names and so stay together across parts."""
    found = [part for part in parts if len(part)]
    if not found:
        raise NoPhotosError("no photo of the site could be read")
    return Evidence(
        features=np.concatenate([part.features for part in found]),
        labels=np.concatenate([part.labels for part in found]),
        groups=np.concatenate([part.groups for part in found]),
        labelled=np.concatenate([part.labelled for part in found]),
        real=np.concatenate([part.real for part in found]),
    )


def join_features(embedding: NDArray[np.float32], trunk: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """(..., D) and, where the model gives it, (..., T) side by side, as a `Head` takes them."""
    return embedding if trunk is None else np.concatenate([embedding, trunk], axis=-1)


def tiles_of(pixels_hwc: Pixels, patch_px: int, rng: np.random.Generator) -> list[Pixels]:
    """The photo itself or, where it would be squeezed too far, some of the patches it can be cut into."""
    height, width = pixels_hwc.shape[:2]
    if max(height, width) <= PATCHES_PER_SIDE * patch_px:
        return [pixels_hwc]
    side = min(patch_px, height, width)
    corners = [
        (top, left) for top in range(0, height - side + 1, side) for left in range(0, width - side + 1, side)
    ]
    chosen = rng.permutation(len(corners))[:TILES_PER_PHOTO]
    return [pixels_hwc[top : top + side, left : left + side] for top, left in (corners[i] for i in chosen)]


def variants_of(tile_hwc: Pixels, rng: np.random.Generator) -> tuple[list[Pixels], list[int]]:
    """A healthy tile, its look-alikes and its cracks, and their labels."""
    lookalikes = [paint_distractor(tile_hwc, rng) for _ in range(LOOKALIKES_PER_TILE)]
    cracks = [paint_crack(tile_hwc, rng).pixels_hwc for _ in range(CRACKS_PER_TILE)]
    return [tile_hwc, *lookalikes, *cracks], [0] * (1 + LOOKALIKES_PER_TILE) + [1] * CRACKS_PER_TILE


def _embed_photo(
    classifier: CrackClassifier, photo: GroupedPhoto, seed: int
) -> tuple[Evidence, list[float | None]]:
    config = classifier.bundle.config
    pixels_hwc = read_photo(photo.file).pixels_hwc
    # Chance hangs on what the photo shows, not on its name or its place in the list.
    rng = np.random.default_rng([seed, zlib.crc32(pixels_hwc.tobytes())])
    images, labels = [], []
    for tile in tiles_of(pixels_hwc, config.patch_px, rng):
        variants, truths = variants_of(tile, rng)
        images += [resize_rgb(variant, config.input_hw) for variant in variants]
        labels += truths
    outputs = classifier.run(np.stack(images))
    step = 1 + LOOKALIKES_PER_TILE + CRACKS_PER_TILE
    distances = [None] if outputs.distance is None else outputs.distance[::step].tolist()
    real = np.arange(len(labels)) % step == 0
    features = join_features(outputs.embedding, outputs.trunk)
    return _evidence(features, labels, [photo.group] * len(labels), real), distances


def _evidence(
    features: NDArray[np.float32],
    labels: Sequence[int],
    groups: Sequence[str],
    real: NDArray[np.bool_] | None = None,
) -> Evidence:
    """Evidence from labelled photos or, where ``real`` says which is painted on, from healthy ones."""
    n = len(labels)
    return Evidence(
        features=features.astype(np.float64).reshape(n, -1),
        labels=np.array(labels, dtype=np.int64),
        groups=np.array(groups, dtype=np.str_),
        labelled=np.full(n, real is None),
        real=np.ones(n, dtype=bool) if real is None else real,
    )


def _distances(found: Sequence[float | None]) -> NDArray[np.float64] | None:
    known = [distance for distance in found if distance is not None]
    return np.array(known) if known else None
