"""Paint a crack onto a photo of concrete, and know exactly where it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic.finish import MARGIN_PX, Finish, Look, look_at, paint_opening
from crackscope.dataset.synthetic.paths import Gait, branches, draw_gait, mesh, open_up, walk
from crackscope.dataset.synthetic.shapes import Points, Stroke, blob, bounding_box, cover

#: A narrower crack needs more darkness to be as visible.
_FULL_CONTRAST_PX = 2.0


class CrackKind(StrEnum):
    """How a crack lies in its patch."""

    THROUGH = "through"
    STRAIGHT = "straight"
    ENDING = "ending"
    INSIDE = "inside"
    CORNER = "corner"
    BRANCHED = "branched"
    MAP = "map"


class CrackTone(StrEnum):
    """Whether a crack is darker than its wall, as open ones are, or paler, filled by minerals."""

    DARK = "dark"
    LIGHT = "light"


#: Share of light cracks where nothing is asked; a wall that is nearly white itself has none.
_LIGHT_SHARE = 0.12

#: The crust of a light crack: white calcite or greyish and yellowish efflorescence.
_CRUST_LEVELS, _CRUST_WARMTH = (190.0, 252.0), 0.05

_KIND_SHARES = {
    CrackKind.THROUGH: 0.37,
    CrackKind.STRAIGHT: 0.08,
    CrackKind.ENDING: 0.15,
    CrackKind.INSIDE: 0.05,
    CrackKind.CORNER: 0.09,
    CrackKind.BRANCHED: 0.18,
    CrackKind.MAP: 0.08,
}


#: Median widths in pixels of a patch of 227: hairlines to open cracks and, now and then, a gap.
_USUAL_PX, _GAPS_PX, _GAPS_SHARE = (0.4, 24.0), (12.0, 48.0), 0.1

#: The widest crack as a share of the patch's side: tips are thin, and a map leaves most of the surface.
_WIDEST = {
    CrackKind.THROUGH: 0.25,
    CrackKind.STRAIGHT: 0.03,
    CrackKind.ENDING: 0.1,
    CrackKind.INSIDE: 0.035,
    CrackKind.CORNER: 0.2,
    CrackKind.BRANCHED: 0.12,
    CrackKind.MAP: 0.025,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CrackOptions:
    """What cracks to paint.

    Attributes:
        kind: ``None`` draws one by chance.
        width_px: Range of the median width, log-uniform; ``None`` draws hairlines to gaps as in surveys. The
            patch and the kind limit it further.
        darkness: Range of the share of light that a crack swallows; wide cracks tend to the upper end.
        visibility: Least contrast of the crack, in units of the patch's own texture.
        tone: ``None`` draws one by chance.
    """

    kind: CrackKind | None = None
    width_px: tuple[float, float] | None = None
    darkness: tuple[float, float] = (0.1, 0.92)
    visibility: float = 2.2
    tone: CrackTone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """A photo with a crack.

    Attributes:
        pixels_hwc: uint8 RGB, shape (H, W, 3).
        mask_hw: uint8, shape (H, W): how much of each pixel the crack covers, 0..255. 0 is no crack at all.
        kind: How it lies in the patch.
        width_px: Median width of the main crack.
        tone: Whether it is darker or paler than the wall.
    """

    pixels_hwc: NDArray[np.uint8]
    mask_hw: NDArray[np.uint8]
    kind: CrackKind
    width_px: float
    tone: CrackTone = CrackTone.DARK


def paint_crack(
    pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, options: CrackOptions | None = None
) -> Painted:
    """Paint a crack; the input is left as it is. The same input and generator state give the same bytes.

    Args:
        pixels_hwc: uint8 RGB of healthy concrete, any size from 32 pixels up.
        rng: Source of chance.
        options: What to paint; the default is a mix like that of real surveys.
    """
    options = options or CrackOptions()
    kind = options.kind or _draw_kind(rng)
    side_px = min(pixels_hwc.shape[:2])
    widest_px = side_px * _WIDEST[kind]
    low, high = options.width_px or _draw_widths(rng, widest_px)
    high = max(low, min(high, widest_px))
    width_px = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    look = look_at(pixels_hwc, rng)
    tone = options.tone or _draw_tone(rng, look, options)
    width_px = max(width_px, _least_darkness(look, options) * _FULL_CONTRAST_PX / 0.9)
    # A shape can miss the patch (a corner cut too short): draw again.
    for _ in range(20):
        strokes = _SHAPES[kind](rng, draw_gait(rng, side_px, width_px), pixels_hwc)
        polygons = [stroke.outline() for stroke in strokes]
        polygons += _pores_on(rng, strokes, width_px)
        box = bounding_box(polygons, pixels_hwc.shape[:2], MARGIN_PX)
        covered = cover(polygons, box)
        if int(covered.sum()) > 255 * 0.1 * side_px * min(width_px, 1.0):
            break
    painted = pixels_hwc.copy()
    finish = _draw_finish(rng, width_px, look, options)
    if tone is CrackTone.LIGHT:
        finish = _crusted(rng, finish, width_px, look, options)
    if width_px > 3 and rng.random() < 0.3:
        _chip_edges(painted, rng, strokes[0], look, width_px)
    paint_opening(painted, covered, box, finish, look, rng)
    mask = np.zeros(pixels_hwc.shape[:2], dtype=np.uint8)
    mask[box[1] : box[3], box[0] : box[2]] = covered
    return Painted(pixels_hwc=painted, mask_hw=mask, kind=kind, width_px=width_px, tone=tone)


def _draw_widths(rng: np.random.Generator, widest_px: float) -> tuple[float, float]:
    gap = rng.random() < _GAPS_SHARE and widest_px > _GAPS_PX[0]
    return _GAPS_PX if gap else _USUAL_PX


def _draw_kind(rng: np.random.Generator) -> CrackKind:
    chance = rng.random()
    for kind, share in _KIND_SHARES.items():
        chance -= share
        if chance < 0:
            return kind
    return CrackKind.THROUGH


def _through(rng: np.random.Generator, gait: Gait, pixels_hwc: NDArray[np.uint8]) -> list[Stroke]:
    """Edge to edge, through a random point."""
    height, width = pixels_hwc.shape[:2]
    middle = rng.uniform(0.08, 0.92, 2) * (width, height)
    heading = rng.uniform(0, 2 * np.pi)
    away, back = (_until_outside(rng, gait, middle, h, pixels_hwc) for h in (heading, heading + np.pi))
    return open_up(rng, gait, np.concatenate([back[:0:-1], away]), tips=(False, False))


def _straight(rng: np.random.Generator, gait: Gait, pixels_hwc: NDArray[np.uint8]) -> list[Stroke]:
    """Edge to edge almost as if ruled, as walls crack that can not shrink; thin, and ragged all the same."""
    ruled = replace(gait, bend=gait.bend * 0.05, jog=0.03, rough=0.025)
    return _through(rng, ruled, pixels_hwc)


def _ending(rng: np.random.Generator, gait: Gait, pixels_hwc: NDArray[np.uint8]) -> list[Stroke]:
    """From an edge to a tip inside."""
    height, width = pixels_hwc.shape[:2]
    tip = rng.uniform(0.2, 0.8, 2) * (width, height)
    path = _until_outside(rng, gait, tip, rng.uniform(0, 2 * np.pi), pixels_hwc)
    return open_up(rng, gait, path, tips=(True, False))


def _inside(rng: np.random.Generator, gait: Gait, pixels_hwc: NDArray[np.uint8]) -> list[Stroke]:
    """Two tips inside."""
    height, width = pixels_hwc.shape[:2]
    heading, length_px = rng.uniform(0, 2 * np.pi), min(height, width) * rng.uniform(0.4, 0.9)
    middle = rng.uniform(0.35, 0.65, 2) * (width, height)
    start = middle - 0.5 * length_px * np.array([np.cos(heading), np.sin(heading)])
    path = walk(rng, gait, start, heading, length_px, luminance_hw=pixels_hwc[:, :, 1])
    return open_up(rng, gait, path, tips=(True, True))


def _corner(rng: np.random.Generator, gait: Gait, pixels_hwc: NDArray[np.uint8]) -> list[Stroke]:
    """Cuts off a corner."""
    height, width = pixels_hwc.shape[:2]
    corner = rng.integers(0, 2, 2)
    cuts = rng.uniform(0.1, 0.35, 2) * min(height, width)
    size = np.array([width, height])
    start = np.abs(corner * size - (cuts[0], 0.0))
    end = np.abs(corner * size - (0.0, cuts[1]))
    across = end - start
    length_px = float(np.hypot(*across))
    # The walk's own bend would leave the corner; its ends overshoot the border.
    straight = replace(gait, bend=0.0, step_px=length_px / 2, jog=min(gait.jog, 0.25))
    path = walk(
        rng, straight, start - 0.25 * across, float(np.arctan2(across[1], across[0])), 1.6 * length_px
    )
    return open_up(rng, gait, path, tips=(False, False))


def _branched(rng: np.random.Generator, gait: Gait, pixels_hwc: NDArray[np.uint8]) -> list[Stroke]:
    """Edge to edge or ending, with side cracks."""
    side_px = min(pixels_hwc.shape[:2])
    trunk = (_through if rng.random() < 0.75 else _ending)(rng, replace(gait, gaps=0.0), pixels_hwc)
    forks = branches(rng, gait, trunk[0], side_px=side_px, forks=int(rng.integers(1, 4)))
    twigs = branches(rng, gait, forks[0], side_px=0.5 * side_px, forks=int(rng.integers(0, 2)))
    return trunk + forks + twigs


def _map(rng: np.random.Generator, gait: Gait, pixels_hwc: NDArray[np.uint8]) -> list[Stroke]:
    """Alligator cracking; never wide, or nothing would be left of the surface."""
    size_hw = (pixels_hwc.shape[0], pixels_hwc.shape[1])
    cell_px = min(size_hw) * rng.uniform(0.18, 0.5)
    return mesh(rng, gait, size_hw, cell_px) or _through(rng, gait, pixels_hwc)


_SHAPES: dict[CrackKind, Callable[[np.random.Generator, Gait, NDArray[np.uint8]], list[Stroke]]] = {
    CrackKind.THROUGH: _through,
    CrackKind.STRAIGHT: _straight,
    CrackKind.ENDING: _ending,
    CrackKind.INSIDE: _inside,
    CrackKind.CORNER: _corner,
    CrackKind.BRANCHED: _branched,
    CrackKind.MAP: _map,
}


def _until_outside(
    rng: np.random.Generator,
    gait: Gait,
    start: NDArray[np.float64],
    heading: float,
    pixels_hwc: NDArray[np.uint8],
) -> Points:
    """A walk that is cut a little after it has left the photo."""
    height, width = pixels_hwc.shape[:2]
    path = walk(
        rng, gait, start, heading, 1.3 * float(np.hypot(height, width)), luminance_hw=pixels_hwc[:, :, 1]
    )
    margin = 2.0 * gait.width_px + 2.0
    outside = (path < -margin).any(axis=1) | (path > np.array([width, height]) + margin).any(axis=1)
    return path[: max(2, int(outside.argmax()) + 1)] if outside.any() else path


def _pores_on(rng: np.random.Generator, strokes: list[Stroke], width_px: float) -> list[Points]:
    """Pores that a hairline has broken into: small holes strung on it."""
    if width_px > 4 or rng.random() > 0.25:
        return []
    points = strokes[0].points_xy
    at = rng.integers(0, len(points), int(rng.integers(1, 6)))
    return [blob(rng, points[i], rng.uniform(0.7, 1.6) * (width_px + 0.5)) for i in at]


def _least_darkness(look: Look, options: CrackOptions) -> float:
    """Fainter than this, a crack drowns in the texture, and Positive would be a wrong label."""
    return min(0.9, options.visibility * look.texture / max(look.level, 20.0))


def _draw_finish(rng: np.random.Generator, width_px: float, look: Look, options: CrackOptions) -> Finish:
    wide = float(np.clip(np.log(width_px) / np.log(12), 0, 1))
    low, high = options.darkness
    # Squared: most hairlines are faint, because a pixel sees mostly the surface beside them.
    darkness = low + (high - low) * (rng.random() ** 2 * (1 - 0.65 * wide) + 0.65 * wide)
    least = _least_darkness(look, options) / min(width_px / _FULL_CONTRAST_PX, 1.0)
    darkness = float(np.clip(max(darkness, least), low, 0.95))
    warmth = rng.normal(0, 0.05)
    # A gap so wide is a step in the ground: its far wall may stand in the light, its lips may be broken off.
    gaping = width_px > 9 and rng.random() < 0.6
    finish = Finish(
        darkness=darkness,
        tint_rgb=(1 - warmth, 1.0, 1 + warmth),
        lip=rng.uniform(0.0, 0.35) if width_px > 2.5 and rng.random() < 0.6 else 0.0,
        lip_px=float(np.clip(width_px * rng.uniform(0.3, 0.8), 1, 8 if gaping else 5)),
        slope_px=width_px * rng.uniform(0.1, 0.35) if width_px > 4 else 0.0,
        depth_px=width_px * rng.uniform(0.25, 0.7) if gaping else 0.0,
        lit_wall=rng.uniform(0.2, 0.65) if gaping else 0.0,
        rim=rng.uniform(0.1, 0.6) if width_px > 4 and rng.random() < (0.7 if gaping else 0.4) else 0.0,
    )
    return _add_halo(rng, finish, width_px)


def _draw_tone(rng: np.random.Generator, look: Look, options: CrackOptions) -> CrackTone:
    light = (
        rng.random() < _LIGHT_SHARE and _CRUST_LEVELS[1] - look.level > 2 * options.visibility * look.texture
    )
    return CrackTone.LIGHT if light else CrackTone.DARK


def _crusted(
    rng: np.random.Generator, finish: Finish, width_px: float, look: Look, options: CrackOptions
) -> Finish:
    """The same crack filled and rimmed by minerals that water has carried out of it."""
    # At least as far above the wall as a dark crack is below it, where white allows that.
    least = look.level + options.visibility * look.texture / min(width_px / _FULL_CONTRAST_PX, 1.0)
    level = rng.uniform(min(max(_CRUST_LEVELS[0], least + 15), _CRUST_LEVELS[1] - 2), _CRUST_LEVELS[1])
    warmth = rng.normal(0, _CRUST_WARMTH)
    needed = (least - look.level) / max(level - look.level, 1.0)
    bled = rng.random() < 0.5
    return replace(
        finish,
        darkness=0.0,
        crust=float(rng.uniform(min(max(0.35, needed), 0.95), 1.0)),
        crust_rgb=(level * (1 + max(warmth, 0.0)), level, level * (1 - max(warmth, 0.0))),
        lip=0.5 * finish.lip,
        depth_px=0.0,
        lit_wall=0.0,
        halo=-rng.uniform(0.2, 0.9) if bled else 0.0,
        halo_px=float(np.clip(width_px * rng.uniform(1, 4), 3, MARGIN_PX / 2)),
        halo_rgb=(1.0, 1.0, 1.0),
    )


def _add_halo(rng: np.random.Generator, finish: Finish, width_px: float) -> Finish:
    halo_px = float(np.clip(width_px * rng.uniform(1, 3), 3, MARGIN_PX / 2))
    # Hairlines are clean more often: little has run out of them or into them.
    chance = rng.random() * (1.0 if width_px > 2 else 2.0)
    if chance < 0.25:
        return replace(finish, halo=rng.uniform(0.05, 0.3), halo_px=halo_px)
    if chance < 0.31:
        return replace(finish, halo=-rng.uniform(0.2, 0.8), halo_px=halo_px)
    if chance < 0.36:
        return replace(finish, halo=rng.uniform(0.2, 0.5), halo_px=halo_px, halo_rgb=(0.1, 0.6, 1.0))
    return finish


def _chip_edges(
    pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, stroke: Stroke, look: Look, width_px: float
) -> None:
    """Spalled edges: shallow chips beside the crack, brighter or dirtier than the surface."""
    at = rng.integers(0, len(stroke.points_xy), int(rng.integers(2, 9)))
    sideways = rng.uniform(-0.8, 0.8, (len(at), 2)) * width_px
    chips = [
        blob(rng, stroke.points_xy[i] + shift, width_px * rng.uniform(0.4, 1.1), roughness=0.35)
        for i, shift in zip(at, sideways, strict=True)
    ]
    box = bounding_box(chips, pixels_hwc.shape[:2], MARGIN_PX)
    if box[2] - box[0] < 2 or box[3] - box[1] < 2:
        return
    finish = Finish(darkness=rng.uniform(-0.25, 0.3), lip=rng.uniform(0.1, 0.35), lip_px=1.5)
    paint_opening(pixels_hwc, cover(chips, box), box, finish, look, rng)
