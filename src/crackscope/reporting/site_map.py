"""Where the photos were taken: a plan without tiles or network, with north up, a scale bar and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crackscope.inspection.lengths import round_length
from crackscope.reporting.local_plane import plane_around
from crackscope.reporting.records import PhotoEntry

WIDTH, _MARGIN = 680.0, 34.0
_LOWEST, _HIGHEST = 200.0, 360.0
#: East-west and north-south. A smaller place is not enlarged further: GPS noise would look like a plan.
_SMALLEST_M = (20.0, 6.0)
_TEXT, _DOT = 11.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A photo on the map; ``number_xy`` is where its number is written, ``None`` where there is no room."""

    photo: PhotoEntry
    x: float
    y: float
    number_xy: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteMap:
    """The map in points: x to the right (east), y down (south).

    Attributes:
        bar: Length of the scale bar.
        bar_m: The same in metres.
        centre: Latitude and longitude of the middle.
    """

    width: float
    height: float
    places: tuple[Place, ...]
    bar: float
    bar_m: float
    centre: tuple[float, float]

    @property
    def numbers_left_out(self) -> int:
        """Photos whose number had no room."""
        return sum(place.number_xy is None for place in self.places)


def draw_site_map(photos: Sequence[PhotoEntry]) -> SiteMap | None:
    """The map of all photos that know their position; ``None`` where none does."""
    known = [
        (p, p.latitude, p.longitude) for p in photos if p.latitude is not None and p.longitude is not None
    ]
    if not known:
        return None
    positions = [(latitude, longitude) for _, latitude, longitude in known]
    plane = plane_around(positions)
    assert plane is not None
    metres = [plane.east_north_m(*position) for position in positions]
    east_m, south_m = [east for east, _ in metres], [-north for _, north in metres]
    span_m = [max(least, _span(along)) for least, along in zip(_SMALLEST_M, (east_m, south_m), strict=True)]
    inside = WIDTH - 2 * _MARGIN
    height = min(_HIGHEST, max(_LOWEST, inside * span_m[1] / span_m[0] + 2 * _MARGIN))
    per_m = min(inside / span_m[0], (height - 2 * _MARGIN) / span_m[1])
    spots = [(WIDTH / 2 + x * per_m, height / 2 + y * per_m) for x, y in zip(east_m, south_m, strict=True)]
    bar_m = round_length(WIDTH / 4 / per_m)
    return SiteMap(
        width=WIDTH,
        height=height,
        places=tuple(_places([photo for photo, _, _ in known], spots, height)),
        bar=bar_m * per_m,
        bar_m=bar_m,
        centre=(plane.latitude, plane.longitude),
    )


def _span(values: Sequence[float]) -> float:
    return max(values) - min(values)


def _places(photos: list[PhotoEntry], spots: list[tuple[float, float]], height: float) -> list[Place]:
    # Dots first: a number never hides another photo. What is to be looked at is numbered first.
    taken = [(x - _DOT, y - _DOT, x + _DOT, y + _DOT) for x, y in dict.fromkeys(spots)]
    taken.append((WIDTH - 46, 0, WIDTH, 60))
    taken.append((0, height - 34, WIDTH / 4 + 40, height))
    numbers: dict[int, tuple[float, float] | None] = {}
    for index in sorted(range(len(photos)), key=lambda i: (not photos[i].worth_showing, i)):
        numbers[index] = _room(str(photos[index].number), spots[index], height, taken)
    return [
        Place(photo=photo, x=x, y=y, number_xy=numbers[index])
        for index, (photo, (x, y)) in enumerate(zip(photos, spots, strict=True))
    ]


def _room(
    text: str, spot: tuple[float, float], height: float, taken: list[tuple[float, float, float, float]]
) -> tuple[float, float] | None:
    """Where the number's lower left corner goes: right, left, above or below its dot."""
    wide, gap = 0.62 * _TEXT * len(text), _DOT + 2
    x, y = spot
    corners = (
        (x + gap, y + 4),
        (x - gap - wide, y + 4),
        (x - wide / 2, y - gap),
        (x - wide / 2, y + gap + 9),
    )
    for left, bottom in corners:
        box = (left - 1, bottom - _TEXT, left + wide + 1, bottom + 1)
        inside = box[0] >= 0 and box[1] >= 0 and box[2] <= WIDTH and box[3] <= height
        if inside and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            return left, bottom
    return None


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
