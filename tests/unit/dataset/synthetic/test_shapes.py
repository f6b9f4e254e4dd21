from __future__ import annotations

import numpy as np
import pytest

from crackscope.dataset.synthetic.shapes import Stroke, blob, bounding_box, cover


def _line(start: tuple[float, float], end: tuple[float, float], width_px: float) -> Stroke:
    return Stroke(np.linspace(start, end, 50), np.full((50, 2), width_px / 2))


@pytest.mark.parametrize("width_px", [0.5, 1.0, 2.0, 5.5, 14.0])
@pytest.mark.parametrize("end", [(190.0, 100.3), (100.2, 190.0), (180.0, 160.0)])
def test_a_line_covers_its_width_times_its_length(width_px: float, end: tuple[float, float]) -> None:
    start = (20.0, 20.0)
    covered = cover([_line(start, end, width_px).outline()], (0, 0, 200, 200))
    length = np.hypot(end[0] - start[0], end[1] - start[1])
    assert covered.sum() / 255 / length == pytest.approx(width_px, abs=0.2)


def test_overlapping_shapes_cover_a_pixel_once() -> None:
    square = np.array([[10.0, 10.0], [20.0, 10.0], [20.0, 20.0], [10.0, 20.0]])
    covered = cover([square, square], (0, 0, 40, 40))
    assert covered.max() == 255
    assert covered.sum() / 255 == pytest.approx(100, rel=0.06)


def test_a_large_canvas_drawn_in_tiles_has_no_seams() -> None:
    lines = [_line((-5.0, 30.0), (1300.0, 700.0), 7.0).outline(), _line((500, -5), (530, 900), 1.0).outline()]
    whole = cover(lines, (0, 0, 1200, 800))
    for left, top in ((400, 100), (511, 300), (480, 480)):
        part = cover(lines, (left, top, left + 300, top + 200))
        np.testing.assert_array_equal(part, whole[top : top + 200, left : left + 300])


def test_a_bounding_box_stays_in_the_photo() -> None:
    assert bounding_box([np.array([[-50.0, 5.0], [500.0, 9.0]])], (100, 200), 10) == (0, 0, 200, 19)


def test_a_bounding_box_outside_the_photo_has_no_area() -> None:
    left, _, right, _ = bounding_box([np.array([[300.0, 5.0], [500.0, 9.0]])], (100, 200), 0)
    assert right == left


@pytest.mark.parametrize("radius_px", [1.0, 3.0, 12.0, 40.0])
def test_a_blob_is_about_as_large_as_asked(radius_px: float) -> None:
    rng = np.random.default_rng(3)
    outlines = [blob(rng, np.array([0.0, 0.0]), radius_px) for _ in range(100)]
    mean = np.mean([np.hypot(*outline.T).mean() for outline in outlines])
    assert 0.6 * radius_px < mean < 1.2 * radius_px
