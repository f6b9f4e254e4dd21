"""Straight seams: formwork joints, planking, mortar and tile joints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic.finish import MARGIN_PX, Finish, Look, paint_opening
from crackscope.dataset.synthetic.noise import lumps, profile
from crackscope.dataset.synthetic.shapes import Points, Stroke, bounding_box, cover


def formwork_joint(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """The seam of two form panels: straight, dark or a bright fin, often broken, the panels unlike."""
    heading = _upright(rng)
    through = _somewhere(rng, pixels_hwc)
    if rng.random() < 0.5:
        tone_side(pixels_hwc, through, heading, 1 + rng.normal(0, 0.07), blur_px=1.0)
    for shift in [0.0, *([rng.uniform(3, 12)] if rng.random() < 0.25 else [])]:
        across = np.array([-np.sin(heading), np.cos(heading)])
        stroke = straight(rng, pixels_hwc, through + shift * across, heading, _log_uniform(rng, 0.6, 6.0))
        finish = Finish(
            darkness=rng.uniform(0.12, 0.85) if rng.random() < 0.8 else -rng.uniform(0.1, 0.35),
            tint_rgb=_tint(rng),
            lip=rng.uniform(0, 0.35),
            halo=rng.uniform(0.05, 0.3) if rng.random() < 0.4 else 0.0,
            halo_px=rng.uniform(4, 12),
        )
        paint_strokes(pixels_hwc, _broken(rng, stroke), finish, look, rng)


def planking(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """The print of sawn boards: parallel seams, boards of unlike tone, wood grain along them."""
    height, width = pixels_hwc.shape[:2]
    upright = rng.random() < 0.6
    view = pixels_hwc.swapaxes(0, 1) if upright else pixels_hwc
    board_px = min(height, width) * rng.uniform(0.12, 0.6)
    _print_boards(view, rng, board_px)
    finish = Finish(darkness=rng.uniform(0.1, 0.6), tint_rgb=_tint(rng), lip=rng.uniform(0, 0.3))
    width_px, heading = _log_uniform(rng, 0.5, 3.0), (np.pi / 2 if upright else 0.0) + rng.normal(0, 0.01)
    across = np.array([1.0, 0.0]) if upright else np.array([0.0, 1.0])
    offset, strokes = rng.uniform(0, board_px), []
    while offset < (width if upright else height):
        seam = straight(rng, pixels_hwc, across * offset, heading, width_px * rng.uniform(0.6, 1.4))
        strokes += _broken(rng, seam) if rng.random() < 0.85 else []
        offset += board_px * rng.uniform(0.9, 1.1)
    paint_strokes(pixels_hwc, strokes, finish, look, rng)


def mortar(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """Brick or block work: courses, staggered uprights, mortar paler or darker than the stone."""
    height, width = pixels_hwc.shape[:2]
    course_px = min(height, width) * rng.uniform(0.15, 0.5)
    brick_px, joint_px = course_px * rng.uniform(1.6, 3.2), course_px * rng.uniform(0.05, 0.2)
    wobble = joint_px * rng.uniform(0.02, 0.15)
    top, strokes = -rng.uniform(0, course_px), []
    for row in range(int(height / course_px) + 2):
        y, x = top + row * course_px, -brick_px * (0.5 * (row % 2) + rng.uniform(0, 0.1))
        strokes.append(_between(rng, (-5.0, y), (width + 5.0, y), joint_px, wobble))
        for column in range(int(width / brick_px) + 3):
            at = x + column * brick_px
            strokes.append(_between(rng, (at, y), (at, y + course_px), joint_px, wobble))
            _tone_brick(pixels_hwc, rng, (at, y, at + brick_px, y + course_px))
    darkness = rng.uniform(0.15, 0.6) if rng.random() < 0.55 else -rng.uniform(0.1, 0.4)
    finish = Finish(darkness=darkness, tint_rgb=_tint(rng), lip=rng.uniform(0, 0.35), lip_px=2.0)
    paint_strokes(pixels_hwc, strokes, finish, look, rng)


def tile_joint(pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, look: Look) -> None:
    """An expansion joint or tile grid: wide, straight, evenly filled, with bevelled lips."""
    heading = _upright(rng)
    through = _somewhere(rng, pixels_hwc)
    side_px = min(pixels_hwc.shape[:2])
    width_px = _log_uniform(rng, 2.0, max(3.0, 0.1 * side_px))
    strokes = [straight(rng, pixels_hwc, through, heading, width_px, wander=0.02)]
    if rng.random() < 0.5:
        strokes.append(straight(rng, pixels_hwc, through, heading + np.pi / 2, width_px, wander=0.02))
    darkness = rng.uniform(0.25, 0.9) if rng.random() < 0.75 else -rng.uniform(0.1, 0.4)
    finish = Finish(
        darkness=darkness, tint_rgb=_tint(rng), lip=rng.uniform(0.05, 0.4), lip_px=rng.uniform(1, 3)
    )
    paint_strokes(pixels_hwc, strokes, finish, look, rng)


def straight(
    rng: np.random.Generator,
    pixels_hwc: NDArray[np.uint8],
    through_xy: NDArray[np.float64],
    heading: float,
    width_px: float,
    *,
    wander: float = 0.12,
) -> Stroke:
    """A ruler-straight line across the whole photo."""
    reach = float(np.hypot(*pixels_hwc.shape[:2]))
    along = np.array([np.cos(heading), np.sin(heading)]) * reach
    return _between(rng, tuple(through_xy - along), tuple(through_xy + along), width_px, wander * width_px)


def paint_strokes(
    pixels_hwc: NDArray[np.uint8],
    strokes: list[Stroke],
    finish: Finish,
    look: Look,
    rng: np.random.Generator,
) -> None:
    """Paint lines as openings; those outside the photo are dropped."""
    paint_polygons(pixels_hwc, [stroke.outline() for stroke in strokes], finish, look, rng)


def paint_polygons(
    pixels_hwc: NDArray[np.uint8],
    polygons: list[Points],
    finish: Finish,
    look: Look,
    rng: np.random.Generator,
) -> None:
    """Paint polygons as openings; nothing happens where none touches the photo."""
    if not polygons:
        return
    box = bounding_box(polygons, pixels_hwc.shape[:2], MARGIN_PX)
    # The halo is made at a quarter of the size.
    if box[2] - box[0] >= 4 and box[3] - box[1] >= 4:
        paint_opening(pixels_hwc, cover(polygons, box), box, finish, look, rng)


def tone_side(
    pixels_hwc: NDArray[np.uint8],
    through_xy: NDArray[np.float64],
    heading: float,
    factor: float,
    *,
    blur_px: float,
) -> None:
    """Make everything to the left of a line brighter or darker, in place; the border is ``blur_px`` soft."""
    height, width = pixels_hwc.shape[:2]
    x = (np.arange(width, dtype=np.float32) - through_xy[0]) * np.float32(-np.sin(heading))
    y = (np.arange(height, dtype=np.float32) - through_xy[1]) * np.float32(np.cos(heading))
    side = np.clip((x[None, :] + y[:, None]) / np.float32(2 * blur_px) + np.float32(0.5), 0, 1)
    side *= np.float32(factor - 1)
    side += 1
    # Channel by channel: a 12-megapixel photo in float would take 144 MB at once.
    for channel in range(3):
        pixels_hwc[:, :, channel] = np.clip(pixels_hwc[:, :, channel] * side + np.float32(0.5), 0, 255)


def _between(
    rng: np.random.Generator,
    start_xy: tuple[float, ...],
    end_xy: tuple[float, ...],
    width_px: float,
    wobble_px: float,
) -> Stroke:
    length = float(np.hypot(end_xy[0] - start_xy[0], end_xy[1] - start_xy[1]))
    count = int(np.clip(length / 6, 2, 400))
    points = np.linspace(start_xy, end_xy, count)
    points += 0.3 * wobble_px * rng.standard_normal(points.shape)
    halves = 0.5 * width_px + wobble_px * profile(rng, count, max(3, count // 5))[:, None] * (0.5, 0.5)
    return Stroke(points, np.maximum(halves, 0.1 * width_px))


def _broken(rng: np.random.Generator, stroke: Stroke) -> list[Stroke]:
    """The line with stretches of it filled, or whole."""
    if rng.random() < 0.5:
        return [stroke]
    count = len(stroke.points_xy)
    is_open = profile(rng, count, max(4, count // 6)) > rng.uniform(-1.2, 0.2)
    runs = np.split(np.arange(count), np.flatnonzero(np.diff(is_open.astype(np.int8))) + 1)
    return [
        Stroke(stroke.points_xy[run], stroke.halves_px[run])
        for run in runs
        if is_open[run[0]] and len(run) > 1
    ]


def _print_boards(view_hwc: NDArray[np.uint8], rng: np.random.Generator, board_px: float) -> None:
    height, width = view_hwc.shape[:2]
    grain = lumps(rng, (height, width), rng.uniform(1.5, 4.0), stretch=rng.uniform(15, 40))
    boards = rng.normal(0, 0.05, int(height / board_px) + 2)[(np.arange(height) / board_px).astype(int)]
    strength = rng.uniform(0.02, 0.12)
    gain = 1 + strength * (grain.astype(np.float32) / 127.5 - 1) + boards[:, None].astype(np.float32)
    view_hwc[:] = np.clip(view_hwc * gain[:, :, None], 0, 255).astype(np.uint8)


def _tone_brick(
    pixels_hwc: NDArray[np.uint8], rng: np.random.Generator, box: tuple[float, float, float, float]
) -> None:
    height, width = pixels_hwc.shape[:2]
    left, right = (int(np.clip(v, 0, width)) for v in (box[0], box[2]))
    top, bottom = (int(np.clip(v, 0, height)) for v in (box[1], box[3]))
    tone = (1 + rng.normal(0, 0.07)) * (1 + rng.normal(0, 0.03) * np.array([1.0, 0.2, -1.0]))
    if right > left and bottom > top:
        brick = pixels_hwc[top:bottom, left:right]
        brick[:] = np.clip(brick * tone.astype(np.float32), 0, 255).astype(np.uint8)


def _upright(rng: np.random.Generator) -> float:
    """Mostly level or plumb, as built things are; sometimes the camera was turned."""
    heading = (np.pi / 2) * rng.integers(0, 2) + rng.normal(0, 0.03)
    return float(heading if rng.random() < 0.7 else rng.uniform(0, np.pi))


def _somewhere(rng: np.random.Generator, pixels_hwc: NDArray[np.uint8]) -> NDArray[np.float64]:
    height, width = pixels_hwc.shape[:2]
    return rng.uniform(0.08, 0.92, 2) * (width, height)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _tint(rng: np.random.Generator) -> tuple[float, float, float]:
    warmth = float(rng.normal(0, 0.06))
    return 1 - warmth, 1.0, 1 + warmth
