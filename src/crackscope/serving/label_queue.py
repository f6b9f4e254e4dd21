"""A project's labels looked at again: at which photos, what each person saw, how far they agree."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from pathlib import PurePosixPath

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from crackscope.dataset.agreement import agree
from crackscope.dataset.corrections import Correction, Corrections, Seen
from crackscope.dataset.discover import label_of_folders
from crackscope.labels import Label
from crackscope.serving.models import LabelAnswer, Photo, Result, now
from crackscope.serving.photos import with_result
from crackscope.serving.verdicts import lock_photo

#: For every doubted photo, so many others: what they show says how much doubt overlooks.
OTHERS_PER_DOUBTED = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedPhoto:
    """A photo to look at, and the label it came with."""

    photo: Photo
    given: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelQueue:
    """Photos to look at, the same ones in the same order for everybody.

    Attributes:
        photos: Those whose label the model doubts, mixed with a quarter of others.
        labelled: Photos that have a label, doubted or not; of copies one.
        without_label: Photos that nobody has labelled: neither a folder's name nor a review.
    """

    photos: tuple[QueuedPhoto, ...]
    labelled: int
    without_label: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two people, the photos that both looked at, those they saw alike, and Cohen's kappa."""

    first: str
    second: str
    both: int
    same: int
    kappa: float | None


def label_queue(session: Session, project_id: int) -> LabelQueue:
    """The queue of a project, from its scanned photos.

    A photo's label is what its folders' names say (``Positive/``, SDNET2018's), or what a person decided. The
    order is that of the photos' hashes, which says nothing of labels and scores.
    """
    labelled: list[tuple[QueuedPhoto, bool]] = []
    without = 0
    for photo, result in _first_of_each(session, project_id):
        given = given_label(photo)
        if given is None:
            without += 1
        else:
            labelled.append((QueuedPhoto(photo=photo, given=given), result.label != given))
    doubted = [queued for queued, doubts in labelled if doubts]
    others = [queued for queued, doubts in labelled if not doubts]
    chosen = [*doubted, *others[: math.ceil(OTHERS_PER_DOUBTED * len(doubted))]]
    chosen.sort(key=lambda queued: queued.photo.sha256)
    return LabelQueue(photos=tuple(chosen), labelled=len(labelled), without_label=without)


def given_label(photo: Photo) -> Label | None:
    """The label a photo came with; ``None``: only the model has spoken."""
    named = label_of_folders(PurePosixPath(photo.name))
    decided = None if photo.decision_id is None or photo.label is None else Label(photo.label)
    return named or decided


def answer(session: Session, photo: Photo, who: str, seen: Seen | None) -> None:
    """Keep what a person saw in a photo, in place of what they said before; ``None`` takes it back."""
    lock_photo(session, photo)
    session.execute(delete(LabelAnswer).where(LabelAnswer.photo_id == photo.id, LabelAnswer.who == who))
    if seen is not None:
        session.add(LabelAnswer(photo_id=photo.id, who=who, seen=str(seen), created_at=now()))
    session.commit()


def answers(session: Session, project_id: int, queue: LabelQueue) -> dict[str, Corrections]:
    """What each person saw, by name; those first who said something first."""
    queued = {each.photo.id: each for each in queue.photos}
    rows: defaultdict[str, list[Correction]] = defaultdict(list)
    query = select(LabelAnswer).join(Photo).where(Photo.project_id == project_id)
    for row in session.scalars(query.order_by(LabelAnswer.created_at)):
        if row.photo_id in queued:
            rows[row.who].append(_correction(queued[row.photo_id], row))
    return {who: Corrections(name=who, rows=tuple(said)) for who, said in rows.items()}


def pairs(said: Sequence[Corrections]) -> list[Pair]:
    """How far each two people agree."""
    found = [(one, other, agree(one, other)) for one, other in combinations(said, 2)]
    return [
        Pair(first=one.name, second=other.name, both=result.both, same=result.same, kappa=result.kappa)
        for one, other, result in found
    ]


def joined(said: Sequence[Corrections]) -> tuple[Correction, ...]:
    """One row per photo that anybody looked at; what people saw differently is not to be told."""
    return reduce(
        lambda one, other: Corrections(name="", rows=agree(one, other).merged),
        said,
        Corrections(name="", rows=()),
    ).rows


def _first_of_each(session: Session, project_id: int) -> Iterator[tuple[Photo, Result]]:
    """The project's scanned photos by their hashes; of the very same file the first."""
    before = None
    query = with_result().where(Photo.project_id == project_id, Photo.status == "done")
    for photo, result in session.execute(query.order_by(Photo.sha256, Photo.id)):
        if result is not None and photo.sha256 != before:
            before = photo.sha256
            yield photo, result


def _correction(queued: QueuedPhoto, row: LabelAnswer) -> Correction:
    return Correction(
        sha256=queued.photo.sha256,
        file=queued.photo.name,
        given=queued.given,
        seen=Seen(row.seen),
        seen_by=row.who,
        date=row.created_at.date().isoformat(),
    )
