"""Where a project's photos were taken and what its maps show, in metres around their middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope.exporting.ground import Ground
from crackscope.exporting.records import ExportedPhoto
from crackscope.labels import Label
from crackscope.reporting.local_plane import LocalPlane, plane_around
from crackscope.serving.exported import project_photos
from crackscope.serving.models import Photo, Project
from crackscope.serving.photo_store import PhotoStore

#: East and north, to the centimetre.
PointM = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanArea:
    """An outline on the plan: of a map, or of a place on it; open where it is a line."""

    name: str
    closed: bool
    points_m: tuple[PointM, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPhoto:
    """A photo on the plan.

    Attributes:
        at_m: The camera, or the middle of a map.
        outline: Of a map; ``None`` where it is none.
        places: The places that count on a map.
        review_open: Whether a look is asked for.
    """

    id: int
    name: str
    label: Label | None
    review_open: bool
    at_m: PointM
    outline: PlanArea | None = None
    places: tuple[PlanArea, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """The plan: its middle in degrees, the photos on it, and how many do not know where they are."""

    latitude: float | None
    longitude: float | None
    photos: tuple[PlanPhoto, ...]
    without_position: int


def site_plan(session: Session, store: PhotoStore, project: Project) -> SitePlan:
    """The plan of a project."""
    numbers = session.scalars(select(Photo.id).where(Photo.project_id == project.id).order_by(Photo.id)).all()
    photos = list(zip(numbers, project_photos(session, store, project), strict=True))
    positions = [at for _, photo in photos if (at := _position(photo)) is not None]
    plane = plane_around(positions)
    if plane is None:
        return SitePlan(latitude=None, longitude=None, photos=(), without_position=len(photos))
    drawn = [_plan_photo(number, photo, at, plane) for number, photo in photos if (at := _position(photo))]
    return SitePlan(
        latitude=plane.latitude,
        longitude=plane.longitude,
        photos=tuple(drawn),
        without_position=len(photos) - len(drawn),
    )


def _position(photo: ExportedPhoto) -> tuple[float, float] | None:
    latitude, longitude = photo.entry.latitude, photo.entry.longitude
    return None if latitude is None or longitude is None else (latitude, longitude)


def _plan_photo(number: int, photo: ExportedPhoto, at: tuple[float, float], plane: LocalPlane) -> PlanPhoto:
    entry = photo.entry
    on_map = [(place.name, place.ground) for place in photo.places if place.ground is not None]
    return PlanPhoto(
        id=number,
        name=entry.name,
        label=entry.final_label,
        review_open=entry.review_open,
        at_m=_metres([(at[1], at[0])], plane)[0],
        outline=None if photo.ground is None else _area(entry.name, photo.ground, plane),
        places=tuple(_area(name, ground, plane) for name, ground in on_map),
    )


def _area(name: str, ground: Ground, plane: LocalPlane) -> PlanArea:
    points = [xy for line in ground.lines_wgs84 for xy in line]
    return PlanArea(name=name, closed=ground.closed, points_m=_metres(points, plane))


def _metres(lines_wgs84: Sequence[tuple[float, float]], plane: LocalPlane) -> tuple[PointM, ...]:
    metres = (plane.east_north_m(latitude, longitude) for longitude, latitude in lines_wgs84)
    return tuple((round(east, 3), round(north, 3)) for east, north in metres)
