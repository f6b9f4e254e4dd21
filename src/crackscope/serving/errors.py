"""One shape for everything that goes wrong: ``{"error": {"code", "message", "details"}}``.

No message carries a path of this machine, a trace or a version.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException as StarletteHTTPException

from crackscope.errors import PhotoError, PhotoTooLargeError, UnexpectedPhotoError, UnreadablePhotoError

_log = logging.getLogger("crackscope.serving")


class ErrorBody(BaseModel):
    """What went wrong: a code for programs, a sentence for people."""

    code: str
    message: str
    details: dict[str, Any]


class ErrorDocument(BaseModel):
    """The body of every answer from 400 on."""

    error: ErrorBody


#: For the OpenAPI description: any route may answer with these.
ERRORS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": ErrorDocument, "description": "The request can't be answered; the code says why."},
    "5XX": {"model": ErrorDocument, "description": "The server can't answer now; 503 has Retry-After."},
}


class ApiError(HTTPException):
    """An answer other than the one asked for.

    Args:
        status: HTTP status.
        code: A short name that programs can rely on.
        message: What was found, what was expected, what to do.
        details: Numbers and names that belong to it.
        headers: Such as ``Retry-After``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message, dict(headers) if headers else None)
        self.code = code
        self.details = dict(details or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"

    def response(self) -> JSONResponse:
        """The answer to send."""
        return error_response(self.status_code, self.code, self.detail, self.details, self.headers)


def busy(code: str, message: str, *, status: int = 503, **details: Any) -> ApiError:
    """Too much to do right now; the client should come back."""
    return ApiError(status, code, message, details=details, headers={"Retry-After": "2"})


def database_away() -> ApiError:
    """The database can't be reached, or is locked for too long."""
    return busy("database_away", "the database does not answer")


def photo_refusal(error: Exception) -> tuple[int, str]:
    """Status and code for a photo that can't be scored."""
    if isinstance(error, PhotoTooLargeError):
        return 413, "photo_too_large"
    if isinstance(error, UnreadablePhotoError):
        return 415, "not_a_photo"
    if isinstance(error, UnexpectedPhotoError):
        return 500, "internal_error"
    return (422, "photo_unusable") if isinstance(error, PhotoError) else (500, "internal_error")


def error_response(
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error in the one shape."""
    body = {"error": {"code": code, "message": message, "details": dict(details or {})}}
    return JSONResponse(body, status, dict(headers) if headers else None)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error of the app in the one shape."""
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(IntegrityError, _conflict)
    app.add_exception_handler(StaleDataError, _conflict)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(Exception, _unexpected)


async def _http_error(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, ApiError):
        return error.response()
    assert isinstance(error, StarletteHTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    return error_response(error.status_code, code, error.detail or phrase, headers=error.headers)


async def _invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    # Only where and what: Pydantic also offers the input itself and a link that tells its version.
    problems = [
        {"where": [str(part) for part in problem["loc"]], "problem": problem["msg"]}
        for problem in error.errors()[:20]
    ]
    message = "; ".join(f"{'.'.join(each['where'])}: {each['problem']}" for each in problems)
    return error_response(422, "invalid_request", message, {"problems": problems})


async def _conflict(_: Request, error: Exception) -> JSONResponse:
    # Two tabs at once: what this one builds on was deleted, or the other was first.
    return error_response(409, "conflict", "someone else changed this at the same time; look again")


async def _database_away(_: Request, error: Exception) -> JSONResponse:
    _log.error("the database does not answer: %s", error)
    return database_away().response()


async def _unexpected(_: Request, error: Exception) -> JSONResponse:
    return error_response(500, "internal_error", "something went wrong on the server; its log has more")
