"""``/v1/projects/{id}/label-queue``: labels as a queue to look at again, and the corrections that follow."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from crackscope.dataset.corrections import Seen, corrections_text
from crackscope.serving import label_queue, pictures
from crackscope.serving.auth import CurrentUser
from crackscope.serving.context import CurrentServer, CurrentSession, found
from crackscope.serving.errors import ApiError
from crackscope.serving.fields import RowId
from crackscope.serving.models import Photo, Project
from crackscope.serving.routes.photos import drawn, picture

router = APIRouter(tags=["labels"])

_LARGEST_PX = 1024
_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
_PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}}}


class QueuedPhotoDocument(BaseModel):
    """A photo to look at, and what the caller saw. No name, label or score: only the picture speaks."""

    photo_id: int
    sha256: str
    seen: Seen | None


class PairDocument(BaseModel):
    """Two people: photos that both looked at, those seen alike, Cohen's kappa (null: undefined)."""

    model_config = ConfigDict(from_attributes=True)

    first: str
    second: str
    both: int
    same: int
    kappa: float | None


class LabelQueueDocument(BaseModel):
    """The photos to look at, and how far people agree.

    ``labelled`` photos have a label (from their folder's name or a review), ``without_label`` have none.
    """

    photos: list[QueuedPhotoDocument]
    labelled: int
    without_label: int
    people: list[str]
    agreement: list[PairDocument]


class LabelFields(BaseModel):
    """What was seen in the photo at full size; null takes an answer back."""

    model_config = ConfigDict(extra="forbid")

    seen: Seen | None


@router.get("/v1/projects/{project_id}/label-queue")
def labels(session: CurrentSession, who: CurrentUser, project_id: RowId) -> LabelQueueDocument:
    """Photos whose label the model doubts, mixed with a quarter of others, in an order that says nothing."""
    found(session, Project, project_id)
    queue = label_queue.label_queue(session, project_id)
    said = label_queue.answers(session, project_id, queue)
    mine = said[who].by_sha256() if who in said else {}
    return LabelQueueDocument(
        photos=[
            QueuedPhotoDocument(photo_id=photo.id, sha256=photo.sha256, seen=mine.get(photo.sha256))
            for photo in (queued.photo for queued in queue.photos)
        ],
        labelled=queue.labelled,
        without_label=queue.without_label,
        people=list(said),
        agreement=[PairDocument.model_validate(pair) for pair in label_queue.pairs(list(said.values()))],
    )


@router.post("/v1/photos/{photo_id}/label")
def say(session: CurrentSession, who: CurrentUser, photo_id: RowId, fields: LabelFields) -> LabelFields:
    """Keep what the caller saw, in place of what they said before; said twice it is the same."""
    label_queue.answer(session, found(session, Photo, photo_id), who, fields.seen)
    return fields


@router.get("/v1/photos/{photo_id}/raised", response_class=Response, responses=_PICTURE)
def raised(server: CurrentServer, session: CurrentSession, photo_id: RowId) -> Response:
    """The photo with contrast raised, its longer side at most 1024 pixels."""
    photo = found(session, Photo, photo_id)
    path = server.store.path(photo.sha256)
    return picture(drawn(server, lambda: pictures.raised_jpeg(path, photo, _LARGEST_PX)), "image/jpeg")


@router.get("/v1/projects/{project_id}/corrections.csv", response_class=Response, responses=_CSV)
def corrections(session: CurrentSession, project_id: RowId) -> Response:
    """All answers as a ``corrections.csv``; what people saw differently is not to be told."""
    found(session, Project, project_id)
    said = label_queue.answers(session, project_id, label_queue.label_queue(session, project_id))
    if not said:
        raise ApiError(409, "nothing_labelled", "nobody has looked at a label of this project yet")
    headers = {"Content-Disposition": f'attachment; filename="corrections-{project_id}.csv"'}
    text = corrections_text(label_queue.joined(list(said.values())))
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
