"""How much detail a photo holds, whatever it shows: thin cracks are missed where there is none left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crackscope.bundle import ImageQuality

#: Share of good photos of known concrete that may be called poor.
QUANTILE = 0.01

#: ITU-R BT.601, as in Pillow's greyscale.
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def sharpness(pixels_hwc: NDArray[np.uint8]) -> float:
    """The variance of the Laplacian of a photo's grey values: low where it is blurred, dark or flat.

    Of 14 such numbers, and all of them together, this one caught the most missed cracks among blurred and
    dark photos for the fewest good photos flagged (studies/image_quality.py; Pech-Pacheco et al.,
    Diatom autofocusing in brightfield microscopy, 2000).

    Args:
        pixels_hwc: At the size of the model's input, uint8 RGB.
    """
    if min(pixels_hwc.shape[:2]) < 3:
        return 0.0
    grey = pixels_hwc @ _GREY
    laplacian = grey[1:-1, 1:-1] * np.float32(-4)
    for neighbour in (grey[:-2, 1:-1], grey[2:, 1:-1], grey[1:-1, :-2], grey[1:-1, 2:]):
        laplacian += neighbour
    return float(laplacian.var())


def fit_quality(sharpness_of_photos: Sequence[float], *, fitted_on: str) -> ImageQuality:
    """The limit below which photos count as poor: what `QUANTILE` of known photos, as they are, lie below."""
    return ImageQuality(
        measure="variance of the Laplacian of grey values at the model's input size",
        limit=float(np.quantile(sharpness_of_photos, QUANTILE)),
        quantile=QUANTILE,
        fitted_on=fitted_on,
    )
