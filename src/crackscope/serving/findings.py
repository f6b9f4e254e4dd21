"""Findings of a project: stated, changed and withdrawn, each act kept; numbers are given once."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from crackscope.errors import SettingsError
from crackscope.inspection.conditions import list_of
from crackscope.inspection.findings import Finding, Statement, problem_of, statement_document, statement_of
from crackscope.serving.errors import ApiError
from crackscope.serving.models import Element, FindingAct, FindingRow, Photo, Project
from crackscope.serving.photos import with_result
from crackscope.serving.scales import scale_of
from crackscope.serving.verdicts import lock_photo, settle


def add_finding(
    session: Session, photo: Photo, statement: Statement, who: str, key: str | None = None
) -> FindingRow:
    """Number a finding and keep what is stated; an act whose key is known was kept before.

    Raises:
        ApiError: The photo has no project, the statement does not fit, or the key is another act's.
    """
    if photo.project_id is None:
        raise ApiError(409, "no_project", "this photo is in no project; findings need one")
    project = session.get_one(Project, photo.project_id)
    _lock(session, project)
    lock_photo(session, photo)
    if (known := _known(session, key)) is not None:
        row = session.get_one(FindingRow, known.finding_id)
        if (row.photo_id, known.who) != (photo.id, who):
            raise _key_used()
        return row
    _check(project, photo, statement)
    project.last_finding += 1
    row = FindingRow(project_id=project.id, photo_id=photo.id, number=project.last_finding)
    session.add(row)
    session.flush()
    session.add(_act(row, statement, who, key))
    settle(session, photo)
    session.commit()
    return row


def change_finding(
    session: Session,
    row: FindingRow,
    statement: Statement | None,
    who: str,
    *,
    seen_act: int | None = None,
    key: str | None = None,
) -> None:
    """State a finding anew; ``None`` withdraws it. A withdrawn one that is stated again is there again.

    With ``seen_act``, the act that the person looked at, nothing is kept where another came since.

    Raises:
        ApiError: The statement does not fit, someone was faster, or the key is another act's.
    """
    project = session.get_one(Project, row.project_id)
    _lock(session, project)
    if (known := _known(session, key)) is not None:
        if (known.finding_id, known.who) != (row.id, who):
            raise _key_used()
        return
    last = last_act(session, row)
    if seen_act is not None and seen_act != last.id:
        raise ApiError(
            409, "finding_changed", f"{last.who} changed finding {row.number} meanwhile; look again"
        )
    photo = session.get_one(Photo, row.photo_id)
    lock_photo(session, photo)
    if statement is not None:
        _check(project, photo, statement)
    session.add(_act(row, statement, who, key))
    settle(session, photo)
    session.commit()


def last_act(session: Session, row: FindingRow) -> FindingAct:
    """What counts for a finding."""
    query = select(FindingAct).where(FindingAct.finding_id == row.id).order_by(FindingAct.id.desc())
    return session.scalars(query.limit(1)).one()


def acts_of_finding(session: Session, row: FindingRow) -> Sequence[FindingAct]:
    """All acts on a finding, oldest first."""
    return session.scalars(
        select(FindingAct).where(FindingAct.finding_id == row.id).order_by(FindingAct.id)
    ).all()


def findings_of_project(session: Session, project_id: int) -> tuple[Finding, ...]:
    """A project's findings by number, without those that were withdrawn."""
    return _findings(session, FindingRow.project_id == project_id)


def findings_of_photo(session: Session, photo_id: int) -> tuple[Finding, ...]:
    """A photo's findings by number, without those that were withdrawn."""
    return _findings(session, FindingRow.photo_id == photo_id)


def finding_now(session: Session, row: FindingRow) -> Finding | None:
    """The finding of a row; ``None`` where it was withdrawn."""
    return next(iter(_findings(session, FindingRow.id == row.id)), None)


def findings_by_photo(findings: Sequence[Finding]) -> dict[int, list[Finding]]:
    """Findings by the number of their photo's row."""
    found: dict[int, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.photo_id, []).append(finding)
    return found


def _findings(session: Session, which: ColumnElement[bool]) -> tuple[Finding, ...]:
    latest = select(func.max(FindingAct.id)).join(FindingRow).where(which).group_by(FindingAct.finding_id)
    query = (
        select(FindingRow, FindingAct)
        .join(FindingAct)
        .where(FindingAct.id.in_(latest), FindingAct.statement.is_not(None))
        .order_by(FindingRow.number)
    )
    rows = session.execute(query).all()
    numbers = {row.photo_id for row, _ in rows}
    photos = {
        photo.id: (photo, result)
        for photo, result in session.execute(with_result().where(Photo.id.in_(numbers)))
    }
    elements = {photo.element_id for photo, _ in photos.values()}
    named = session.execute(select(Element.id, Element.name).where(Element.id.in_(elements)))
    names = {element.id: element.name for element in named}
    found = []
    for row, act in rows:
        photo, result = photos[row.photo_id]
        found.append(
            Finding(
                id=row.id,
                number=row.number,
                statement=statement_of(act.statement or {}),
                photo_id=photo.id,
                photo=photo.name,
                photo_sha256=photo.sha256,
                element=names.get(photo.element_id or 0, ""),
                who=act.who,
                when=act.created_at,
                mm_per_px=scale_of(photo, result).mm_per_px,
                act_id=act.id,
            )
        )
    return tuple(found)


def _act(row: FindingRow, statement: Statement | None, who: str, key: str | None) -> FindingAct:
    stated = None if statement is None else statement_document(statement)
    return FindingAct(finding_id=row.id, statement=stated, who=who, key=key)


def _check(project: Project, photo: Photo, statement: Statement) -> None:
    problem = problem_of(statement, (photo.height_px, photo.width_px)) or _rating_problem(project, statement)
    if problem is not None:
        raise ApiError(422, "invalid_request", problem)


def _rating_problem(project: Project, statement: Statement) -> str | None:
    if len({rating.scale for rating in statement.ratings}) < len(statement.ratings):
        return "a scale is rated twice"
    try:
        chosen = list_of(project.condition_list, project.own_conditions)
    except SettingsError as error:
        return str(error)
    codes = {} if chosen is None else chosen.codes
    for rating in statement.ratings:
        if rating.code not in codes.get(rating.scale, ()):
            return f"the project's condition list has no class {str(rating)!r}"
    return None


def _known(session: Session, key: str | None) -> FindingAct | None:
    return None if key is None else session.scalar(select(FindingAct).where(FindingAct.key == key))


def _key_used() -> ApiError:
    return ApiError(409, "key_used", "this key belongs to another act; make a new one for each")


def _lock(session: Session, project: Project) -> None:
    """Let nobody else number or change findings until the transaction ends; SQLite locks by writing."""
    same = update(Project).where(Project.id == project.id)
    session.execute(same.values(last_finding=Project.last_finding))
    session.refresh(project)
