"""What counts for the photos of the database: `inspection.verdict`, its answer kept with the photo.

The answer is written into the photo's row by the transaction that adds an act or a result, so that lists,
filters and counts read columns and no second rule says in SQL what counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from crackscope.inspection.codec import region_of
from crackscope.inspection.findings import CRACKS
from crackscope.inspection.records import Act, Region, Verdict
from crackscope.inspection.verdict import judge
from crackscope.labels import Label
from crackscope.serving.models import FindingAct, FindingRow, Photo, Result, Review
from crackscope.serving.photos import current_result


def lock_photo(session: Session, photo: Photo) -> None:
    """Let nobody else decide on this photo until the transaction ends; SQLite locks by writing."""
    session.execute(update(Photo).where(Photo.id == photo.id).values(attempts=Photo.attempts))
    session.refresh(photo)


def settle(session: Session, photo: Photo) -> Verdict:
    """Judge a photo anew and keep the answer in its row. The caller has locked it and commits."""
    session.flush()
    acts, stated = acts_of(session, [photo.id])[photo.id], cracks_stated(session, [photo.id])
    verdict = verdict_of(current_result(session, photo), acts, stated.get(photo.id))
    keep(photo, verdict)
    return verdict


def keep(photo: Photo, verdict: Verdict) -> None:
    """Write what counts into the photo's row."""
    photo.label = None if verdict.label is None else str(verdict.label)
    photo.decision_id = None if verdict.act is None else verdict.act.id
    photo.decided_as_whole = verdict.act is not None and verdict.act.box_ltrb is None
    photo.question = None if verdict.question is None else str(verdict.question)


def verdict_of(result: Result | None, acts: Sequence[Act], crack_stated: datetime | None = None) -> Verdict:
    """What counts for a photo with this result, these acts, and a crack that a finding stated then."""
    label = None if result is None else Label(result.label)
    return judge(label, () if result is None else regions_of(result), acts, crack_stated=crack_stated)


def verdicts(session: Session, rows: Iterable[tuple[Photo, Result | None]]) -> dict[int, Verdict]:
    """What counts for some photos, by their numbers."""
    known = list(rows)
    acts = acts_of(session, [photo.id for photo, _ in known])
    stated = cracks_stated(session, [photo.id for photo, _ in known])
    return {photo.id: verdict_of(result, acts[photo.id], stated.get(photo.id)) for photo, result in known}


def cracks_stated(session: Session, photo_ids: Sequence[int]) -> dict[int, datetime]:
    """When findings last stated a crack in some photos; photos without such a finding are not among them."""
    of_photos = select(func.max(FindingAct.id)).join(FindingRow).where(FindingRow.photo_id.in_(photo_ids))
    query = (
        select(FindingRow.photo_id, FindingAct.statement, FindingAct.created_at)
        .join(FindingRow)
        .where(
            FindingAct.id.in_(of_photos.group_by(FindingAct.finding_id)), FindingAct.statement.is_not(None)
        )
        .order_by(FindingAct.id)
    )
    rows = session.execute(query)
    return {photo_id: when for photo_id, stated, when in rows if stated["kind"] in CRACKS}


def acts_of(session: Session, photo_ids: Iterable[int]) -> Mapping[int, list[Act]]:
    """All acts on some photos, oldest first; an empty list where there are none."""
    acts: defaultdict[int, list[Act]] = defaultdict(list)
    query = select(Review).where(Review.photo_id.in_(list(photo_ids))).order_by(Review.id)
    for review in session.scalars(query):
        acts[review.photo_id].append(act_of(review))
    return acts


def act_of(review: Review) -> Act:
    """A row as the record that page and report know."""
    left, top, right, bottom = review.box_ltrb or (0, 0, 0, 0)
    return Act(
        id=review.id,
        action=review.action,
        old_label=None if review.old_label is None else Label(review.old_label),
        new_label=None if review.new_label is None else Label(review.new_label),
        box_ltrb=(left, top, right, bottom) if review.box_ltrb else None,
        note=review.note,
        who=review.who,
        when=review.created_at,
        undone=review.undone,
    )


def regions_of(result: Result) -> tuple[Region, ...]:
    """The model's regions, as ``results.json`` writes them and the row keeps them."""
    return tuple(region_of(document) for document in result.regions)
