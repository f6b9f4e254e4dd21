"""What the routes work with: one record per running server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Annotated, TypeVar, cast

from fastapi import Depends, Request
from filelock import FileLock, Timeout
from sqlalchemy import select
from sqlalchemy.orm import Session

from crackscope.cpus import available_cpus
from crackscope.errors import OutputError, SettingsError
from crackscope.inference.classifier import CrackClassifier
from crackscope.serving.batching import MicroBatcher
from crackscope.serving.comparisons import FOLDER, Comparer
from crackscope.serving.database import Sessions, open_database
from crackscope.serving.errors import ApiError
from crackscope.serving.jobs import JobRunner
from crackscope.serving.metrics import Metrics
from crackscope.serving.models import Base, Photo
from crackscope.serving.photo_store import PhotoStore
from crackscope.serving.scan_workers import open_workers
from crackscope.serving.settings import ServeSettings
from crackscope.serving.site_model import site_model
from crackscope.serving.suggestions import Suggester

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Everything that lives as long as the server.

    Attributes:
        classifier: One for all; several may call it at a time.
        batcher: Classifies uploaded photos for all clients.
        runner: Scans stored photos.
        suggester: Says which tiles to review next.
        drawing: Held while a stored photo is decoded for a picture; as many at once as there are threads.
        lock: Held so that no second server works on the same data folder.
    """

    settings: ServeSettings
    classifier: CrackClassifier
    batcher: MicroBatcher
    metrics: Metrics
    sessions: Sessions
    store: PhotoStore
    runner: JobRunner
    suggester: Suggester
    drawing: BoundedSemaphore
    lock: FileLock

    @property
    def comparisons(self) -> Path:
        """Folder of the comparisons' results."""
        return self.settings.data_dir / FOLDER

    def start(self) -> None:
        """Go on with the scans that an earlier server did not finish."""
        with self.sessions() as session:
            self.store.sweep(set(session.scalars(select(Photo.sha256))))
        self.runner.start()

    def close(self) -> None:
        """Finish what was taken in, then let go."""
        self.batcher.close()
        self.runner.close()
        self.lock.release()


def open_server(settings: ServeSettings) -> Server:
    """Load the model and open the database.

    Raises:
        BundleError: The model folder is missing, damaged or foreign.
        SettingsError: The database can't be opened, or another server has the data folder.
        OutputError: The data folder can't be written to.
    """
    lock = _locked(settings)
    threads = settings.threads or available_cpus()
    classifier = CrackClassifier.load(settings.model or site_model(settings.data_dir), threads=threads)
    metrics, store = Metrics(), PhotoStore(settings.data_dir / "photos")
    sessions = open_database(settings.database_url, settings.data_dir)
    batcher = MicroBatcher(
        classifier,
        threads=threads,
        batch_size=settings.batch_size,
        queue=settings.limits.queue,
        limit_pixels=settings.limits.pixels,
        on_batch=metrics.batch_photos.observe,
    )
    runner = JobRunner(
        sessions,
        store,
        open_workers(classifier, threads=threads, ray=settings.ray),
        Comparer(
            sessions,
            store,
            classifier,
            settings.data_dir / FOLDER,
            threads=threads,
            limit_pixels=settings.limits.pixels,
        ),
        model_sha256=classifier.bundle.identity,
        limit_pixels=settings.limits.pixels,
        on_photo=lambda outcome: metrics.scanned.labels(outcome).inc(),
    )
    metrics.watch("crackscope_waiting_photos", "Photos waiting in /v1/predict.", lambda: batcher.unanswered)
    return Server(
        settings=settings,
        classifier=classifier,
        batcher=batcher,
        metrics=metrics,
        sessions=sessions,
        store=store,
        runner=runner,
        suggester=Suggester(store, classifier, threads=threads),
        drawing=BoundedSemaphore(threads),
        lock=lock,
    )


def _locked(settings: ServeSettings) -> FileLock:
    folder = settings.data_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "server.lock", thread_local=False)
        lock.acquire(timeout=0)
    except Timeout:
        raise SettingsError(f"another crackscope serve works on {folder}; name another --data-dir") from None
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror or error}") from error
    return lock


def _server(request: Request) -> Server:
    return cast(Server, request.app.state.server)


CurrentServer = Annotated[Server, Depends(_server)]


def _session(server: CurrentServer) -> Iterator[Session]:
    with server.sessions() as session:
        yield session


CurrentSession = Annotated[Session, Depends(_session)]


def found(session: Session, kind: type[Row], number: int) -> Row:
    """The row with this number.

    Raises:
        ApiError: 404, there is none.
    """
    row = session.get(kind, number)
    if row is None:
        raise ApiError(404, "not_found", f"there is no {kind.__name__.lower()} {number}")
    return row
