"""Who may ask: this machine only, or named users with a token each."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crackscope.errors import SettingsError
from crackscope.serving.errors import ApiError
from crackscope.serving.settings import ServeSettings
from crackscope.storage import write_json

USERS_NAME = "users.json"
USER_HEADER = "X-Crackscope-User"

_NAME = re.compile(r"[^\W_][\w .@+-]{0,63}")
_LOCAL_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?")
#: The page and its parts hold no data, and probes have no token.
_OPEN_PATHS = frozenset({"/", "/healthz", "/readyz", "/docs", "/openapi.json"})
_OPEN_FOLDERS = ("/page/", "/docs/")

_SECURITY_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; style-src 'self' "
    "'unsafe-inline'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Users:
    """Named users in a file of token hashes; changes count from the next request on.

    A token has 256 random bits, so a plain SHA-256 of it can't be guessed backwards, and a slow hash would
    only slow every request down.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = -1
        self._hashes: dict[str, str] = {}

    def names(self) -> list[str]:
        """All users, sorted."""
        return sorted(self._load())

    def add(self, name: str) -> str:
        """Add a user; returns the token, which is not kept.

        Raises:
            SettingsError: The name is taken, or no name.
        """
        if not _NAME.fullmatch(name):
            raise SettingsError(f"{name!r} is no user name; expected 1 to 64 letters, digits, '.', '-', '@'")
        hashes = self._load()
        if name in hashes:
            raise SettingsError(f"there is a user {name} already; remove it first for a new token")
        token = secrets.token_urlsafe(32)
        self._save({**hashes, name: _hash(token)})
        return token

    def remove(self, name: str) -> None:
        """Take a user's token away.

        Raises:
            SettingsError: There is no such user.
        """
        hashes = dict(self._load())
        if hashes.pop(name, None) is None:
            raise SettingsError(f"there is no user {name}; users: {', '.join(self.names()) or 'none'}")
        self._save(hashes)

    def find(self, token: str) -> str | None:
        """The user of a token, compared in constant time with every user's."""
        given, found = _hash(token), None
        for name, known in self._load().items():
            if hmac.compare_digest(given, known):
                found = name
        return found

    def _load(self) -> dict[str, str]:
        try:
            changed = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return {}
        if changed != self._read_at:
            self._hashes = json.loads(self._path.read_text(encoding="utf-8"))["users"]
            self._read_at = changed
        return self._hashes

    def _save(self, hashes: dict[str, str]) -> None:
        write_json(self._path, {"users": hashes})
        self._path.chmod(0o600)


class AccessControl:
    """ASGI middleware that knows who asks, refuses strangers, and sets the security headers."""

    def __init__(self, app: ASGIApp, settings: ServeSettings, users: Users) -> None:
        self._app, self._settings, self._users = app, settings, users

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through or answer it with an error."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            scope.setdefault("state", {})["user"] = self._admit(
                scope["method"], scope["path"], Headers(scope=scope)
            )
        except ApiError as error:
            await error.response()(scope, receive, send_with_headers)
            return
        await self._app(scope, receive, send_with_headers)

    def _admit(self, method: str, path: str, headers: Headers) -> str:
        host = headers.get("host", "")
        if self._settings.loopback and not _LOCAL_HOST.fullmatch(host):
            # A page elsewhere may let its own name point to 127.0.0.1 (DNS rebinding).
            raise ApiError(403, "host_not_allowed", "this server answers only to 127.0.0.1 and localhost")
        if method not in ("GET", "HEAD"):
            _refuse_other_sites(host, headers)
        if self._settings.needs_token and path not in _OPEN_PATHS and not path.startswith(_OPEN_FOLDERS):
            return self._user_of_token(headers)
        return _typed_name(headers)

    def _user_of_token(self, headers: Headers) -> str:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        user = self._users.find(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            message = "send a user's token as 'Authorization: Bearer TOKEN'"
            raise ApiError(401, "token_needed", message, headers={"WWW-Authenticate": "Bearer"})
        return user


def current_user(request: Request) -> str:
    """Who asks: the token's user, or on this machine the name typed on the page."""
    return str(request.state.user)


CurrentUser = Annotated[str, Depends(current_user)]


def _refuse_other_sites(host: str, headers: Headers) -> None:
    origin = headers.get("origin")
    other_origin = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
    if other_origin or headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise ApiError(403, "cross_site", "another site's page may not change anything here")


def _typed_name(headers: Headers) -> str:
    name = headers.get(USER_HEADER, "")
    # Headers are Latin-1 on the wire; the page sends UTF-8.
    name = name.encode("latin-1", "replace").decode("utf-8", "replace").strip()
    return name if _NAME.fullmatch(name) else "local"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8")).hexdigest()
