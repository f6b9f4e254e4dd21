"""Probes and metrics."""

from __future__ import annotations

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from crackscope.serving.context import CurrentServer

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process is alive."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(server: CurrentServer) -> dict[str, str]:
    """The model is loaded; requests will be answered."""
    return {"status": "ready"}


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics(server: CurrentServer) -> Response:
    """Counters for Prometheus."""
    return Response(server.metrics.text(), media_type=CONTENT_TYPE_LATEST)
