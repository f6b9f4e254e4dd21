"""``/docs``: Swagger UI from files of an installed package, so that it works without a network."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response

from crackscope.serving.errors import ApiError

router = APIRouter(include_in_schema=False)

_STATIC = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon.png": "image/png",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>crackscope API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon.png">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = "SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true });\n"


@router.get("/docs")
def docs() -> HTMLResponse:
    """The API, described and ready to be tried."""
    return HTMLResponse(_PAGE)


@router.get("/docs/{name}")
def docs_file(name: str) -> Response:
    """A part of the page."""
    if name == "start.js":
        return Response(_START, media_type="text/javascript")
    if name not in _STATIC:
        raise ApiError(404, "not_found", "no such file")
    folder = Path(str(files("fastapi_offline"))) / "static"
    return FileResponse(folder / name, media_type=_STATIC[name])
