"""One photo laid over another: right to a fraction of a pixel, or refused."""

from __future__ import annotations

import numpy as np
import pytest

from crackscope.revisiting.laying import comparable_cells, lay_over
from crackscope.revisiting.registration import Features, RefusedError, find_features, project, register
from tests.unit.revisiting.scenes import view, wall


def test_two_views_fit_within_a_pixel_also_at_the_corners() -> None:
    (earlier, from_earlier), (later, from_later) = view(wall(1), turn_deg=-5), view(wall(1), light=0.8)
    fit = register(find_features(earlier), find_features(later))
    corners = np.array([(30.0, 30.0), (450.0, 30.0), (450.0, 330.0), (30.0, 330.0)])
    truth = project(from_earlier @ np.linalg.inv(from_later), corners)
    assert np.abs(project(fit.later_to_earlier, corners) - truth).max() < 1.0
    assert fit.registration.confirmed > 0.8
    assert fit.registration.error_px < 1.5
    assert 0.8 < fit.registration.overlap <= 1.0


def test_large_photos_are_registered_reduced_and_answered_in_their_own_pixels() -> None:
    scene = wall(2, (1500, 2000))
    earlier, later = scene[:1200, :1600], scene[150:1350, 200:1800]
    fit = register(find_features(earlier), find_features(later))
    assert fit.later_to_earlier == pytest.approx(np.array([[1, 0, 200], [0, 1, 150], [0, 0, 1]]), abs=1.0)


def test_photos_of_two_places_are_refused() -> None:
    with pytest.raises(RefusedError, match=r"few_features|poor_fit|implausible|overlap|scale"):
        register(find_features(wall(3)), find_features(wall(4)))


def test_a_blank_photo_is_refused_and_no_fault() -> None:
    blank = np.full((200, 200, 3), 128, np.uint8)
    with pytest.raises(RefusedError, match="few_features"):
        register(find_features(blank), find_features(wall(1)))


def _half_of_another_wall(share: float) -> tuple[Features, Features]:
    earlier, later = wall(5), wall(6)
    shown = int(share * later.shape[1])
    later[:, :shown] = earlier[:, :shown]
    return find_features(earlier), find_features(later)


def test_where_only_a_part_fits_only_that_part_is_compared() -> None:
    fit = register(*_half_of_another_wall(0.6))
    cells = comparable_cells(fit, (360, 480), (36, 48))
    assert cells[1:-1, 1:24].all()
    assert not cells[:, 36:].any()


def test_a_corner_that_fits_is_not_enough() -> None:
    with pytest.raises(RefusedError, match="poor_fit"):
        register(*_half_of_another_wall(0.25))


def test_a_photo_three_times_as_near_is_refused() -> None:
    scene = wall(7, (1600, 2000))
    earlier, later = scene, scene[600:900, 800:1200]
    with pytest.raises(RefusedError, match=r"scale|few_features"):
        register(find_features(earlier[::4, ::4].copy()), find_features(later))


def test_laid_over_it_shows_the_same_in_the_same_light_and_only_where_both_look() -> None:
    scene = wall(8, (400, 700))
    earlier, later = (scene[:, :450] * 0.7).astype(np.uint8), scene[:, 150:]
    fit = register(find_features(earlier), find_features(later))
    laid = lay_over(earlier, later, fit)
    assert np.abs(laid.astype(int) - later).mean() < 5
    cells = comparable_cells(fit, (400, 550), (40, 55))
    assert cells[5:35, 3:25].all()
    assert not cells[:, 31:].any()  # the earlier photo ends at 300 of 550 pixels


def test_a_new_crack_does_not_raise_the_contrast_of_the_wall_before_it() -> None:
    scene = wall(9)
    later = scene.copy()
    later[170:182, 40:440] = 0
    fit = register(find_features(scene), find_features(later))
    laid = lay_over(scene, later, fit)
    assert laid[220:340].std() == pytest.approx(scene[220:340].std(), rel=0.1)


def test_the_same_photos_give_the_same_answer() -> None:
    sides = find_features(view(wall(1))[0]), find_features(view(wall(1), turn_deg=9)[0])
    assert register(*sides).registration == register(*sides).registration
