from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic.finish import Finish, Look, paint_opening

#: Light from the right.
LOOK = Look(light_xy=(1.0, 0.0), grain=2.0, texture=4.0, blur_px=0.5, level=160.0)


def paint(finish: Finish) -> NDArray[np.float64]:
    """Mean brightness of each column of an even wall with a gap from column 30 to 60."""
    pixels = np.full((90, 90, 3), 160, dtype=np.uint8)
    covered = np.zeros((90, 90), dtype=np.uint8)
    covered[:, 30:60] = 255
    paint_opening(pixels, covered, (0, 0, 90, 90), finish, LOOK, np.random.default_rng(0))
    columns: NDArray[np.float64] = pixels.mean(axis=(0, 2))
    return columns


def test_the_edge_towards_the_light_throws_a_shadow_and_the_far_wall_is_lit() -> None:
    columns = paint(Finish(darkness=0.8, depth_px=12.0, lit_wall=0.6))
    assert columns[50:58].mean() < 60
    assert columns[32:45].mean() > columns[50:58].mean() + 30


def test_without_a_lit_wall_the_inside_is_evenly_dark() -> None:
    columns = paint(Finish(darkness=0.8, depth_px=12.0))
    assert abs(columns[32:45].mean() - columns[50:58].mean()) < 8


def test_the_surface_beside_a_plain_opening_stays_as_it_is() -> None:
    columns = paint(Finish(darkness=0.8, depth_px=12.0, lit_wall=0.6))
    assert np.abs(columns[:25] - 160).max() < 1
    assert np.abs(columns[65:] - 160).max() < 1
