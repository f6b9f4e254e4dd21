"""``POST /v1/predict``: what ``crackscope predict --format json`` prints, for uploaded photos."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, File, UploadFile
from pydantic import BaseModel

from crackscope.errors import PhotoError
from crackscope.records import Failure, Outcome, Prediction
from crackscope.serving.batching import QueueFullError
from crackscope.serving.context import CurrentServer, Server
from crackscope.serving.errors import ApiError, busy, photo_refusal
from crackscope.serving.limits import check_files, upload_name

router = APIRouter(tags=["predict"])


class PredictionRow(BaseModel):
    """One photo: the fields of ``crackscope predict --format json``."""

    path: str
    label: str | None
    score: float | None
    threshold: float | None
    review: bool | None
    reason: str | None
    error: str | None


@router.post("/v1/predict", response_model=list[PredictionRow])
async def predict(
    server: CurrentServer, files: Annotated[list[UploadFile], File(description="Photos, any number.")]
) -> list[dict[str, Any]]:
    """Positive or Negative for each photo, in their order.

    A photo that can't be scored is a row with an error; where that is true of all, the answer is 413 (too
    large), 415 (no photo) or 422 (too small) with the rows in its details.
    """
    check_files(files, server.settings.limits)
    answers = await _answers(server, files)
    rows = [outcome.as_row() for outcome in (_outcome(*each) for each in zip(files, answers, strict=True))]
    for row in rows:
        server.metrics.predictions.labels(row["label"] or "error").inc()
    refusals = [answer for answer in answers if isinstance(answer, PhotoError)]
    if len(refusals) == len(answers):
        status, code = photo_refusal(refusals[0])
        raise ApiError(status, code, f"{rows[0]['path']}: {refusals[0]}", details={"photos": rows})
    return rows


async def _answers(server: Server, files: list[UploadFile]) -> list[Prediction | PhotoError]:
    limits = server.settings.limits
    try:
        futures = server.batcher.submit([(upload_name(file), file.file) for file in files])
    except QueueFullError:
        message = "too many photos wait for their answer; try again"
        raise busy("queue_full", message, limit=limits.queue) from None
    try:
        async with asyncio.timeout(limits.timeout_s):
            answers = await asyncio.gather(*map(asyncio.wrap_future, futures), return_exceptions=True)
    except TimeoutError:
        message = f"no answer within {limits.timeout_s:g} seconds; send fewer photos at once"
        raise busy("timed_out", message, limit_s=limits.timeout_s) from None
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, PhotoError):
            raise answer
    return answers  # type: ignore[return-value]


def _outcome(file: UploadFile, answer: Prediction | PhotoError) -> Outcome:
    return Failure(path=upload_name(file), error=str(answer)) if isinstance(answer, PhotoError) else answer
