"""Probes and metrics."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from crackscope.serving.context import CurrentServer, CurrentSession
from crackscope.serving.errors import busy, database_away

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process is alive; answered also when all threads are busy."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(server: CurrentServer, session: CurrentSession) -> dict[str, str]:
    """The model is loaded, the database answers and scans are worked on."""
    try:
        session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        raise database_away() from None
    if not server.runner.alive:
        raise busy("scans_stopped", "scans are not worked on; the server's log has more")
    return {"status": "ready"}


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(server: CurrentServer) -> Response:
    """Counters for Prometheus."""
    return Response(server.metrics.text(), media_type=CONTENT_TYPE_LATEST)
