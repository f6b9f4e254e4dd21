"""The parts of a structure, and the scale that people measure in their photos."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crackscope.serving.auth import CurrentUser
from crackscope.serving.context import CurrentSession, found
from crackscope.serving.documents import ElementDocument, ScaleDocument
from crackscope.serving.elements import (
    ElementCounts,
    count_elements,
    element_named,
    elements_of,
    put_into,
    rename,
)
from crackscope.serving.errors import ApiError
from crackscope.serving.fields import Line, RowId
from crackscope.serving.models import Element, Photo, Project
from crackscope.serving.photos import current_result
from crackscope.serving.scales import keep_scale, measure, scale_of, spread_to_element
from crackscope.serving.verdicts import lock_photo

router = APIRouter(tags=["elements"])

_Pixel = Annotated[int, Field(ge=0, le=2**31 - 1)]
_PointXY = tuple[_Pixel, _Pixel]


class ElementFields(BaseModel):
    """What an element is called."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Line, Field(min_length=1)]


class PhotosFields(BaseModel):
    """The photos to put into an element; without an element they are of none."""

    model_config = ConfigDict(extra="forbid")

    element_id: RowId | None
    photo_ids: Annotated[list[RowId], Field(min_length=1, max_length=10_000)]


class ScaleOf(StrEnum):
    """What a measured scale is for."""

    PHOTO = "photo"
    ELEMENT = "element"


class ScaleFields(BaseModel):
    """Two points of the upright photo and the true distance between them."""

    model_config = ConfigDict(extra="forbid")

    points_xy: tuple[_PointXY, _PointXY]
    length_mm: Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
    of: ScaleOf = ScaleOf.PHOTO


@router.get("/v1/projects/{project_id}/elements")
def list_elements(session: CurrentSession, project_id: RowId) -> list[ElementDocument]:
    """A project's elements by name with their counts; last, as number 0, the photos of none, if any."""
    found(session, Project, project_id)
    counts = count_elements(session, project_id)
    documents = [
        _document(element, counts.get(element.id, ElementCounts()))
        for element in elements_of(session, project_id)
    ]
    if None in counts:
        documents.append(ElementDocument(id=0, name="", mm_per_px=None, **asdict(counts[None])))
    return documents


@router.post("/v1/projects/{project_id}/elements", status_code=201)
def add_element(session: CurrentSession, project_id: RowId, fields: ElementFields) -> ElementDocument:
    """Add an element; one of this name that is there already is the answer."""
    found(session, Project, project_id)
    element = element_named(session, project_id, fields.name)
    session.commit()
    return _counted(session, element)


@router.patch("/v1/elements/{element_id}")
def rename_element(session: CurrentSession, element_id: RowId, fields: ElementFields) -> ElementDocument:
    """Rename an element; where another has the name, the photos of both are its."""
    element = rename(session, found(session, Element, element_id), fields.name)
    session.commit()
    return _counted(session, element)


@router.delete("/v1/elements/{element_id}", status_code=204)
def delete_element(session: CurrentSession, element_id: RowId) -> Response:
    """Delete an element; its photos and findings stay, and are of none."""
    element = found(session, Element, element_id)
    session.execute(update(Photo).where(Photo.element_id == element.id).values(element_id=None))
    session.delete(element)
    session.commit()
    return Response(status_code=204)


@router.put("/v1/projects/{project_id}/photos/element", status_code=204)
def put_photos(session: CurrentSession, project_id: RowId, fields: PhotosFields) -> Response:
    """Put photos of the project into one of its elements, or into none."""
    found(session, Project, project_id)
    element = None if fields.element_id is None else found(session, Element, fields.element_id)
    photos = session.scalars(
        select(Photo).where(Photo.id.in_(fields.photo_ids), Photo.project_id == project_id)
    ).all()
    if len(photos) < len(set(fields.photo_ids)):
        raise ApiError(404, "not_found", "some of these photos are not in this project")
    put_into(session, element, photos)
    session.commit()
    return Response(status_code=204)


@router.put("/v1/photos/{photo_id}/scale")
def measure_scale(
    session: CurrentSession, who: CurrentUser, photo_id: RowId, fields: ScaleFields
) -> ScaleDocument:
    """Set the photo's scale, or that of all photos of its element, from a known length between two points.

    It holds at once, without another scan; the next scan takes it too.
    """
    photo = found(session, Photo, photo_id)
    lock_photo(session, photo)
    measure(session, photo, fields.points_xy, fields.length_mm, who)
    if fields.of is ScaleOf.ELEMENT:
        spread_to_element(session, photo)
    session.commit()
    return _scale_document(session, photo)


@router.delete("/v1/photos/{photo_id}/scale")
def take_scale_back(session: CurrentSession, photo_id: RowId) -> ScaleDocument:
    """Take a measured or typed scale back; what a map tells stays."""
    photo = found(session, Photo, photo_id)
    lock_photo(session, photo)
    keep_scale(photo, None)
    session.commit()
    return _scale_document(session, photo)


def _scale_document(session: Session, photo: Photo) -> ScaleDocument:
    scale = scale_of(photo, current_result(session, photo))
    return ScaleDocument.model_validate(
        {"mm_per_px": scale.mm_per_px, "source": scale.source, "measured": photo.scale}
    )


def _counted(session: Session, element: Element) -> ElementDocument:
    counts = count_elements(session, element.project_id)
    return _document(element, counts.get(element.id, ElementCounts()))


def _document(element: Element, counts: ElementCounts) -> ElementDocument:
    return ElementDocument(id=element.id, name=element.name, mm_per_px=element.mm_per_px, **asdict(counts))
