"""Any light and any camera: exposure, colour, shade across the picture, blur, noise and poor JPEGs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from crackscope.jpeg import saved_as_jpeg
from crackscope.resizing import resize_rgb

_U8 = NDArray[np.uint8]

#: Shares of crops that are saved as a poor JPEG, shaded across, blurred and made noisy.
_POOR, _SHADED, _BLURRED, _NOISY = 0.25, 0.25, 0.2, 0.25

#: Grey levels of the strongest noise (a phone's camera at dusk).
_STRONGEST_NOISE = 12.0


def change_light(pixels_hwc: _U8, rng: np.random.Generator, input_px: int) -> _U8:
    """A crop in another light and from another camera, at the network's input size."""
    if rng.random() < _POOR:
        pixels_hwc = saved_as_jpeg(pixels_hwc, int(np.exp(rng.uniform(np.log(12), np.log(85)))))
    values = resize_rgb(pixels_hwc, (input_px, input_px)).astype(np.float32)
    values = _expose(values, rng)
    if rng.random() < _SHADED:
        values *= _ramp(rng, input_px)
    if rng.random() < _NOISY:
        values += rng.standard_normal(values.shape, np.float32) * np.float32(rng.random() * _STRONGEST_NOISE)
    changed: _U8 = np.clip(values + np.float32(0.5), 0, 255).astype(np.uint8)
    if rng.random() < _BLURRED:
        changed = np.asarray(Image.fromarray(changed).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.1))))
    return changed


def _expose(values_hwc: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Contrast around the crop's mean, then brightness, then each channel."""
    mean = np.float32(values_hwc.mean())
    contrast = np.exp(rng.uniform(np.log(0.55), np.log(1.5)))
    level = float(np.clip(mean * np.exp(rng.normal(0, 0.3)), 12, 235))
    gains = 1 + rng.normal(0, 0.04, 3)
    # Contrast goes with the light: a dark wall is dark all over, not grey with a black crack.
    contrast *= np.sqrt(max(level, 1.0) / max(float(mean), 1.0))
    return ((values_hwc - mean) * np.float32(contrast) + np.float32(level)) * gains.astype(np.float32)


def _ramp(rng: np.random.Generator, side_px: int) -> NDArray[np.float32]:
    """Light that falls off across the picture."""
    heading, low = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 0.9)
    t = np.linspace(-1, 1, side_px, dtype=np.float32)
    across = t[None, :] * np.float32(np.cos(heading)) + t[:, None] * np.float32(np.sin(heading))
    share = np.clip(across * np.float32(rng.uniform(0.5, 3)) + np.float32(0.5), 0, 1)
    return np.asarray(low + (1 - low) * share, np.float32)[:, :, None]
