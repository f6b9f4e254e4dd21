"""The web application: routes, middleware, and what starts and stops with them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool

from crackscope.serving.auth import USERS_NAME, AccessControl, Users
from crackscope.serving.context import Server, open_server
from crackscope.serving.errors import ERRORS, install_error_handlers
from crackscope.serving.limits import BodyLimit
from crackscope.serving.metrics import RequestMetrics
from crackscope.serving.request_log import RequestLog, open_request_log
from crackscope.serving.routes import (
    comparisons,
    docs,
    elements,
    exports,
    findings,
    health,
    labels,
    model,
    page,
    photos,
    plan,
    predict,
    projects,
    report,
    reviews,
    scans,
    suggestions,
)
from crackscope.serving.settings import ServeSettings


def create_app(settings: ServeSettings) -> FastAPI:
    """Build the application; the model is loaded before it returns.

    Raises:
        CrackscopeError: See `open_server`.
    """
    # Before the model and the database, which would have to be closed again.
    request_log = None if settings.request_log is None else open_request_log(settings.request_log)
    server = open_server(settings)
    app = FastAPI(
        title="crackscope",
        description="Says of photos of concrete whether and where they are cracked.",
        version="1",
        docs_url=None,
        redoc_url=None,
        lifespan=_closing(server),
        responses=ERRORS,
    )
    app.state.server = server
    install_error_handlers(app)
    for routes in (
        predict,
        scans,
        photos,
        projects,
        reviews,
        findings,
        elements,
        suggestions,
        exports,
        labels,
        report,
        comparisons,
        model,
        health,
        docs,
        plan,
        page,
    ):
        app.include_router(routes.router)
    # The last one added is the first to see a request.
    app.add_middleware(BodyLimit, limits=settings.limits)
    app.add_middleware(AccessControl, settings=settings, users=Users(settings.data_dir / USERS_NAME))
    app.add_middleware(RequestMetrics, metrics=server.metrics)
    if request_log is not None:
        app.add_middleware(RequestLog, log=request_log)
    return app


def _closing(server: Server) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(server.start)
        yield
        await run_in_threadpool(server.close)

    return lifespan
