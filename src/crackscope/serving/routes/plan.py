"""``GET /v1/projects/{id}/plan``: where the photos of a project were taken."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from crackscope.labels import Label
from crackscope.serving.context import CurrentServer, CurrentSession, found
from crackscope.serving.fields import RowId
from crackscope.serving.models import Project
from crackscope.serving.site_plan import site_plan

router = APIRouter(tags=["projects"])


class PlanAreaDocument(BaseModel):
    """An outline on the plan, of a map or of a place on it: metres to the east and to the north."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    closed: bool
    points_m: list[tuple[float, float]]


class PlanPhotoDocument(BaseModel):
    """A photo on the plan, with the outline of a map and the places that count on it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    label: Label | None
    review_open: bool
    at_m: tuple[float, float]
    outline: PlanAreaDocument | None
    places: list[PlanAreaDocument]


class SitePlanDocument(BaseModel):
    """A plan around ``latitude`` and ``longitude``; null where no photo knows its position."""

    model_config = ConfigDict(from_attributes=True)

    latitude: float | None
    longitude: float | None
    photos: list[PlanPhotoDocument]
    without_position: int


@router.get("/v1/projects/{project_id}/plan")
def plan(server: CurrentServer, session: CurrentSession, project_id: RowId) -> SitePlanDocument:
    """Where the photos were taken, and what lies where on maps (GeoTIFF): metres on a plane, no network."""
    return SitePlanDocument.model_validate(
        site_plan(session, server.store, found(session, Project, project_id))
    )
