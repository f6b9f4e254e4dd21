"""``GET /v1/projects/{id}/suggestions``: what to review next, so that few reviews teach much."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict

from crackscope.serving.context import CurrentServer, CurrentSession, found
from crackscope.serving.fields import RowId
from crackscope.serving.models import Project
from crackscope.serving.suggestions import Suggestion, SuggestionReason

router = APIRouter(tags=["reviews"])


class SuggestionDocument(BaseModel):
    """A tile to review; ``box_ltrb`` as in ``POST /v1/photos/{id}/reviews``."""

    model_config = ConfigDict(from_attributes=True)

    photo_id: int
    box_ltrb: list[int]
    score: float
    reason: SuggestionReason


@router.get("/v1/projects/{project_id}/suggestions")
async def suggestions(
    server: CurrentServer,
    session: CurrentSession,
    project_id: RowId,
    n: Annotated[int, Query(ge=1, le=50)] = 10,
) -> list[SuggestionDocument]:
    """The next tiles to review: half that the model is unsure of and that differ, half drawn by chance.

    Photos and boxes that have a decision are left out. The same until something is reviewed or scanned.
    """

    def suggest() -> list[Suggestion]:
        found(session, Project, project_id)
        return server.suggester.suggest(session, project_id, n)

    # Waiting for one's turn takes no thread, and photos of one request at a time are decoded.
    async with server.suggester.turn:
        return [
            SuggestionDocument.model_validate(suggestion) for suggestion in await run_in_threadpool(suggest)
        ]
