"""The photos, their pictures and the cells of their heat maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from crackscope.errors import PhotoError
from crackscope.serving import pictures
from crackscope.serving.choosing import PhotoChoice, PhotoCounts, Sort, count_photos, order
from crackscope.serving.context import CurrentServer, CurrentSession, Server, found
from crackscope.serving.documents import PhotoDocument, photo_document
from crackscope.serving.errors import ApiError, photo_refusal
from crackscope.serving.fields import RowId
from crackscope.serving.findings import findings_of_photo
from crackscope.serving.models import Photo, Result, Review
from crackscope.serving.photos import current_result, delete_photos, first_of_each
from crackscope.serving.verdicts import verdicts

router = APIRouter(prefix="/v1/photos", tags=["photos"])

CurrentChoice = Annotated[PhotoChoice, Depends()]

_THUMBNAIL_PX = 320
_PICTURE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/*": {}}}}


class PhotoPage(BaseModel):
    """Some of the photos asked for, and how many there are in all."""

    total: int
    photos: list[PhotoDocument]


class GridDocument(BaseModel):
    """The heat map: scores 0..1 by row, 4 decimals; a cell is the photo's size over rows and columns.

    ``scores`` say where a crack runs, ``tile_scores`` how sure the tiles over the cell are that there is one;
    regions follow from both. Results of earlier versions have no ``tile_scores``.
    """

    rows: int
    columns: int
    scores: list[list[float]]
    tile_scores: list[list[float]] | None = None


@router.get("")
def list_photos(
    session: CurrentSession,
    choice: CurrentChoice,
    sort: Sort = Sort.UPLOADED,
    descending: bool = False,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> PhotoPage:
    """Photos with their current result and decision."""
    query = choice.select()
    total = session.scalar(select(func.count()).select_from(query.with_only_columns(Photo.id).subquery()))
    rows = session.execute(
        query.order_by(*order(sort, descending=descending)).limit(limit).offset(offset)
    ).all()
    return PhotoPage(
        total=total or 0, photos=_documents(session, [(photo, result) for photo, result in rows])
    )


@router.get("/ids")
def list_ids(
    session: CurrentSession, choice: CurrentChoice, sort: Sort = Sort.UPLOADED, descending: bool = False
) -> list[int]:
    """The numbers of all chosen photos, in order: what comes before and after a photo."""
    query = choice.select().with_only_columns(Photo.id)
    return list(session.scalars(query.order_by(*order(sort, descending=descending))))


@router.get("/counts")
def count(session: CurrentSession, choice: CurrentChoice) -> PhotoCounts:
    """How many of the chosen photos wait, failed, are Positive, need a review; cheap enough to poll."""
    return count_photos(session, choice)


@router.get("/{photo_id}")
def get_photo(session: CurrentSession, photo_id: RowId) -> PhotoDocument:
    """One photo."""
    photo = found(session, Photo, photo_id)
    return _documents(session, [(photo, current_result(session, photo))])[0]


@router.delete("/{photo_id}", status_code=204)
def delete_photo(server: CurrentServer, session: CurrentSession, photo_id: RowId) -> Response:
    """Delete a photo for good, with its results and reviews."""
    delete_photos(session, server.store, [found(session, Photo, photo_id)])
    return Response(status_code=204)


@router.get("/{photo_id}/image", response_class=Response, responses=_PICTURE)
def image(
    server: CurrentServer,
    session: CurrentSession,
    photo_id: RowId,
    max_px: Annotated[int, Query(ge=16, le=pictures.LONGEST_PX)] = 2048,
) -> Response:
    """The photo as an upright JPEG without metadata, its longer side at most ``max_px``."""
    return _jpeg(server, session, photo_id, max_px)


@router.get("/{photo_id}/thumbnail", response_class=Response, responses=_PICTURE)
def thumbnail(server: CurrentServer, session: CurrentSession, photo_id: RowId) -> Response:
    """A small JPEG for a gallery."""
    return _jpeg(server, session, photo_id, _THUMBNAIL_PX)


@router.get("/{photo_id}/overlay", response_class=Response, responses=_PICTURE)
def overlay(server: CurrentServer, session: CurrentSession, photo_id: RowId) -> Response:
    """The annotated PNG that ``crackscope scan`` draws, with the places and findings that count now."""
    photo = found(session, Photo, photo_id)
    result = _result(session, photo)
    verdict = verdicts(session, [(photo, result)])[photo.id]
    findings = findings_of_photo(session, photo_id)
    file = server.store.path(photo.sha256)
    data = drawn(server, lambda: pictures.overlay_png(file, photo, result, verdict, findings))
    return picture(data, "image/png")


@router.get("/{photo_id}/grid")
def grid(session: CurrentSession, photo_id: RowId) -> GridDocument:
    """The scores of the photo's cells, for a heat map and a threshold of one's own."""
    return GridDocument(**_result(session, found(session, Photo, photo_id)).grid)


def _documents(session: Session, rows: Sequence[tuple[Photo, Result | None]]) -> list[PhotoDocument]:
    judged = verdicts(session, rows)
    numbers = [verdict.act.id for verdict in judged.values() if verdict.act is not None]
    copies = first_of_each(session, [photo for photo, _ in rows])
    settling = {review.id: review for review in session.scalars(select(Review).where(Review.id.in_(numbers)))}
    return [
        photo_document(
            photo,
            result,
            verdict,
            None if verdict.act is None else settling.get(verdict.act.id),
            copies.get(photo.id),
        )
        for photo, result in rows
        for verdict in [judged[photo.id]]
    ]


def _result(session: Session, photo: Photo) -> Result:
    result = current_result(session, photo)
    if result is None:
        raise ApiError(404, "no_result", f"photo {photo.id} has no result: it is {photo.status}")
    return result


def _jpeg(server: Server, session: Session, photo_id: int, max_px: int) -> Response:
    photo = found(session, Photo, photo_id)
    data = drawn(server, lambda: pictures.small_jpeg(server.store.path(photo.sha256), photo, max_px))
    return picture(data, "image/jpeg")


def drawn(server: Server, draw: Callable[[], bytes]) -> bytes:
    """A picture made of a stored photo, while there is a thread for it.

    Raises:
        ApiError: The photo can't be read.
    """
    try:
        with server.drawing:
            return draw()
    except PhotoError as error:
        status, code = photo_refusal(error)
        raise ApiError(status, code, str(error)) from None


def picture(data: bytes, media_type: str) -> Response:
    """An answer that the browser may keep."""
    # A photo never changes under its number; browsers may keep it, proxies may not.
    return Response(data, media_type=media_type, headers={"Cache-Control": "private, max-age=3600"})
