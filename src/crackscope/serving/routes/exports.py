"""``GET /v1/projects/{id}/export``: the reviews of a project as a data set."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.background import BackgroundTask

from crackscope.serving.context import CurrentServer, CurrentSession, found
from crackscope.serving.errors import ApiError
from crackscope.serving.exports import export_reviews, plan_export
from crackscope.serving.fields import RowId
from crackscope.serving.models import Project

router = APIRouter(tags=["reviews"])

_ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}


@router.get("/v1/projects/{project_id}/export", response_class=FileResponse, responses=_ZIP)
def export(server: CurrentServer, session: CurrentSession, project_id: RowId) -> FileResponse:
    """A zip of reviewed tiles: ``Positive/``, ``Negative/``, ``manifest.csv`` and ``origin.csv``.

    Unpacked, it is a folder that ``crackscope train`` takes. The manifest keeps all tiles of a photo in one
    part and holds some photos back for comparing models.
    """
    found(session, Project, project_id)
    with tempfile.TemporaryDirectory(dir=server.settings.data_dir, prefix=".export-") as name:
        folder = Path(name)
        if not export_reviews(session, server.store, [project_id], folder):
            message = "nothing to export: confirm, reject or relabel some photos or boxes first"
            raise ApiError(409, "nothing_reviewed", message)
        with tempfile.NamedTemporaryFile(
            dir=server.settings.data_dir, suffix=".zip", delete=False
        ) as archive:
            _zip(folder, Path(archive.name))
    target = Path(archive.name)
    return FileResponse(
        target,
        media_type="application/zip",
        filename=f"reviews-{project_id}.zip",
        background=BackgroundTask(target.unlink, missing_ok=True),
    )


class LeftOutPhoto(BaseModel):
    """A photo that is Positive as a whole, and nobody has said where."""

    id: int
    name: str


class ExportPlanDocument(BaseModel):
    """What the export would hold: tiles by label, and the photos that give none."""

    positive: int
    negative: int
    without_place: list[LeftOutPhoto]


@router.get("/v1/projects/{project_id}/export/plan")
def export_plan(session: CurrentSession, project_id: RowId) -> ExportPlanDocument:
    """What ``/export`` would hold, without making it."""
    found(session, Project, project_id)
    plan = plan_export(session, [project_id])
    return ExportPlanDocument(
        positive=plan.positive,
        negative=plan.negative,
        without_place=[LeftOutPhoto(id=number, name=name) for number, name in plan.without_place],
    )


def _zip(folder: Path, target: Path) -> None:
    # PNG tiles are compressed already.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
