"""Numbers that say how good a photo is without knowing what it shows; more is always worse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from crackscope.resizing import resize_rgb

Grey = NDArray[np.float32]


def numbers_of(pixels_hwc: NDArray[np.uint8], input_hw: tuple[int, int]) -> list[float]:
    """Every candidate's number for one photo, in their order."""
    small = resize_rgb(pixels_hwc, input_hw)
    return [measure(grey_of(small if at_input else pixels_hwc)) for measure, at_input in CANDIDATES.values()]


def grey_of(pixels_hwc: NDArray[np.uint8]) -> Grey:
    return np.asarray(pixels_hwc @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def little_laplacian(grey: Grey) -> float:
    """`crackscope.inference.quality.sharpness`: low where a photo is blurred."""
    return -float(np.log(_laplacian(grey).var() + 1e-3))


def little_top_octave(grey: Grey) -> float:
    """Gradient energy of the highest octave relative to the next, low where a photo is blurred."""
    return -float(np.log((_gradient_energy(grey) + 1e-3) / (_gradient_energy(_halved(grey)) + 1e-3)))


def much_top_octave(grey: Grey) -> float:
    return -little_top_octave(grey)


def blur_effect(grey: Grey) -> float:
    """Crete et al. 2007: how little of the differences between neighbours another blur takes away."""
    worst = 0.0
    for picture in (grey, grey.T):
        sums = np.cumsum(np.pad(picture, ((5, 4), (0, 0)), mode="edge"), axis=0)
        blurred = (sums[9:] - sums[:-9]) / 9
        rows = min(len(blurred), len(picture)) - 1
        sharp = np.abs(np.diff(picture, axis=0))[:rows]
        lost = np.maximum(0, sharp - np.abs(np.diff(blurred, axis=0))[:rows])
        worst = max(worst, 1 - float(lost.sum() / (sharp.sum() + 1e-3)))
    return worst


def one_direction(grey: Grey) -> float:
    """How much of the gradients' energy lies in one direction, as where the camera moved."""
    down, right = np.gradient(grey)
    tensor = np.array([[(down**2).mean(), (down * right).mean()], [(down * right).mean(), (right**2).mean()]])
    low, high = np.linalg.eigvalsh(tensor)
    return float((high + 1e-3) / (low + 1e-3))


def little_local_contrast(grey: Grey) -> float:
    """The median standard deviation of blocks of 8 x 8 pixels."""
    height, width = (side // 8 * 8 for side in grey.shape)
    blocks = grey[:height, :width].reshape(height // 8, 8, width // 8, 8)
    return -float(np.median(blocks.std(axis=(1, 3))))


def little_contrast(grey: Grey) -> float:
    return -float(grey.std())


def dark(grey: Grey) -> float:
    return -float(grey.mean())


def bright(grey: Grey) -> float:
    return float(grey.mean())


def clipped(grey: Grey) -> float:
    return float(((grey < 2) | (grey > 253)).mean())


def noise(grey: Grey) -> float:
    """Immerkaer 1996: the mean response to a kernel that no edge excites."""
    edge_free = _second_difference(_second_difference(grey).T)
    return float(np.abs(edge_free).mean())


#: By name: the number, and whether it is taken at the size of the network's input or at the photo's own.
CANDIDATES: dict[str, tuple[Callable[[Grey], float], bool]] = {
    "low variance of the Laplacian, network's input": (little_laplacian, True),
    "low variance of the Laplacian, photo": (little_laplacian, False),
    "little in the highest octave, network's input": (little_top_octave, True),
    "little in the highest octave, photo": (little_top_octave, False),
    "much in the highest octave, photo": (much_top_octave, False),
    "blur effect, network's input": (blur_effect, True),
    "blur effect, photo": (blur_effect, False),
    "gradients in one direction, photo": (one_direction, False),
    "low local contrast, network's input": (little_local_contrast, True),
    "low contrast, network's input": (little_contrast, True),
    "dark": (dark, True),
    "bright": (bright, True),
    "clipped pixels, photo": (clipped, False),
    "noise, photo": (noise, False),
}


def _laplacian(grey: Grey) -> Grey:
    inner = grey[1:-1, 1:-1]
    return grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner


def _gradient_energy(grey: Grey) -> float:
    return float((np.diff(grey, axis=0) ** 2).mean() + (np.diff(grey, axis=1) ** 2).mean())


def _halved(grey: Grey) -> Grey:
    height, width = (side // 2 * 2 for side in grey.shape)
    halves: Grey = grey[:height, :width].reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return halves


def _second_difference(grey: Grey) -> Grey:
    return grey[:-2] - 2 * grey[1:-1] + grey[2:]
