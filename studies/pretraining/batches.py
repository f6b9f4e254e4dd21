"""Batches that are a pure function of the seed and the step: stopping and going on changes nothing."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from crackscope.dataset.synthetic.cracks import paint_crack
from studies.pretraining.images import STORED_PX, ImagePool
from studies.pretraining.plan import PretrainPlan

#: Share of a batch by source. Concrete is what the features are for; photographs of everything else keep them
#: general. SDNET2018 has few photos but the hardest cracks.
SHARES = {"metu": 0.35, "sdnet2018": 0.2, "caltech101": 0.45}

#: Smallest share of the stored image that a view shows.
_SMALLEST_CROP = 0.2


def batch(pools: list[ImagePool], plan: PretrainPlan, step: int) -> Tensor:
    """The images of one step, float32 (N, 3, side, side) in [0, 1]."""
    rng = np.random.default_rng([plan.seed, step])
    shares = np.array([SHARES[pool.source] for pool in pools])
    chosen = rng.choice(len(pools), size=plan.images(step), p=shares / shares.sum())
    views = np.stack([_view(pools[index], plan, plan.size_px(step), rng) for index in chosen])
    return _relight(torch.from_numpy(views).permute(0, 3, 1, 2).float() / 255, rng)


def _view(pool: ImagePool, plan: PretrainPlan, side_px: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    pixels = np.asarray(pool.pixels_nhwc[rng.integers(len(pool.pixels_nhwc))])
    if pool.concrete and rng.random() < plan.painted:
        pixels = paint_crack(pixels, rng).pixels_hwc
    image = Image.fromarray(pixels).resize((side_px, side_px), Image.Resampling.BILINEAR, box=_crop_ltrb(rng))
    view = np.asarray(image)
    if rng.random() < 0.5:
        view = view[:, ::-1]
    # Concrete has no up and down; a chair has.
    return np.rot90(view, int(rng.integers(4))) if pool.concrete else view


def _crop_ltrb(rng: np.random.Generator) -> tuple[float, float, float, float]:
    area = rng.uniform(_SMALLEST_CROP, 1.0)
    aspect = math.exp(rng.uniform(-0.25, 0.25))
    width = min(1.0, math.sqrt(area * aspect)) * STORED_PX
    height = min(1.0, math.sqrt(area / aspect)) * STORED_PX
    left, top = rng.uniform(0, STORED_PX - width), rng.uniform(0, STORED_PX - height)
    return left, top, left + width, top + height


def _relight(images: Tensor, rng: np.random.Generator) -> Tensor:
    """Other contrast, brightness and tint for every image."""
    count = len(images)
    contrast = torch.from_numpy(np.exp(rng.normal(0, 0.2, (count, 1, 1, 1)))).float()
    shift = torch.from_numpy(rng.normal(0, 0.08, (count, 1, 1, 1)) + rng.normal(0, 0.02, (count, 3, 1, 1)))
    mean = images.mean((1, 2, 3), keepdim=True)
    return ((images - mean) * contrast + mean + shift.float()).clamp_(0, 1)
