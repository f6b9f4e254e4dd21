"""The parts of a structure: which there are, which photos show them, and how far their review is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from crackscope.labels import Label
from crackscope.serving.choosing import is_needed, is_reviewed
from crackscope.serving.errors import ApiError
from crackscope.serving.models import Element, FindingAct, FindingRow, Photo
from crackscope.serving.photos import with_result
from crackscope.serving.scales import take_over


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementCounts:
    """How many photos of an element are what, and its findings; all 0 where it has no photo."""

    photos: int = 0
    positive: int = 0
    negative: int = 0
    needed: int = 0
    reviewed: int = 0
    failed: int = 0
    findings: int = 0


def elements_of(session: Session, project_id: int) -> Sequence[Element]:
    """A project's elements by name, as people sort."""
    elements = session.scalars(select(Element).where(Element.project_id == project_id)).all()
    return sorted(elements, key=lambda element: (element.name.casefold(), element.id))


def count_elements(session: Session, project_id: int) -> dict[int | None, ElementCounts]:
    """The counts of each element; ``None`` are the photos of none."""
    rules = {
        "positive": Photo.label == str(Label.POSITIVE),
        "negative": Photo.label == str(Label.NEGATIVE),
        "needed": is_needed(),
        "reviewed": is_reviewed(),
        "failed": Photo.status == "failed",
    }
    columns = [func.coalesce(func.sum(case((rule, 1), else_=0)), 0) for rule in rules.values()]
    photos = with_result().where(Photo.project_id == project_id).group_by(Photo.element_id)
    rows = session.execute(photos.with_only_columns(Photo.element_id, func.count(Photo.id), *columns))
    findings = _count_findings(session, project_id)
    return {
        element: ElementCounts(
            photos=total,
            findings=findings.get(element, 0),
            **{name: int(number) for name, number in zip(rules, numbers, strict=True)},
        )
        for element, total, *numbers in rows
    }


def _count_findings(session: Session, project_id: int) -> dict[int | None, int]:
    latest = select(func.max(FindingAct.id)).join(FindingRow).where(FindingRow.project_id == project_id)
    standing = (
        select(Photo.element_id, func.count(FindingRow.id))
        .join(FindingRow, FindingRow.photo_id == Photo.id)
        .join(FindingAct, FindingAct.finding_id == FindingRow.id)
        .where(FindingAct.id.in_(latest.group_by(FindingAct.finding_id)), FindingAct.statement.is_not(None))
        .group_by(Photo.element_id)
    )
    return {row[0]: row[1] for row in session.execute(standing)}


def element_named(session: Session, project_id: int, name: str) -> Element:
    """The project's element of this name, made where there is none. The caller commits."""
    same = select(Element).where(Element.project_id == project_id, Element.name == name)
    element = session.scalar(same)
    if element is None:
        element = Element(project_id=project_id, name=name)
        session.add(element)
        session.flush()
    return element


def put_into(session: Session, element: Element | None, photos: Sequence[Photo]) -> None:
    """Put photos into an element, or with ``None`` into no one. The caller commits.

    Raises:
        ApiError: A photo is of another project.
    """
    for photo in photos:
        if element is not None and photo.project_id != element.project_id:
            raise ApiError(409, "other_project", f"photo {photo.id} is of another project than the element")
        photo.element_id = None if element is None else element.id
    if element is not None:
        take_over(element, photos)


def rename(session: Session, element: Element, name: str) -> Element:
    """Rename an element; where another has the name, both become one. The caller commits.

    Returns:
        The element that the photos are of now.
    """
    other = session.scalar(
        select(Element).where(
            Element.project_id == element.project_id, Element.name == name, Element.id != element.id
        )
    )
    if other is None:
        element.name = name
        return element
    session.execute(update(Photo).where(Photo.element_id == element.id).values(element_id=other.id))
    session.delete(element)
    return other
