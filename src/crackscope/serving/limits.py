"""What a request may bring: bytes, files, time, and how many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from fastapi import UploadFile
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crackscope.serving.errors import ApiError, busy
from crackscope.serving.settings import Limits

#: Bodies that are no photos: JSON of a few lines.
_SMALL_BODY_BYTES = 1_000_000

#: After a refusal this much is read and thrown away, so that clients which send before they listen get to
#: read the reason.
_DRAIN_BYTES, _DRAIN_S = 64_000_000, 5.0


class BodyLimit:
    """ASGI middleware: refuses bodies that are too long or too slow, and too many uploads at once."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits
        self._uploads = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a guarded body."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_upload = headers.get("content-type", "").startswith("multipart/")
        limit_bytes = self._limits.request_bytes if is_upload else _SMALL_BODY_BYTES
        try:
            self._refuse_at_once(headers, limit_bytes, is_upload)
        except ApiError as error:
            await _drain(receive)
            await error.response()(scope, receive, send)
            return
        self._uploads += is_upload
        try:
            await self._app(scope, _Body(receive, limit_bytes, self._limits.upload_s).receive, send)
        finally:
            self._uploads -= is_upload

    def _refuse_at_once(self, headers: Headers, limit_bytes: int, is_upload: bool) -> None:
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > limit_bytes:
            raise _too_long(limit_bytes)
        if is_upload and self._uploads >= self._limits.uploads:
            raise busy("too_many_uploads", "too many uploads at once; try again", limit=self._limits.uploads)


class _Body:
    def __init__(self, receive: Receive, limit_bytes: int, limit_s: float) -> None:
        self._receive, self._limit_bytes, self._bytes, self._complete = receive, limit_bytes, 0, False
        self._deadline = asyncio.get_running_loop().time() + limit_s

    async def receive(self) -> Message:
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise ApiError(408, "upload_too_slow", "the request did not arrive in time") from None
        self._bytes += len(message.get("body", b""))
        if self._bytes > self._limit_bytes:
            await _drain(self._receive)
            raise _too_long(self._limit_bytes)
        self._complete = not message.get("more_body", False)
        return message


async def _drain(receive: Receive) -> None:
    left_bytes = _DRAIN_BYTES
    try:
        async with asyncio.timeout(_DRAIN_S):
            while left_bytes > 0:
                message = await receive()
                left_bytes -= len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
    except TimeoutError:
        return


def _too_long(limit_bytes: int) -> ApiError:
    message = f"the request is longer than {limit_bytes:,} bytes; send fewer or smaller photos"
    # Closed, because what a client goes on sending would be read to its end otherwise.
    headers = {"Connection": "close"}
    return ApiError(413, "request_too_large", message, details={"limit_bytes": limit_bytes}, headers=headers)


def check_files(files: Sequence[UploadFile], limits: Limits) -> None:
    """Refuse too many files, and files that are too long.

    Raises:
        ApiError: 422 or 413, with the limit.
    """
    if len(files) > limits.files:
        message = f"{len(files)} files in one request; expected at most {limits.files}"
        raise ApiError(422, "too_many_files", message, details={"limit": limits.files})
    for file in files:
        if (file.size or 0) > limits.file_bytes:
            name = upload_name(file)
            message = f"{name} has {file.size:,} bytes; expected at most {limits.file_bytes:,}"
            raise ApiError(
                413, "photo_too_large", message, details={"photo": name, "limit_bytes": limits.file_bytes}
            )


def upload_name(file: UploadFile) -> str:
    """The file's name with the folders the client gave, without control characters; of a long one its end."""
    name = "".join(letter if letter.isprintable() else "_" for letter in file.filename or "")
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts)[-255:] or "photo"
