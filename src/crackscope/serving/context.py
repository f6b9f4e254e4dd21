"""What the routes work with: one record per running server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from crackscope.cpus import available_cpus
from crackscope.inference.classifier import CrackClassifier
from crackscope.serving.batching import MicroBatcher
from crackscope.serving.metrics import Metrics
from crackscope.serving.settings import ServeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Everything that lives as long as the server.

    Attributes:
        classifier: One thread per call; several may call it at a time.
        batcher: Classifies uploaded photos for all clients.
    """

    settings: ServeSettings
    classifier: CrackClassifier
    batcher: MicroBatcher
    metrics: Metrics

    def close(self) -> None:
        """Finish what was taken in, then let go."""
        self.batcher.close()


def open_server(settings: ServeSettings) -> Server:
    """Load the model.

    Raises:
        BundleError: The model folder is missing, damaged or foreign.
    """
    classifier = CrackClassifier.load(settings.model, threads=1)
    metrics = Metrics()
    batcher = MicroBatcher(
        classifier,
        threads=settings.threads or available_cpus(),
        batch_size=settings.batch_size,
        queue=settings.limits.queue,
        limit_pixels=settings.limits.pixels,
        on_batch=metrics.batch_photos.observe,
    )
    metrics.watch("crackscope_waiting_photos", "Photos waiting in /v1/predict.", lambda: batcher.unanswered)
    return Server(settings=settings, classifier=classifier, batcher=batcher, metrics=metrics)


def _server(request: Request) -> Server:
    return cast(Server, request.app.state.server)


CurrentServer = Annotated[Server, Depends(_server)]
