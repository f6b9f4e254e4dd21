"""The records of an inspection report, from a project's rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope import __version__
from crackscope.bundle import Bundle
from crackscope.errors import DataError
from crackscope.labels import Label, ReviewReason
from crackscope.reporting.model_facts import facts_of_models
from crackscope.reporting.records import Decision, Inspection, ModelFacts, PhotoEntry, Report
from crackscope.reporting.results_file import region_of
from crackscope.serving.models import Photo, Project, Result, Review, now
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.photos import with_result


def project_report(session: Session, store: PhotoStore, project: Project, bundle: Bundle) -> Report:
    """All photos of a project, in the order in which they were uploaded, with every act of its reviewers."""
    query = with_result().where(Photo.project_id == project.id).order_by(Photo.id)
    rows = [(photo, result) for photo, result in session.execute(query)]
    acts = _acts(session, project)
    photos = tuple(
        _entry(number, photo, result, store.path(photo.sha256), acts[photo.id])
        for number, (photo, result) in enumerate(rows, start=1)
    )
    results = [result for _, result in rows if result is not None]
    hashes = dict.fromkeys(result.model_sha256 for result in results)
    return Report(
        inspection=Inspection(
            project=project.name,
            structure=project.structure,
            element=project.element,
            inspector=project.inspector,
            inspected_on=project.inspected_on,
            notes=project.notes,
        ),
        photos=photos,
        models=facts_of_models([ModelFacts(sha256=sha256) for sha256 in hashes], bundle),
        overlaps=tuple(sorted({float(result.settings["overlap"]) for result in results})),
        crackscope_version=__version__,
        made_at=now(),
        reviewed=True,
    )


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


def _acts(session: Session, project: Project) -> defaultdict[int, list[Review]]:
    query = select(Review).join(Photo).where(Photo.project_id == project.id).order_by(Review.id)
    acts: defaultdict[int, list[Review]] = defaultdict(list)
    for review in session.scalars(query):
        acts[review.photo_id].append(review)
    return acts


def _entry(
    number: int, photo: Photo, result: Result | None, file: Path, acts: Sequence[Review]
) -> PhotoEntry:
    known = PhotoEntry(
        number=number,
        name=photo.name,
        file=file,
        sha256=photo.sha256,
        photo_hw=(photo.height_px, photo.width_px) if photo.height_px else None,
        taken=photo.taken_at,
        camera=photo.camera,
        focal_length_mm=photo.focal_length_mm,
        latitude=photo.latitude,
        longitude=photo.longitude,
        error=None if result is not None else photo.error or photo.status,
        decisions=tuple(_decision(act) for act in acts),
    )
    return known if result is None else _scanned(known, result)


def _scanned(photo: PhotoEntry, result: Result) -> PhotoEntry:
    return replace(
        photo,
        label=Label(result.label),
        score=result.score,
        threshold=result.threshold,
        reason=None if result.reason is None else ReviewReason(result.reason),
        cracked_share=result.cracked_share,
        tile_px=(result.tile_px,),
        mm_per_px=result.settings.get("mm_per_px"),
        regions=tuple(region_of(region) for region in result.regions),
    )


def _decision(act: Review) -> Decision:
    left, top, right, bottom = act.box_ltrb or (0, 0, 0, 0)
    return Decision(
        action=act.action,
        old_label=None if act.old_label is None else Label(act.old_label),
        new_label=None if act.new_label is None else Label(act.new_label),
        box_ltrb=(left, top, right, bottom) if act.box_ltrb else None,
        note=act.note,
        who=act.who,
        when=act.created_at,
        undone=act.undone,
    )
