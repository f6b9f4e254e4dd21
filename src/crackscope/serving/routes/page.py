"""``/``: the page, plain files of this package that use only the API."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from crackscope.serving.errors import ApiError

router = APIRouter(include_in_schema=False)

_FOLDER = Path(str(files("crackscope.serving") / "page"))
# Named here, because what Windows takes a .js file for depends on what else is installed.
_TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PARTS = {path.name: path for path in _FOLDER.iterdir() if path.suffix in _TYPES}
#: Nothing inline, nothing from elsewhere; pictures fetched with a token become blob addresses.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)


@router.get("/")
def page() -> FileResponse:
    """The page."""
    return _part("index.html")


@router.get("/page/{name}")
def part(name: str) -> FileResponse:
    """A part of the page."""
    if name not in _PARTS:
        raise ApiError(404, "not_found", "no such file")
    return _part(name)


def _part(name: str) -> FileResponse:
    path = _PARTS[name]
    # Asked for anew each time: after an update no old module may meet a new one.
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
    return FileResponse(path, media_type=_TYPES[path.suffix], headers=headers)
