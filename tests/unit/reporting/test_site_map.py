from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import pytest

from crackscope.reporting.records import PhotoEntry
from crackscope.reporting.site_map import SiteMap, draw_site_map


def _map(positions: Sequence[tuple[float, float]]) -> SiteMap:
    site = draw_site_map(
        [
            PhotoEntry(number=number, name="", latitude=latitude, longitude=longitude)
            for number, (latitude, longitude) in enumerate(positions, start=1)
        ]
    )
    assert site is not None
    assert all(0 <= place.x <= site.width and 0 <= place.y <= site.height for place in site.places)
    return site


def test_photos_without_a_position_have_no_map() -> None:
    assert draw_site_map([PhotoEntry(number=1, name="")]) is None
    assert draw_site_map([]) is None


def test_north_is_up_and_east_is_right() -> None:
    south_west, north_east = _map([(47.0, 8.0), (47.01, 8.01)]).places
    assert north_east.y < south_west.y
    assert north_east.x > south_west.x


def test_the_scale_bar_measures_the_distance_between_photos() -> None:
    # A thousandth of a degree of latitude is 111 m, of longitude at 60 degrees north half of that.
    site = _map([(60.0, 10.0), (60.001, 10.0), (60.0, 10.002)])
    origin, north, east = site.places
    metres_per_point = site.bar_m / site.bar
    assert (origin.y - north.y) * metres_per_point == pytest.approx(111.3, rel=0.01)
    assert (east.x - origin.x) * metres_per_point == pytest.approx(111.3, rel=0.01)
    assert site.bar_m == pytest.approx(50)


def test_one_photo_is_in_the_middle_of_a_place_and_not_enlarged_to_noise() -> None:
    site = _map([(47.0, 8.0)])
    assert (site.places[0].x, site.places[0].y) == (site.width / 2, site.height / 2)
    assert site.bar_m == 5


def test_across_the_date_line_neighbours_stay_neighbours() -> None:
    site = _map([(-17.0, 179.9999), (-17.0, -179.9999)])
    assert site.places[0].x < site.places[1].x
    assert site.bar_m <= 10
    assert abs(abs(site.centre[1]) - 180) < 1e-6


@pytest.mark.parametrize("position", [(90.0, 0.0), (-90.0, 180.0), (0.0, -180.0)])
def test_the_ends_of_the_earth_can_be_drawn(position: tuple[float, float]) -> None:
    site = _map([position, (position[0] * 0.9999, 1.0)])
    assert math.isfinite(site.bar)
    assert site.bar > 0


def test_numbers_do_not_cover_each_other_or_a_photo() -> None:
    positions = [(47 + (i % 19) / 1e4, 8 + (i // 19) / 1e4) for i in range(300)]
    site = _map(positions)
    written = [place for place in site.places if place.number_xy is not None]
    assert 10 < len(written) < 300
    assert site.numbers_left_out == 300 - len(written)
    boxes = []
    for place in written:
        assert place.number_xy is not None
        left, bottom = place.number_xy
        boxes.append((left, bottom - 10, left + 6.5 * len(str(place.photo.number)), bottom))
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    for box in boxes:
        assert not any(box[0] < p.x < box[2] and box[1] < p.y < box[3] for p in site.places)


def test_photos_at_one_spot_leave_room_for_the_number_of_what_is_to_be_looked_at() -> None:
    from crackscope.labels import Label

    sound = PhotoEntry(number=1, name="", latitude=47.0, longitude=8.0, label=Label.NEGATIVE)
    photos = [replace(sound, number=number) for number in range(1, 6)]
    photos.append(replace(sound, number=6, label=Label.POSITIVE))
    site = draw_site_map(photos)
    assert site is not None
    assert site.places[5].number_xy is not None
    assert site.numbers_left_out == 2
