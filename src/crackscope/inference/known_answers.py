"""What a model of 8-bit integers says of a few fixed images: does this processor say the same?

On x86 processors with AVX2 or AVX-512 but without VNNI the fast product of two 8-bit matrices adds pairs of
products in 16 bits, and saturates (https://www.intel.com/content/www/us/en/docs/onednn, "Nuances of int8
computations"). Nothing reports that: the same model just answers differently. So `crackscope export` records
answers that were computed without saturation, and whoever opens the model compares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import KnownAnswers
from crackscope.resizing import resize_rgb

#: Kernels that add integers without saturation give the same embedding to the last bit; nearly always.
EXACT = 0.005

#: Engines that round to integers in a way of their own stray by up to 0.05 (OpenVINO with VNNI, six sets of
#: images); saturation strays by 0.09 to 0.4.
MAX_STRAY = 0.08

_IMAGES = 12

#: Features of each image that are recorded, evenly spaced among all.
_FEATURES = 96


def known_images(input_hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Rough grey surfaces, most of them cracked, the same on every machine: uint8 (12, H, W, 3)."""
    # The old generator, because its stream is frozen; that of the new ones may change with NumPy.
    random = np.random.RandomState(0)
    return np.stack([_surface(random, index, input_hw) for index in range(_IMAGES)])


def _surface(random: np.random.RandomState, index: int, input_hw: tuple[int, int]) -> NDArray[np.uint8]:
    height, width = input_hw
    stains = random.randint(120, 180, (6, 6, 1)).astype(np.uint8).repeat(3, axis=2)
    grain = random.randint(-7, 8, (height, width, 1))
    rows, columns = np.arange(height)[:, None], np.arange(width)
    slope = (index - _IMAGES / 2) / 8
    middle = height / 2 + slope * (columns - width / 2) + height / 32 * np.sin(columns / 13 + index)
    depth = 0 if index % 4 == 3 else 70
    crack = depth * np.clip(2 + index % 3 - np.abs(rows - middle), 0, 1)[..., None]
    pixels = resize_rgb(stains, input_hw).astype(np.float64) + grain - crack
    surface: NDArray[np.uint8] = np.clip(pixels, 0, 255).astype(np.uint8)
    return surface


def known_answers(embeddings: NDArray[np.float32]) -> KnownAnswers:
    """Record the embeddings (12, D) of `known_images`."""
    places = np.linspace(0, embeddings.shape[1] - 1, min(embeddings.shape[1], _FEATURES)).round().astype(int)
    kept = embeddings[:, places].astype(np.float64).round(4)
    return KnownAnswers(
        features=tuple(places.tolist()), embeddings=tuple(tuple(row) for row in kept.tolist())
    )


def stray(answers: KnownAnswers, embeddings: NDArray[np.float32]) -> float:
    """How far embeddings (12, D) are from the recorded ones: root of the squared differences, relative."""
    recorded = np.array(answers.embeddings)
    found = embeddings[:, list(answers.features)].astype(np.float64)
    return float(np.linalg.norm(found - recorded) / max(float(np.linalg.norm(recorded)), 1e-9))
