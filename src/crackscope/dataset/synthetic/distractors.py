"""Paint what is mistaken for a crack, but is none: the synthetic hard negatives."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic import clutter, edges, lines, marks, relief
from crackscope.dataset.synthetic.finish import Look, look_at


class DistractorKind(StrEnum):
    """What looks like a crack, or hides one."""

    FORMWORK_JOINT = "formwork joint"
    PLANKING = "planking"
    MORTAR = "mortar"
    TILE_JOINT = "tile joint"
    EDGE = "edge"
    CABLE = "cable"
    SHADOW = "shadow"
    SCRATCH = "scratch"
    STAIN = "stain"
    DRIP = "drip"
    PENCIL = "pencil"
    CHALK = "chalk"
    WEB = "spider web"
    PORES = "pores"
    MOSS = "moss"
    SHADED_CORNER = "shaded corner"
    KERB = "kerb or girder"
    PLANK_EDGE = "plank edge"
    DRIP_EDGE = "drip edge"
    CHIPPED_CORNER = "chipped corner"
    LEAVES = "leaves"
    BORDER_WIRE = "wire at the border"
    JPEG_BLOCKS = "JPEG blocks"


_Painter = Callable[[NDArray[np.uint8], np.random.Generator, Look], None]

_PAINTERS: dict[DistractorKind, _Painter] = {
    DistractorKind.FORMWORK_JOINT: lines.formwork_joint,
    DistractorKind.PLANKING: lines.planking,
    DistractorKind.MORTAR: lines.mortar,
    DistractorKind.TILE_JOINT: lines.tile_joint,
    DistractorKind.EDGE: relief.edge,
    DistractorKind.CABLE: relief.cable,
    DistractorKind.SHADOW: relief.shadow,
    DistractorKind.SCRATCH: marks.scratch,
    DistractorKind.STAIN: relief.stain,
    DistractorKind.DRIP: marks.drip,
    DistractorKind.PENCIL: marks.pencil,
    DistractorKind.CHALK: marks.chalk,
    DistractorKind.WEB: marks.web,
    DistractorKind.PORES: relief.pores,
    DistractorKind.MOSS: relief.moss,
    DistractorKind.SHADED_CORNER: edges.shaded_corner,
    DistractorKind.KERB: edges.kerb,
    DistractorKind.PLANK_EDGE: edges.plank_edge,
    DistractorKind.DRIP_EDGE: edges.drip_edge,
    DistractorKind.CHIPPED_CORNER: edges.chipped_corner,
    DistractorKind.LEAVES: clutter.leaves,
    DistractorKind.BORDER_WIRE: clutter.border_wire,
    DistractorKind.JPEG_BLOCKS: clutter.jpeg_blocks,
}


def paint_distractor(
    pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, kind: DistractorKind | None = None
) -> NDArray[np.uint8]:
    """Paint one hard negative; the input is left as it is.

    Args:
        pixels_hwc: uint8 RGB of concrete, shape (H, W, 3), any size from 32 pixels up.
        rng: Source of chance: the same input and state give the same bytes.
        kind: What to paint; ``None`` draws one by chance.

    Returns:
        A new array of the same shape.
    """
    kinds = list(DistractorKind)
    chosen = kind or kinds[int(rng.integers(len(kinds)))]
    painted = pixels_hwc.copy()
    _PAINTERS[chosen](painted, rng, look_at(pixels_hwc, rng))
    return painted
