"""Whole synthetic pictures: a patch or a photo of concrete, cracked or not, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic.concrete import Aggregate, make_concrete, photograph
from crackscope.dataset.synthetic.cracks import CrackKind, CrackOptions, paint_crack
from crackscope.dataset.synthetic.distractors import DistractorKind, paint_distractor
from crackscope.labels import Label

#: Share of patches with a hard negative, by label: a crack must not be told by what lies beside it.
_DISTRACTED = {Label.NEGATIVE: 0.55, Label.POSITIVE: 0.25}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A synthetic picture.

    Attributes:
        pixels_hwc: uint8 RGB, shape (H, W, 3).
        mask_hw: uint8, shape (H, W): how much of each pixel the cracks cover, 0..255.
        aggregate: What the surface is made of.
        cracks: Kind and median width in pixels of every crack.
        distractors: The hard negatives in the picture.
    """

    pixels_hwc: NDArray[np.uint8]
    mask_hw: NDArray[np.uint8]
    aggregate: Aggregate
    cracks: tuple[tuple[CrackKind, float], ...]
    distractors: tuple[DistractorKind, ...]

    @property
    def label(self) -> Label:
        """Positive where there is a crack."""
        return Label.POSITIVE if self.cracks else Label.NEGATIVE


def make_patch(
    rng: np.random.Generator, label: Label, patch_px: int, cracks: CrackOptions | None = None
) -> Scene:
    """A square patch like those that classifiers are trained on; ``cracks`` are those of Positive ones."""
    aggregate = _draw_aggregate(rng)
    pixels = make_concrete(rng, (patch_px, patch_px), aggregate=aggregate)
    distractors = _draw_distractors(rng, _DISTRACTED[label], most=2)
    for kind in distractors:
        pixels = paint_distractor(pixels, rng, kind)
    options = [cracks or CrackOptions()] if label is Label.POSITIVE else []
    return _finish_scene(rng, pixels, aggregate, distractors, options, vignette=0.0)


def make_photo(rng: np.random.Generator, photo_hw: tuple[int, int], *, cracks: int) -> Scene:
    """A whole photo with this many cracks, two to 24 pixels wide; none makes a healthy wall."""
    aggregate = _draw_aggregate(rng)
    pixels = make_concrete(rng, photo_hw, aggregate=aggregate)
    distractors = _draw_distractors(rng, 0.8, most=3)
    for kind in distractors:
        pixels = paint_distractor(pixels, rng, kind)
    options = [CrackOptions(width_px=(2.0, 24.0), darkness=(0.3, 0.9), visibility=2.5)] * cracks
    return _finish_scene(rng, pixels, aggregate, distractors, options, vignette=float(rng.uniform(0, 0.25)))


def _finish_scene(
    rng: np.random.Generator,
    pixels_hwc: NDArray[np.uint8],
    aggregate: Aggregate,
    distractors: tuple[DistractorKind, ...],
    options: list[CrackOptions],
    *,
    vignette: float,
) -> Scene:
    mask = np.zeros(pixels_hwc.shape[:2], dtype=np.uint8)
    cracks = []
    for option in options:
        painted = paint_crack(pixels_hwc, rng, option)
        pixels_hwc = painted.pixels_hwc
        np.maximum(mask, painted.mask_hw, out=mask)
        cracks.append((painted.kind, painted.width_px))
    return Scene(
        pixels_hwc=photograph(pixels_hwc, rng, vignette=vignette),
        mask_hw=mask,
        aggregate=aggregate,
        cracks=tuple(cracks),
        distractors=distractors,
    )


def _draw_aggregate(rng: np.random.Generator) -> Aggregate:
    kinds = list(Aggregate)
    return kinds[int(rng.integers(len(kinds)))]


def _draw_distractors(rng: np.random.Generator, share: float, *, most: int) -> tuple[DistractorKind, ...]:
    if rng.random() >= share:
        return ()
    kinds = list(DistractorKind)
    return tuple(kinds[i] for i in rng.choice(len(kinds), size=int(rng.integers(1, most + 1)), replace=False))
