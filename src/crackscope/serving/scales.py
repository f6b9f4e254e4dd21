"""How many millimetres a pixel of a photo shows: measured by a person, typed, or told by the map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope.errors import SettingsError
from crackscope.inference.settings import mm_per_px_from_points
from crackscope.inspection.findings import PointXY
from crackscope.inspection.records import ScaleSource
from crackscope.serving.errors import ApiError
from crackscope.serving.models import Element, Photo, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoScale:
    """A photo's scale and how it is known; ``None`` is "uncalibrated"."""

    mm_per_px: float | None
    source: ScaleSource


def scale_of(photo: Photo, result: Result | None) -> PhotoScale:
    """What counts: the measured one, else what was typed, else what the map told the scan."""
    if photo.scale is not None:
        return PhotoScale(mm_per_px=float(photo.scale["mm_per_px"]), source=ScaleSource.MEASURED)
    typed = photo.settings.get("mm_per_px")
    if typed is not None:
        return PhotoScale(mm_per_px=typed, source=ScaleSource.USER)
    scanned = {} if result is None else result.settings
    # Results of earlier versions do not say; where nothing is typed, only a map can have told.
    if scanned.get("mm_per_px") is not None and scanned.get("scale", ScaleSource.MAP) == ScaleSource.MAP:
        return PhotoScale(mm_per_px=scanned["mm_per_px"], source=ScaleSource.MAP)
    return PhotoScale(mm_per_px=None, source=ScaleSource.UNCALIBRATED)


def measure(
    session: Session, photo: Photo, points_xy: tuple[PointXY, PointXY], length_mm: float, who: str
) -> None:
    """Keep the scale that a known length between two points of the photo gives. The caller commits.

    Raises:
        ApiError: The points are one, or outside the photo.
    """
    if not all(0 <= x <= photo.width_px and 0 <= y <= photo.height_px for x, y in points_xy):
        message = f"a point lies outside the photo of {photo.width_px} x {photo.height_px} pixels"
        raise ApiError(422, "invalid_request", message)
    try:
        mm_per_px = mm_per_px_from_points(points_xy[0], points_xy[1], length_mm)
    except SettingsError as error:
        raise ApiError(422, "invalid_request", str(error)) from None
    points = [list(point) for point in points_xy]
    keep_scale(photo, {"mm_per_px": mm_per_px, "points_xy": points, "length_mm": length_mm, "who": who})


def keep_scale(photo: Photo, scale: dict[str, object] | None) -> None:
    """Write a measured scale into the photo's row; its next scan knows it too."""
    photo.scale = scale
    photo.settings = {**photo.settings, "mm_per_px": None if scale is None else scale["mm_per_px"]}


def spread_to_element(session: Session, photo: Photo) -> list[Photo]:
    """Give the scale measured in a photo to all photos of its element, those added later as well.

    Returns:
        The photos that have it now. The caller commits.

    Raises:
        ApiError: The photo is of no element.
    """
    if photo.element_id is None:
        raise ApiError(409, "no_element", "this photo is of no element; put it into one first")
    element = session.get_one(Element, photo.element_id)
    photos = list(session.scalars(select(Photo).where(Photo.element_id == element.id)))
    for each in photos:
        keep_scale(each, photo.scale if each is photo else _taken_over(photo.scale, photo))
    element.mm_per_px = None if photo.scale is None else float(photo.scale["mm_per_px"])
    return photos


def take_over(element: Element, photos: Iterable[Photo]) -> None:
    """Give the element's scale to photos that come to it and have none of their own."""
    if element.mm_per_px is None:
        return
    for photo in photos:
        if photo.scale is None and photo.settings.get("mm_per_px") is None:
            keep_scale(photo, {"mm_per_px": element.mm_per_px})


def _taken_over(scale: dict[str, object] | None, photo: Photo) -> dict[str, object] | None:
    """The points are those of another photo, so they are not taken along."""
    return None if scale is None else {"mm_per_px": scale["mm_per_px"], "photo_id": photo.id}
