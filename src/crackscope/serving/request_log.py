"""One line of JSON for every answer of the server, for people who run it for others."""

from __future__ import annotations

import json
import logging
import sys
import time
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crackscope.errors import SettingsError

#: Names standard error instead of a file.
STANDARD_ERROR = Path("-")


def open_request_log(target: Path) -> logging.Logger:
    """A log of its own on a file, which may be rotated under it, or on standard error.

    Raises:
        SettingsError: The file can't be written.
    """
    log = logging.Logger("crackscope.requests", logging.INFO)
    try:
        handler = (
            logging.StreamHandler(sys.stderr)
            if target == STANDARD_ERROR
            else WatchedFileHandler(target, encoding="utf-8")
        )
    except OSError as error:
        raise SettingsError(f"cannot write the request log {target}: {error.strerror or error}") from error
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    return log


class RequestLog:
    """ASGI middleware that writes time, user, client, method, path, status, milliseconds and bytes.

    A path is logged without its query, and no header is: tokens never reach the log.
    """

    def __init__(self, app: ASGIApp, log: logging.Logger) -> None:
        self._app, self._log = app, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and write how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, size = time.perf_counter(), 500, 0

        async def noting_send(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        finally:
            self._log.info(json.dumps(_line(scope, status, size, time.perf_counter() - began)))


def _line(scope: Scope, status: int, size_bytes: int, seconds: float) -> dict[str, object]:
    client = scope.get("client")
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "client": client[0] if client else None,
        "user": scope.get("state", {}).get("user"),
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(1000 * seconds, 1),
        "bytes": size_bytes,
    }
