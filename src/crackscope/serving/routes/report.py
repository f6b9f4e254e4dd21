"""``GET /v1/projects/{id}/report.html|report.pdf|report.docx|report.xlsx``: what an engineer signs."""

from __future__ import annotations

import os
import tempfile
import threading
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from crackscope.errors import SettingsError
from crackscope.reporting.words import Words
from crackscope.reporting.write import Form, write_report
from crackscope.serving.context import CurrentServer, CurrentSession, found
from crackscope.serving.errors import ApiError, busy
from crackscope.serving.fields import RowId
from crackscope.serving.models import Project
from crackscope.serving.reports import project_report

router = APIRouter(tags=["reports"])

_TYPES = {
    Form.HTML: "text/html; charset=utf-8",
    Form.PDF: "application/pdf",
    Form.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.partition(";")[0]: {} for kind in _TYPES.values()}}
}
#: The report is ours and has no script; should a browser ever see one in it, it must not run.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
}
_WAIT_S = 120.0
#: A report of 500 photos takes some hundred megabytes and seconds of a processor: one at a time.
_one_at_a_time = threading.Lock()


class Language(StrEnum):
    """Those of `crackscope.reporting.words`."""

    ENGLISH = "en"
    GERMAN = "de"


@router.get("/v1/projects/{project_id}/report.{form}", response_class=FileResponse, responses=_FILES)
def report(
    server: CurrentServer,
    session: CurrentSession,
    project_id: RowId,
    form: Form,
    language: Annotated[Language, Query(description="Of words, numbers and dates.")] = Language.ENGLISH,
    zone: Annotated[
        str | None, Query(max_length=64, description="IANA name; without it the server's.")
    ] = None,
) -> FileResponse:
    """The report of a project: to read (HTML), to sign (PDF), to edit (Word), or its tables (Excel)."""
    project = found(session, Project, project_id)
    _check_zone(zone)
    content = project_report(
        session, server.store, project, server.classifier.bundle, server.comparisons, zone
    )
    handle, name = tempfile.mkstemp(dir=server.settings.data_dir, prefix=".report-", suffix=f".{form}")
    os.close(handle)
    target = Path(name)
    if not _one_at_a_time.acquire(timeout=_WAIT_S):
        target.unlink()
        raise busy("too_many_reports", "other reports are being made; try again")
    try:
        write_report(target, content, language=language)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    finally:
        _one_at_a_time.release()
    return FileResponse(
        target,
        media_type=_TYPES[form],
        filename=f"report-{project_id}.{form}",
        content_disposition_type="attachment" if form in (Form.XLSX, Form.DOCX) else "inline",
        headers=_HEADERS,
        background=BackgroundTask(target.unlink, missing_ok=True),
    )


def _check_zone(zone: str | None) -> None:
    try:
        Words(Language.ENGLISH, zone)
    except SettingsError as error:
        raise ApiError(422, "invalid_request", str(error)) from None
