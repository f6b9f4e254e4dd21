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
from crackscope.jpeg import saved_as_jpeg
from crackscope.resizing import resize_rgb
from crackscope.training.batches import Draw, PhotoSet
from crackscope.training.patches import read_pixels

#: Batches that are decoded while the network works on an earlier one.
_BATCHES_AHEAD = 3

#: The painter needs room for a crack.
MIN_PAINTED_PX = 32

_Pixels = NDArray[np.uint8]


class Batch(NamedTuple):
    """One step's photos.

    Attributes:
        images: uint8 (N, H, W, 3), augmented float (N, 3, H, W).
        labels: float (N,).
        photos: Photo numbers (N,).
        painted: bool (N,), whether a crack or a look-alike was painted.
    """

    images: Tensor
    labels: Tensor
    photos: Tensor
    painted: Tensor


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
        pending: deque[tuple[Sequence[Draw], list[Future[_Pixels]]]] = deque()
        try:
            for draws in self._batches:
                pending.append((draws, [pool.submit(self._load, draw) for draw in draws]))
                if len(pending) > _BATCHES_AHEAD:
                    yield _collate(*pending.popleft())
            while pending:
                yield _collate(*pending.popleft())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _load(self, draw: Draw) -> _Pixels:
        return load_draw(self._photos.paths[draw.photo], draw, self._size_hw, seed=self._seed)


def load_draw(path: Path, draw: Draw, size_hw: tuple[int, int], *, seed: int) -> _Pixels:
    """Read a photo, do to it at its own resolution what the draw says, and resize it.

    Raises:
        DataError: The photo can't be read any more.
    """
    pixels_hwc = read_pixels(path)
    rng = np.random.default_rng((seed, draw.epoch, draw.photo))
    if draw.paint is not None:
        if min(pixels_hwc.shape[:2]) < MIN_PAINTED_PX:
            pixels_hwc = resize_rgb(pixels_hwc, size_hw)
        pixels_hwc = _paint(pixels_hwc, draw, rng)
    if draw.jpeg_quality is not None:
        pixels_hwc = saved_as_jpeg(pixels_hwc, draw.jpeg_quality)
    return resize_rgb(pixels_hwc, size_hw)


def _paint(pixels_hwc: _Pixels, draw: Draw, rng: np.random.Generator) -> _Pixels:
    if draw.paint != "crack":
        pixels_hwc = paint_distractor(pixels_hwc, rng)
    return pixels_hwc if draw.paint == "distractor" else paint_crack(pixels_hwc, rng).pixels_hwc


def _collate(draws: Sequence[Draw], pixels: Sequence[Future[_Pixels]]) -> Batch:
    return Batch(
        images=torch.from_numpy(np.stack([future.result() for future in pixels])),
        labels=torch.tensor([draw.label for draw in draws], dtype=torch.float32),
        photos=torch.tensor([draw.photo for draw in draws]),
        painted=torch.tensor([draw.paint is not None for draw in draws]),
    )
