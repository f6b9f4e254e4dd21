"""The records of an inspection report, from a project's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope import __version__
from crackscope.bundle import Bundle
from crackscope.errors import DataError
from crackscope.inspection.conditions import list_of
from crackscope.inspection.records import Act
from crackscope.reporting.records import Inspection, ModelFacts, PhotoEntry, Report, entry_of, facts_of_models
from crackscope.serving.comparisons import FOLDER, compared_with
from crackscope.serving.database import open_database
from crackscope.serving.elements import elements_of
from crackscope.serving.findings import findings_by_photo, findings_of_project
from crackscope.serving.models import Logo, Photo, Project, Result, now
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.photos import with_result
from crackscope.serving.rows import metadata_of, report_of
from crackscope.serving.verdicts import acts_of


def project_report(
    session: Session,
    store: PhotoStore,
    project: Project,
    bundle: Bundle,
    comparisons: Path,
    zone: str | None = None,
) -> Report:
    """The report of a project, with what changed since an earlier one where that was compared."""
    rows = project_entries(session, store, project)
    results = [row.result for row in rows if row.result is not None]
    hashes = dict.fromkeys(result.model_sha256 for result in results)
    return Report(
        inspection=Inspection(
            project=project.name,
            structure=project.structure,
            element=project.element,
            inspector=project.inspector,
            inspected_on=project.inspected_on,
            notes=project.notes,
            number=project.report_number,
            letterhead=project.letterhead,
            logo=session.scalar(select(Logo.png).where(Logo.project_id == project.id)),
        ),
        photos=tuple(row.entry for row in rows),
        models=facts_of_models([ModelFacts(sha256=sha256) for sha256 in hashes], bundle),
        overlaps=tuple(sorted({float(result.settings["overlap"]) for result in results})),
        crackscope_version=__version__,
        made_at=now(),
        zone=zone,
        conditions=list_of(project.condition_list, project.own_conditions),
        compared=compared_with(session, comparisons, project.id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectEntry:
    """A photo's rows, and the entry of a report that they make."""

    photo: Photo
    result: Result | None
    entry: PhotoEntry


def project_entries(session: Session, store: PhotoStore, project: Project) -> list[ProjectEntry]:
    """All photos of a project, in the order of their upload, with every act, element and finding."""
    query = with_result().where(Photo.project_id == project.id).order_by(Photo.id)
    rows = [(photo, result) for photo, result in session.execute(query)]
    acts = acts_of(session, [photo.id for photo, _ in rows])
    findings = findings_by_photo(findings_of_project(session, project.id))
    elements = {element.id: element.name for element in elements_of(session, project.id)}
    entries = []
    for number, (photo, result) in enumerate(rows, start=1):
        entry = replace(
            _entry(number, photo, result, store.path(photo.sha256), acts[photo.id]),
            element=elements.get(photo.element_id or 0, ""),
            findings=tuple(findings.get(photo.id, ())),
        )
        entries.append(ProjectEntry(photo=photo, result=result, entry=entry))
    return entries


def find_project(session: Session, name: str | None) -> Project:
    """The project of this number or name; without one, the only project there is.

    Raises:
        DataError: There is none, or several; says which there are.
    """
    projects = session.scalars(select(Project).order_by(Project.id)).all()
    found = [
        project for project in projects if name is None or name == str(project.id) or name == project.name
    ]
    if len(found) == 1:
        return found[0]
    if name is None:
        problem = f"there are {len(projects)} projects" if projects else "there is no project"
    else:
        problem = f"{len(found)} projects are called {name!r}" if found else f"there is no project {name!r}"
    listed = "; ".join(f"{project.id}: {project.name}" for project in projects[:20]) or "none"
    raise DataError(f"{problem}; give the number of one with --project ({listed})")


def data_dir_report(data_dir: Path, database: str | None, project: str | None, bundle: Bundle) -> Report:
    """The report of a project in a server's data folder, whether it runs or not.

    Raises:
        DataError: There is no such project, or several and none was named.
        SettingsError: The database can't be opened.
    """
    with open_database(database, data_dir)() as session:
        row = find_project(session, project)
        return project_report(session, PhotoStore(data_dir / "photos"), row, bundle, data_dir / FOLDER)


def _entry(number: int, photo: Photo, result: Result | None, file: Path, acts: Sequence[Act]) -> PhotoEntry:
    if result is not None:
        return entry_of(number, photo.name, report_of(photo, result), file=file, acts=tuple(acts))
    metadata = metadata_of(photo)
    return PhotoEntry(
        number=number,
        name=photo.name,
        file=file,
        sha256=photo.sha256,
        photo_hw=(photo.height_px, photo.width_px) if photo.height_px else None,
        taken=metadata.taken,
        camera=metadata.camera,
        focal_length_mm=metadata.focal_length_mm,
        latitude=metadata.latitude,
        longitude=metadata.longitude,
        error=photo.error or photo.status,
        acts=tuple(acts),
    )
