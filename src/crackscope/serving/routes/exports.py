"""What a project holds as files: reviews as a data set, places for other programs, labels for other tools."""

from __future__ import annotations

import tempfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.background import BackgroundTask

from crackscope.errors import DataError, MissingExtraError
from crackscope.exporting.forms import LabelForm, PlacesForm
from crackscope.exporting.labels import write_labels
from crackscope.exporting.write import write_places
from crackscope.serving.context import CurrentServer, CurrentSession, Server, found
from crackscope.serving.errors import ApiError, busy
from crackscope.serving.exported import project_photos
from crackscope.serving.exports import export_reviews, plan_export
from crackscope.serving.fields import RowId
from crackscope.serving.models import Project

router = APIRouter(tags=["reviews"])

_ENDING_TYPES = {"zip": "application/zip", "csv": "text/csv; charset=utf-8", "json": "application/json"}
_PLACES_TYPES = {
    PlacesForm.CSV: "text/csv; charset=utf-8",
    PlacesForm.GEOJSON: "application/geo+json",
    PlacesForm.GPKG: "application/geopackage+sqlite3",
    PlacesForm.DXF: "image/vnd.dxf",
    PlacesForm.ZIP: "application/zip",
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {kind.partition(";")[0]: {} for kind in (*_PLACES_TYPES.values(), *_ENDING_TYPES.values())}
    }
}
_WAIT_S = 120.0
_one_at_a_time = threading.Lock()

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


@router.get("/v1/projects/{project_id}/places.{form}", response_class=FileResponse, responses=_FILES)
def places(
    server: CurrentServer,
    session: CurrentSession,
    project_id: RowId,
    form: PlacesForm,
    pixels: Annotated[bool, Query(description="Draw a DXF in pixels, also where photos are maps.")] = False,
) -> FileResponse:
    """The places that count (regions, drawn boxes, findings) as a table, map, drawing, or pictures (zip)."""
    photos = project_photos(session, server.store, found(session, Project, project_id))
    with _new_file(server, f".{form}") as target:
        write_places(target, photos, pixels=pixels)
    return _sent(target, _PLACES_TYPES[form], f"places-{project_id}.{form}")


@router.get("/v1/projects/{project_id}/labels/{form}", response_class=FileResponse, responses=_FILES)
def labels(
    server: CurrentServer,
    session: CurrentSession,
    project_id: RowId,
    form: LabelForm,
    unreviewed: Annotated[
        bool, Query(description="Take the model's regions too, where nobody has decided.")
    ] = False,
) -> FileResponse:
    """What people decided as labels for other tools; photos that are not settled are left out."""
    photos = project_photos(session, server.store, found(session, Project, project_id))
    with _new_file(server, f".{form.ending}") as target:
        write_labels(target, form, photos, unreviewed=unreviewed)
    return _sent(target, _ENDING_TYPES[form.ending], f"labels-{project_id}-{form}.{form.ending}")


@contextmanager
def _new_file(server: Server, ending: str) -> Iterator[Path]:
    """A file to write, deleted where that fails; one at a time, because each takes a processor and memory."""
    if not _one_at_a_time.acquire(timeout=_WAIT_S):
        raise busy("too_many_reports", "other exports are being made; try again")
    try:
        with tempfile.NamedTemporaryFile(
            dir=server.settings.data_dir, prefix=".export-", suffix=ending, delete=False
        ) as file:
            target = Path(file.name)
        try:
            yield target
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    except DataError as error:
        raise ApiError(409, "nothing_to_export", str(error)) from None
    except MissingExtraError as error:
        raise ApiError(501, "extra_missing", str(error)) from None
    finally:
        _one_at_a_time.release()


def _sent(target: Path, kind: str, name: str) -> FileResponse:
    gone = BackgroundTask(target.unlink, missing_ok=True)
    return FileResponse(target, media_type=kind, filename=name, background=gone)


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
