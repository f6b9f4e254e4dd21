"""Projects: what is inspected, by whom and when."""

from __future__ import annotations

import base64
import binascii
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from crackscope.errors import SettingsError
from crackscope.inspection.conditions import list_of, own_list
from crackscope.reporting.logo import read_logo
from crackscope.serving.comparisons import forget_project
from crackscope.serving.context import CurrentServer, CurrentSession, found
from crackscope.serving.documents import ProjectDocument
from crackscope.serving.errors import ApiError
from crackscope.serving.fields import Line, Paragraphs, RowId
from crackscope.serving.models import Logo, Photo, Project
from crackscope.serving.photos import delete_photos

router = APIRouter(prefix="/v1/projects", tags=["projects"])

_Name = Annotated[Line, Field(min_length=1)]


class ProjectFields(BaseModel):
    """What a person says of a project."""

    model_config = ConfigDict(extra="forbid")

    name: _Name
    structure: Line = ""
    element: Line = ""
    inspector: Line = ""
    inspected_on: date | None = None
    notes: Paragraphs = ""
    condition_list: Annotated[str, Field(description="ri-ebw-pruef, aashto, own, or none.")] = ""
    own_conditions: Annotated[Paragraphs, Field(description="A class a line: code, colon, meaning.")] = ""
    report_number: Annotated[Line, Field(description="On the report, as its maker counts.")] = ""
    letterhead: Annotated[Paragraphs, Field(description="Name and address, a line each.")] = ""


class ProjectChanges(ProjectFields):
    """The fields to change; the others stay."""

    name: _Name = "unchanged"


@router.get("")
def list_projects(session: CurrentSession) -> list[ProjectDocument]:
    """All projects, newest first."""
    return [
        _document(session, project)
        for project in session.scalars(select(Project).order_by(Project.id.desc()))
    ]


@router.post("", status_code=201)
def create_project(session: CurrentSession, fields: ProjectFields) -> ProjectDocument:
    """Begin a project."""
    project = Project(**fields.model_dump())
    _check_conditions(project)
    session.add(project)
    session.commit()
    return _document(session, project)


@router.get("/{project_id}")
def get_project(session: CurrentSession, project_id: RowId) -> ProjectDocument:
    """One project."""
    return _document(session, found(session, Project, project_id))


@router.patch("/{project_id}")
def change_project(session: CurrentSession, project_id: RowId, changes: ProjectChanges) -> ProjectDocument:
    """Change some fields."""
    project = found(session, Project, project_id)
    for name, value in changes.model_dump(exclude_unset=True).items():
        setattr(project, name, value)
    _check_conditions(project)
    session.commit()
    return _document(session, project)


@router.delete("/{project_id}", status_code=204)
def delete_project(server: CurrentServer, session: CurrentSession, project_id: RowId) -> Response:
    """Delete a project for good, with its photos, results, reviews and comparisons."""
    project = found(session, Project, project_id)
    photos = session.scalars(select(Photo).where(Photo.project_id == project_id)).all()
    delete_photos(session, server.store, photos)
    forget_project(session, server.comparisons, project_id)
    session.delete(project)
    session.commit()
    return Response(status_code=204)


class LogoFields(BaseModel):
    """A picture as text."""

    model_config = ConfigDict(extra="forbid")

    image: Annotated[str, Field(max_length=1_000_000, description="A PNG or JPEG file in base64.")]


@router.put("/{project_id}/logo")
def set_logo(session: CurrentSession, project_id: RowId, fields: LogoFields) -> ProjectDocument:
    """Put a logo on the project's report, in place of the one before; it is kept as a small PNG."""
    project = found(session, Project, project_id)
    try:
        png = read_logo(base64.b64decode(fields.image, validate=True))
    except binascii.Error:
        raise ApiError(422, "invalid_request", "the logo is not written in base64") from None
    except SettingsError as error:
        raise ApiError(422, "invalid_request", str(error)) from None
    session.merge(Logo(project_id=project_id, png=png))
    session.commit()
    return _document(session, project)


@router.get("/{project_id}/logo", response_class=Response, responses={200: {"content": {"image/png": {}}}})
def get_logo(session: CurrentSession, project_id: RowId) -> Response:
    """The logo as it stands on the report."""
    return Response(found(session, Logo, project_id).png, media_type="image/png")


@router.delete("/{project_id}/logo", status_code=204)
def delete_logo(session: CurrentSession, project_id: RowId) -> Response:
    """Take the logo off; without one, nothing happens."""
    found(session, Project, project_id)
    session.execute(delete(Logo).where(Logo.project_id == project_id))
    session.commit()
    return Response(status_code=204)


def _check_conditions(project: Project) -> None:
    try:
        list_of(project.condition_list, project.own_conditions)
        own_list(project.own_conditions)
    except SettingsError as error:
        raise ApiError(422, "invalid_request", str(error)) from None


def _document(session: Session, project: Project) -> ProjectDocument:
    document = ProjectDocument.model_validate({**project.__dict__, "photos": 0})
    count = select(func.count()).where(Photo.project_id == project.id)
    document.photos = session.scalar(count) or 0
    document.has_logo = (
        session.scalar(select(Logo.project_id).where(Logo.project_id == project.id)) is not None
    )
    return document
