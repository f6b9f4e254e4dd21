"""Augmentation of whole batches, a pure function of its seed: turns, zooms, light, blur and noise."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from crackscope.training.recipe import AugmentRecipe

#: Standard deviation of the strongest noise, as a share of full scale (a phone's camera at dusk).
_STRONGEST_NOISE = 0.06

#: Weights of a Gaussian of about one pixel.
_BLUR_TAPS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def generator_of(*seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Random numbers that depend on nothing but the given numbers, such as (seed, epoch, step)."""
    state = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0])
    return torch.Generator(device=device).manual_seed(state)


def to_unit_nchw(images_nhwc: Tensor) -> Tensor:
    """uint8 (N, H, W, 3) to float (N, 3, H, W) in [0, 1], as the network takes it."""
    return images_nhwc.permute(0, 3, 1, 2).to(torch.float32).div_(255)


def augment_batch(images_nhwc: Tensor, recipe: AugmentRecipe, generator: torch.Generator) -> Tensor:
    """Vary every image of a batch in its own way.

    Args:
        images_nhwc: uint8 RGB, (N, H, W, 3).
        recipe: The strengths; all zero gives the images themselves.
        generator: Random numbers on the images' device; the only source of chance.

    Returns:
        float32 (N, 3, H, W) in [0, 1].
    """
    images = _move(to_unit_nchw(images_nhwc), recipe, generator)
    images = _relight(images, recipe, generator)
    images = _blur(images, recipe.blur, generator)
    return _add_noise(images, recipe.noise, generator).clamp_(0, 1)


def _move(images: Tensor, recipe: AugmentRecipe, generator: torch.Generator) -> Tensor:
    """Turn, flip, zoom and shift in one resampling; what lies outside is mirrored.

    Mirrored, because black corners would look like the dark lines the network is to find.
    """
    count = images.shape[0]
    angle = torch.deg2rad(_spread(count, recipe.rotation_deg, generator))
    zoom = torch.exp(_uniform(count, math.log(recipe.zoom_min), math.log(recipe.zoom_max), generator))
    flips = _signs(count, recipe.flips, generator), _signs(count, recipe.flips, generator)
    # A zoomed patch is taken from anywhere in the photo, not from its middle only.
    slack = (1 - 1 / zoom).abs()
    shift = torch.stack([_spread(count, 1, generator), _spread(count, 1, generator)], 1) * slack[:, None]
    cosine, sine = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    rows = [cosine * flips[0], -sine * flips[1], shift[:, 0], sine * flips[0], cosine * flips[1], shift[:, 1]]
    grid = functional.affine_grid(
        torch.stack(rows, 1).reshape(count, 2, 3), list(images.shape), align_corners=False
    )
    return functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )


def _relight(images: Tensor, recipe: AugmentRecipe, generator: torch.Generator) -> Tensor:
    """Change contrast around the patch's own mean, then brightness, then each channel."""
    count = images.shape[0]
    contrast = 1 + _spread(count, recipe.contrast, generator)
    shift = _spread(count, recipe.brightness, generator)[:, None]
    shift = shift + _spread(count * 3, recipe.colour, generator).reshape(count, 3)
    mean = images.mean((1, 2, 3), keepdim=True)
    return (images - mean) * contrast[:, None, None, None] + (mean + shift[:, :, None, None])


def _blur(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    chosen, amount = _choose(images, share, generator)
    if len(chosen):
        sharp = images[chosen]
        images[chosen] = sharp + (_gaussian(sharp) - sharp) * amount
    return images


def _gaussian(images: Tensor) -> Tensor:
    taps = torch.tensor(_BLUR_TAPS, device=images.device)
    flat = functional.pad(images, (2, 2, 2, 2), mode="reflect").flatten(0, 1)[:, None]
    across = functional.conv2d(flat, taps.reshape(1, 1, 1, 5))
    return functional.conv2d(across, taps.reshape(1, 1, 5, 1)).reshape(images.shape)


def _add_noise(images: Tensor, share: float, generator: torch.Generator) -> Tensor:
    chosen, amount = _choose(images, share, generator)
    if len(chosen):
        noise = torch.empty_like(images[chosen]).normal_(generator=generator)
        images[chosen] += noise * (amount * _STRONGEST_NOISE)
    return images


def _choose(images: Tensor, share: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Indices of about ``share`` of the images, and how strongly each is treated: (n, 1, 1, 1) in [0, 1]."""
    chosen = torch.nonzero(_uniform(len(images), 0, 1, generator) < share)[:, 0]
    return chosen, _uniform(len(images), 0, 1, generator)[chosen].reshape(-1, 1, 1, 1)


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    numbers = torch.rand(count, generator=generator, device=generator.device)
    return numbers * (high - low) + low


def _spread(count: int, limit: float, generator: torch.Generator) -> Tensor:
    return _uniform(count, -limit, limit, generator)


def _signs(count: int, flip: bool, generator: torch.Generator) -> Tensor:
    numbers = _uniform(count, 0, 1, generator)
    return torch.where(numbers < 0.5, -1.0, 1.0) if flip else torch.ones_like(numbers)
