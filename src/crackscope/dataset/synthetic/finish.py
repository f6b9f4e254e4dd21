"""How an opening looks: dark, the surface's texture faintly inside, lips in the light, dirt around.

Cracks, joints and pores share this, so that only their shape tells them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from crackscope.dataset.synthetic.noise import lumps
from crackscope.dataset.synthetic.shapes import Box

#: Margin around a drawn shape that its shading, blur and halo may reach.
MARGIN_PX = 24

#: Changes below this, of 255, are not worth computing.
_NOTHING = 3


@dataclass(frozen=True, slots=True)
class Look:
    """What a painter must match in a photo.

    Attributes:
        light_xy: Unit vector towards the light.
        grain: Mean difference of neighbouring pixels in grey levels: noise and fine texture.
        texture: Mean difference of pixels five apart in grey levels: what a crack must stand out from.
        blur_px: How far the camera smears an edge.
        level: Mean grey level.
    """

    light_xy: tuple[float, float]
    grain: float
    texture: float
    blur_px: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """How one opening is painted.

    Attributes:
        darkness: Share of the light that its inside swallows; negative for a filling that is brighter.
        crust: Share of the surface that a pale mineral filling hides (calcite, efflorescence); as bright on
            a dark wall as on a pale one, which a negative darkness is not.
        crust_rgb: Its colour, 0..255.
        tint_rgb: Factor on the darkness per channel.
        lip: Strength of the light and shade on its edges.
        lip_px: How far that reaches.
        slope_px: How far from its edge the inside gets darker; 0 is an even bottom.
        depth_px: How far the edge towards the light throws its shadow across the inside; 0 is everywhere.
        lit_wall: Share of the darkness that the inside loses beyond that shadow.
        rim: Strength of a white, broken rim on the lit edge (chipped concrete).
        halo: Darkening (or, negative, whitening) of the surface around it.
        halo_px: How far the halo reaches.
        halo_rgb: Factor on the halo per channel.
    """

    darkness: float
    crust: float = 0.0
    crust_rgb: tuple[float, float, float] = (235.0, 235.0, 230.0)
    tint_rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)
    lip: float = 0.0
    lip_px: float = 1.0
    slope_px: float = 0.0
    depth_px: float = 0.0
    lit_wall: float = 0.0
    rim: float = 0.0
    halo: float = 0.0
    halo_px: float = 6.0
    halo_rgb: tuple[float, float, float] = (1.0, 1.0, 1.0)


def look_at(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator) -> Look:
    """Read light, texture and sharpness off a patch, from a sample of its rows."""
    every = max(1, pixels_hwc.shape[0] // 24)
    rows = pixels_hwc[::every, :, 1].astype(np.int16)
    near = float(np.abs(rows[:, 1:] - rows[:, :-1]).mean())
    far = float(np.abs(rows[:, 2:] - rows[:, :-2]).mean())
    texture = float(np.abs(rows[:, 5:] - rows[:, :-5]).mean())
    half_y, half_x = rows.shape[0] // 2, rows.shape[1] // 2
    slope_x = float(rows[:, half_x:].mean() - rows[:, :half_x].mean())
    slope_y = float(rows[half_y:].mean() - rows[:half_y].mean())
    # The brighter side is where the light is; on an evenly lit patch any direction is as good.
    light = np.array([slope_x, slope_y]) + rng.normal(0, 8, 2)
    light /= max(float(np.hypot(*light)), 1e-6)
    # White noise has near = far, a defocused patch near = far / 2.
    sharpness = near / max(far, 0.1)
    blur_px = float(np.clip(1.9 - 1.5 * sharpness, 0.4, 1.1)) * rng.uniform(0.8, 1.2)
    return Look((float(light[0]), float(light[1])), near, texture, blur_px, float(rows.mean()))


def paint_opening(
    pixels_hwc: NDArray[np.uint8],
    covered_hw: NDArray[np.uint8],
    box: Box,
    finish: Finish,
    look: Look,
    rng: np.random.Generator,
) -> None:
    """Paint an opening into the pixels, in place.

    Args:
        pixels_hwc: The photo, writable.
        covered_hw: Coverage 0..255 of the box's pixels.
        box: Where in the photo.
        finish: What it looks like.
        look: What the photo looks like.
        rng: Source of chance.
    """
    left, top, right, bottom = box
    opening = Image.fromarray(covered_hw)
    soft = np.asarray(opening.filter(ImageFilter.BoxBlur(look.blur_px)))
    halo = _halo(opening, finish, rng)
    shaded = finish.lip > 0 or finish.rim > 0
    reach = max(1, round(finish.lip_px))
    # Only pixels that change are computed: a hairline touches a few per cent of a patch.
    changed = soft if halo is None else np.maximum(soft, halo)
    if shaded:
        changed = np.maximum(changed, np.asarray(opening.filter(ImageFilter.BoxBlur(reach + 1))))
    flat = np.flatnonzero(changed > _NOTHING)
    ys, xs = np.divmod(flat, soft.shape[1])
    share = soft.ravel()[flat] * np.float32(1 / 255)
    patchiness = _patchiness(rng, soft.shape, ys, xs)
    swallowed = share * np.clip(finish.darkness * (0.8 + 0.4 * patchiness), -0.5, 0.97)
    if finish.slope_px:
        depth = np.asarray(opening.filter(ImageFilter.BoxBlur(finish.slope_px))).ravel()[flat]
        # Half covered on the edge: 0.75 of the darkness there, all of it inside.
        swallowed *= np.minimum(0.4 + depth * np.float32(0.7 / 255), 1)
    block = np.ascontiguousarray(pixels_hwc[top:bottom, left:right])
    colours = block.reshape(-1, 3)
    values = colours[flat].astype(np.float32)
    if finish.lit_wall:
        beyond = _towards(soft, ys, xs, look.light_xy, finish.depth_px)
        swallowed *= 1 - finish.lit_wall * beyond * (0.5 + patchiness)
    if shaded:
        facing = _facing(soft, ys, xs, look.light_xy, reach)
        lit = np.maximum(facing, 0)
        gain = finish.lip * facing * (0.3 + 0.7 * patchiness)
        gain += finish.rim * lit * np.clip(4 * patchiness - 1.8, 0, 1)
        values *= (1 + gain)[:, None]
        # The wall that faces the light is not as dark as the bottom.
        swallowed *= 1 - 0.5 * finish.lip * lit
    values *= 1 - swallowed[:, None] * np.array(finish.tint_rgb, dtype=np.float32)
    if finish.crust:
        hidden = share * np.clip(finish.crust * (0.7 + 0.6 * patchiness), 0, 1)
        values += hidden[:, None] * (np.array(finish.crust_rgb, dtype=np.float32) - values)
    if halo is not None:
        around = halo.ravel()[flat] * np.clip(2.5 * patchiness - 0.5, 0, 1)
        around = (around * np.float32(abs(finish.halo) / 255))[:, None]
        around = around * np.array(finish.halo_rgb, dtype=np.float32)
        values += around * (-values if finish.halo > 0 else (245 - values) * (1 - share[:, None]))
    grain = rng.integers(-128, 128, len(flat), dtype=np.int8) * share
    values += (grain * np.float32(look.grain / 110) + np.float32(0.5))[:, None]
    colours[flat] = np.clip(values, 0, 255, out=values).astype(np.uint8)
    pixels_hwc[top:bottom, left:right] = block


def _patchiness(
    rng: np.random.Generator, shape: tuple[int, ...], ys: NDArray[np.intp], xs: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Unevenness 0..1 of dirt and light, about 12 pixels coarse, at the given pixels."""
    coarse = lumps(rng, (shape[0] // 4 + 2, shape[1] // 4 + 2), 3.0)
    # Dithered instead of interpolated: cheaper, and it looks like grit.
    jitter = rng.integers(0, 4, (2, len(ys)), dtype=np.uint8)
    cells = ((ys + jitter[0]) >> 2) * coarse.shape[1] + ((xs + jitter[1]) >> 2)
    return np.asarray(coarse.ravel()[cells] * np.float32(1 / 255))


def _halo(opening: Image.Image, finish: Finish, rng: np.random.Generator) -> NDArray[np.uint8] | None:
    if not finish.halo:
        return None
    small = opening.reduce(4)
    # Coverage shrinks with the reduction; a halo should be full beside a hairline too.
    spread = small.point([min(255, 3 * value) for value in range(256)]).filter(
        ImageFilter.BoxBlur(max(0.5, finish.halo_px / 4))
    )
    return np.asarray(spread.resize(opening.size, Image.Resampling.BILINEAR))


def _towards(
    soft: NDArray[np.uint8],
    ys: NDArray[np.intp],
    xs: NDArray[np.intp],
    light_xy: tuple[float, float],
    distance_px: float,
) -> NDArray[np.float32]:
    """Coverage 0..1 of the place that lies so far towards the light."""
    height, width = soft.shape
    dx, dy = round(light_xy[0] * distance_px), round(light_xy[1] * distance_px)
    there = soft.ravel()[(ys + dy).clip(0, height - 1) * width + (xs + dx).clip(0, width - 1)]
    return np.asarray(there * np.float32(1 / 255))


def _facing(
    soft: NDArray[np.uint8],
    ys: NDArray[np.intp],
    xs: NDArray[np.intp],
    light_xy: tuple[float, float],
    reach_px: int,
) -> NDArray[np.float32]:
    """How much a pixel lies on a slope that faces the light: +1 on the far lip, -1 on the near one."""
    there = _towards(soft, ys, xs, light_xy, reach_px)
    behind = _towards(soft, ys, xs, light_xy, -reach_px)
    return there - behind
