"""Where cracks run: random walks with a persistent heading, refined by midpoint displacement.

A crack advances in one direction, jogs around aggregate, is rough at every scale (midpoint displacement:
Fournier, Fussell and Carpenter, 1982), goes through pores it meets, forks at sharp angles and thins out
towards its tips.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic.noise import profile
from crackscope.dataset.synthetic.shapes import Points, Stroke


@dataclass(frozen=True, slots=True, kw_only=True)
class Gait:
    """How a crack walks.

    Attributes:
        step_px: Length of a coarse step.
        jog: Deviation of the heading from step to step, in radians.
        bend: Change of heading from the first step to the last, in radians.
        rough: Midpoint displacement as a share of the segment.
        hurst: 1 is equally rough at every scale, less is rougher at small scales.
        width_px: Median width.
        wander: Deviation of the logarithm of the width along the crack.
        ragged: How unlike the two sides are, as a share of the width.
        gaps: Share of the length where it is closed.
    """

    step_px: float
    jog: float
    bend: float
    rough: float
    hurst: float
    width_px: float
    wander: float
    ragged: float
    gaps: float = 0.0


def draw_gait(rng: np.random.Generator, side_px: float, width_px: float) -> Gait:
    """A gait for a crack of this width across a patch of this side."""
    return Gait(
        step_px=side_px * rng.uniform(0.08, 0.3),
        jog=rng.uniform(0.03, 0.35),
        bend=rng.normal(0, 0.35),
        rough=rng.uniform(0.03, 0.13),
        hurst=rng.uniform(0.7, 1.0),
        width_px=width_px,
        wander=rng.uniform(0.15, 0.5),
        ragged=rng.uniform(0.1, 0.45),
        # Hairlines close now and then; wide cracks don't.
        gaps=rng.uniform(0.05, 0.4) if width_px < 3 and rng.random() < 0.3 else 0.0,
    )


def walk(
    rng: np.random.Generator,
    gait: Gait,
    start_xy: NDArray[np.float64],
    heading: float,
    length_px: float,
    *,
    luminance_hw: NDArray[np.uint8] | None = None,
) -> Points:
    """A path from ``start_xy``; with a luminance it leans towards dark spots such as pores."""
    steps = max(2, int(np.ceil(length_px / gait.step_px)))
    headings = heading + gait.bend * np.linspace(0, 1, steps) + gait.jog * rng.standard_normal(steps)
    lengths = (length_px / steps) * rng.uniform(0.6, 1.4, steps)
    moves = np.stack([np.cos(headings), np.sin(headings)], axis=1) * lengths[:, None]
    points = np.concatenate([start_xy[None], start_xy + np.cumsum(moves, axis=0)])
    spacing_px = float(np.clip(0.3 * gait.width_px, 2.0, 3.0))
    levels = max(0, int(np.ceil(np.log2(length_px / steps / spacing_px))))
    for level in range(levels):
        if level == max(1, levels - 3) and luminance_hw is not None:
            points = _lean_to_dark(rng, points, luminance_hw, reach_px=2.0 * spacing_px)
        # In a whole photo there are so many levels that the finest would curl without the limit.
        points = _refine(rng, points, gait.rough * min(2.0 ** ((1 - gait.hurst) * level), 2.0))
    return points


def open_up(
    rng: np.random.Generator, gait: Gait, points_xy: Points, *, tips: tuple[bool, bool]
) -> list[Stroke]:
    """Give a path its width: wandering, ragged, thinning at its tips, closed where it has gaps."""
    count = len(points_xy)
    log_width = gait.wander * (
        profile(rng, count, max(3, count // 12)) + 0.5 * profile(rng, count, count // 3 + 2)
    )
    widths = gait.width_px * np.exp(log_width.clip(-1.6, 1.6))
    widths *= _taper(rng, count, tips)
    # Each side on its own: broad bays and sharp teeth, both limited where the crack is wide.
    teeth = rng.standard_normal((count, 2)).clip(-2, 2)
    bays = np.stack([profile(rng, count, count // 4 + 2) for _ in range(2)], axis=1)
    depth = gait.ragged * np.minimum(0.5 * widths + 0.2, 5.0)
    sides = 0.5 * widths[:, None] + depth[:, None] * (0.3 * teeth + 0.6 * bays)
    stroke = Stroke(points_xy, np.maximum(sides, 0.08 * widths[:, None]))
    return _split(rng, stroke, gait.gaps) if gait.gaps else [stroke]


def branches(
    rng: np.random.Generator, gait: Gait, parent: Stroke, *, side_px: float, forks: int
) -> list[Stroke]:
    """Side cracks that leave the parent at sharp angles, thinner than it and thinning out."""
    strokes: list[Stroke] = []
    for _ in range(forks):
        at = int(rng.integers(1, max(2, len(parent.points_xy) - 1)))
        ahead = parent.points_xy[min(at + 4, len(parent.points_xy) - 1)] - parent.points_xy[max(at - 4, 0)]
        turn = rng.choice((-1, 1)) * rng.uniform(0.4, 1.3)
        child = replace(
            gait,
            width_px=max(0.4, float(parent.halves_px[at].sum()) * rng.uniform(0.3, 0.85)),
            bend=-0.5 * turn,
        )
        heading = float(np.arctan2(ahead[1], ahead[0])) + turn
        path = walk(rng, child, parent.points_xy[at], heading, side_px * rng.uniform(0.15, 0.8))
        strokes += open_up(rng, child, path, tips=(False, True))
    return strokes


def mesh(rng: np.random.Generator, gait: Gait, size_hw: tuple[int, int], cell_px: float) -> list[Stroke]:
    """Map cracking: the edges of a strongly jittered honeycomb, some of them missing, each of its own width.

    A honeycomb's vertices join three edges, as those of shrinkage cracks (and of Voronoi cells) do.
    """
    height, width = size_hw
    rows = columns = int(np.hypot(height, width) / cell_px) + 4
    knots = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=2).astype(float)
    knots += rng.uniform(-0.38, 0.38, knots.shape)
    # Turned, so that it is not mistaken for brickwork; large enough to cover the corners all the same.
    turn = rng.uniform(0, np.pi)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    knots = (knots - 0.5 * rows + rng.random(2)) * cell_px @ rotation + (0.5 * width, 0.5 * height)
    # A brick wall is a honeycomb: every second upright is left out.
    uprights = np.add.outer(np.arange(rows - 1), np.arange(columns)) % 2 == 1
    starts = np.concatenate([knots[:, :-1].reshape(-1, 2), knots[:-1][uprights]])
    ends = np.concatenate([knots[:, 1:].reshape(-1, 2), knots[1:][uprights]])
    middles = 0.5 * (starts + ends)
    kept = ((middles > -cell_px) & (middles < np.array([width, height]) + cell_px)).all(axis=1)
    kept &= rng.random(len(starts)) > rng.uniform(0.03, 0.3)
    paths = np.stack([starts[kept], ends[kept]], axis=1)
    for _ in range(max(1, int(np.ceil(np.log2(cell_px / 3.0))))):
        paths = _refine(rng, paths, 1.3 * gait.rough)
    return _open_many(rng, gait, paths)


def _open_many(rng: np.random.Generator, gait: Gait, paths: NDArray[np.float64]) -> list[Stroke]:
    """Give many paths of equally many points, shape (E, N, 2), widths of their own."""
    edges, count = paths.shape[:2]
    widths = gait.width_px * np.exp(rng.normal(0, 0.45, (edges, 1)) + rng.normal(0, 0.2, (edges, count)))
    widths = np.maximum(widths, 0.4)[:, :, None]
    sides = 0.5 * widths * (1 + gait.ragged * rng.standard_normal((edges, count, 2)).clip(-1.5, 1.5) * 0.5)
    return [Stroke(path, side) for path, side in zip(paths, sides, strict=True)]


def _refine(rng: np.random.Generator, points: NDArray[np.float64], rough: float) -> NDArray[np.float64]:
    """Put a displaced middle into every segment of a path (N, 2), or of many, (E, N, 2)."""
    segments = points[..., 1:, :] - points[..., :-1, :]
    lengths = np.hypot(segments[..., 0], segments[..., 1])
    refined = np.empty((*points.shape[:-2], 2 * points.shape[-2] - 1, 2))
    refined[..., ::2, :] = points
    shifts = np.clip(rng.standard_normal(segments.shape), -2.5, 2.5)
    refined[..., 1::2, :] = points[..., :-1, :] + 0.5 * segments + rough * lengths[..., None] * shifts
    return refined


def _lean_to_dark(
    rng: np.random.Generator, points: Points, luminance_hw: NDArray[np.uint8], reach_px: float
) -> Points:
    height, width = luminance_hw.shape
    candidates = points[:, None] + reach_px * rng.uniform(-1, 1, (len(points), 6, 2))
    candidates[:, 0] = points
    columns = candidates[:, :, 0].astype(int).clip(0, width - 1)
    rows = candidates[:, :, 1].astype(int).clip(0, height - 1)
    darkest = luminance_hw[rows, columns].argmin(axis=1)
    return np.asarray(candidates[np.arange(len(points)), darkest])


def _taper(rng: np.random.Generator, count: int, tips: tuple[bool, bool]) -> NDArray[np.float64]:
    along = np.linspace(0, 1, count)
    taper = np.ones(count)
    if tips[0]:
        taper *= np.minimum(1, along / rng.uniform(0.15, 0.7)) ** 0.7
    if tips[1]:
        taper *= np.minimum(1, (1 - along) / rng.uniform(0.15, 0.7)) ** 0.7
    return taper


def _split(rng: np.random.Generator, stroke: Stroke, gaps: float) -> list[Stroke]:
    count = len(stroke.points_xy)
    closeness = profile(rng, count, max(4, count // 5))
    is_open = closeness > np.quantile(closeness, gaps)
    borders = np.flatnonzero(np.diff(is_open.astype(np.int8))) + 1
    runs = np.split(np.arange(count), borders)
    return [
        Stroke(stroke.points_xy[run], stroke.halves_px[run])
        for run in runs
        if is_open[run[0]] and len(run) > 1
    ]
