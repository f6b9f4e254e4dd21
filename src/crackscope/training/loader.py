"""Decoded batches for training, read ahead by threads: Pillow works without the interpreter lock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from crackscope.cpus import available_cpus
from crackscope.dataset.synthetic import paint_crack, paint_distractor
from crackscope.resizing import resize_mask, resize_rgb
from crackscope.training.batches import Draw, PhotoSet
from crackscope.training.patches import read_pixels

#: Batches that are decoded while the network works on an earlier one.
_BATCHES_AHEAD = 3

#: The painter needs room for a crack.
MIN_PAINTED_PX = 32

_Pixels = NDArray[np.uint8]


class Batch(NamedTuple):
    """One step's photos; before augmentation images and masks are uint8, after it float in [0, 1].

    Attributes:
        images: (N, H, W, 3), augmented (N, 3, H, W).
        labels: float (N,).
        photos: Photo numbers (N,).
        masks: (N, H, W), how much of each pixel a painted crack covers.
        masked: bool (N,), whether the mask says all: nobody drew the cracks of a Positive photo.
    """

    images: Tensor
    labels: Tensor
    photos: Tensor
    masks: Tensor
    masked: Tensor


class Loaded(NamedTuple):
    """A photo uint8 (H, W, 3) and, uint8 (H, W), its painted crack; ``None`` where its cracks are real."""

    pixels_hwc: _Pixels
    mask_hw: _Pixels | None


class PhotoBatches:
    """Batches of decoded photos; iterate it as often as wanted, with the same result every time.

    Args:
        photos: What the draws point into.
        batches: The draws of each batch.
        size_hw: The network's input size in pixels.
        seed: Of what is painted.
        workers: Decoding threads; 0 is one per core.
    """

    def __init__(
        self,
        photos: PhotoSet,
        batches: Sequence[Sequence[Draw]],
        size_hw: tuple[int, int],
        *,
        seed: int,
        workers: int,
    ) -> None:
        self._photos, self._batches, self._size_hw, self._seed = photos, batches, size_hw, seed
        self._workers = workers or available_cpus()

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="photos")
        pending: deque[tuple[Sequence[Draw], list[Future[Loaded]]]] = deque()
        try:
            for draws in self._batches:
                pending.append((draws, [pool.submit(self._load, draw) for draw in draws]))
                if len(pending) > _BATCHES_AHEAD:
                    yield _collate(*pending.popleft())
            while pending:
                yield _collate(*pending.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _load(self, draw: Draw) -> Loaded:
        return load_draw(self._photos.paths[draw.photo], draw, self._size_hw, seed=self._seed)


def load_draw(path: Path, draw: Draw, size_hw: tuple[int, int], *, seed: int) -> Loaded:
    """Read a photo, paint on it at its own resolution if the draw says so, and resize it.

    Raises:
        DataError: The photo can't be read any more.
    """
    pixels_hwc = read_pixels(path)
    if draw.paint is None:
        mask_hw = None if draw.label else np.zeros(size_hw, dtype=np.uint8)
        return Loaded(resize_rgb(pixels_hwc, size_hw), mask_hw)
    if min(pixels_hwc.shape[:2]) < MIN_PAINTED_PX:
        pixels_hwc = resize_rgb(pixels_hwc, size_hw)
    rng = np.random.default_rng((seed, draw.epoch, draw.photo))
    pixels_hwc, mask_hw = _paint(pixels_hwc, draw, rng)
    return Loaded(resize_rgb(pixels_hwc, size_hw), resize_mask(mask_hw, size_hw))


def _paint(pixels_hwc: _Pixels, draw: Draw, rng: np.random.Generator) -> tuple[_Pixels, _Pixels]:
    if draw.paint != "crack":
        pixels_hwc = paint_distractor(pixels_hwc, rng)
    if draw.paint == "distractor":
        return pixels_hwc, np.zeros(pixels_hwc.shape[:2], dtype=np.uint8)
    painted = paint_crack(pixels_hwc, rng)
    return painted.pixels_hwc, painted.mask_hw


def _collate(draws: Sequence[Draw], loading: Sequence[Future[Loaded]]) -> Batch:
    loaded = [future.result() for future in loading]
    unknown = np.zeros(loaded[0].pixels_hwc.shape[:2], dtype=np.uint8)
    masks = [unknown if photo.mask_hw is None else photo.mask_hw for photo in loaded]
    return Batch(
        images=torch.from_numpy(np.stack([photo.pixels_hwc for photo in loaded])),
        labels=torch.tensor([draw.label for draw in draws], dtype=torch.float32),
        photos=torch.tensor([draw.photo for draw in draws]),
        masks=torch.from_numpy(np.stack(masks)),
        masked=torch.tensor([photo.mask_hw is not None for photo in loaded]),
    )
