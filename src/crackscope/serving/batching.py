"""Micro-batching: photos of all clients share runs of the model.

One pool of threads does everything. A decoded photo is put on a list and "classify what is on the list" is
queued behind the decoding that was asked for before; so a run takes all that became ready meanwhile, and a
lone photo waits for nobody. There is no timer to tune: batches grow with the load.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from crackscope.errors import PhotoError
from crackscope.guard import one_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.inputs import ReadyPhoto
from crackscope.inference.outputs import ModelOutputs, ScoredPhoto, scored_photo
from crackscope.records import Failure, Prediction


class QueueFullError(Exception):
    """More photos wait than the server is willing to hold."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    photo: ReadyPhoto
    name: str
    answer: Future[Prediction]


class MicroBatcher:
    """Classifies single photos for many clients at once.

    Args:
        classifier: Its own threads work on the tiles of photos that are larger than a patch.
        threads: Photos that are decoded, and runs of the model, at a time.
        batch_size: Photos in one run, at most.
        queue: Photos taken in and not answered, at most.
        limit_pixels: Photos with more are refused.
        on_batch: Told the size of every run.
    """

    def __init__(
        self,
        classifier: CrackClassifier,
        *,
        threads: int,
        batch_size: int,
        queue: int,
        limit_pixels: int,
        on_batch: Callable[[int], None] = lambda size: None,
    ) -> None:
        self._classifier, self._batch_size, self._queue = classifier, batch_size, queue
        self._reading = classifier.reading(limit_pixels=limit_pixels)
        self._on_batch = on_batch
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="predict")
        self._ready: deque[_Waiting] = deque()
        self._lock = threading.Lock()
        self._unanswered = 0

    @property
    def unanswered(self) -> int:
        """Photos taken in and not answered yet."""
        return self._unanswered

    def submit(self, photos: list[tuple[str, BinaryIO]]) -> list[Future[Prediction]]:
        """Take in photos by name and open file; each answer is a prediction or raises its `PhotoError`.

        Raises:
            QueueFullError: There is no room for all of them, so none was taken.
        """
        with self._lock:
            if self._unanswered + len(photos) > self._queue:
                raise QueueFullError
            self._unanswered += len(photos)
        return [self._submit(name, file) for name, file in photos]

    def close(self) -> None:
        """Answer what was taken in, then stop."""
        while self._unanswered:
            self._pool.submit(lambda: None).result()
        self._pool.shutdown(wait=True)

    def _submit(self, name: str, file: BinaryIO) -> Future[Prediction]:
        answer: Future[Prediction] = Future()
        answer.add_done_callback(self._answered)
        self._pool.submit(self._decode, name, file, answer)
        return answer

    def _answered(self, _: Future[Prediction]) -> None:
        with self._lock:
            self._unanswered -= 1

    def _decode(self, name: str, file: BinaryIO, answer: Future[Prediction]) -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            photo = self._classifier.read(file.read(), name, self._reading)
        except Exception as error:
            answer.set_exception(error)
            return
        if isinstance(photo, ScoredPhoto):
            self._judge(name, lambda: photo, answer)
            return
        self._ready.append(_Waiting(photo, name, answer))
        self._pool.submit(self._classify)

    def _classify(self) -> None:
        with self._lock:
            batch = [self._ready.popleft() for _ in range(min(self._batch_size, len(self._ready)))]
        if not batch:
            return
        try:
            outputs = self._classifier.infer(np.stack([waiting.photo.pixels_hwc for waiting in batch]))
        except Exception:
            # One of them may be at fault, and must not take the photos of others with it.
            for waiting in batch:
                self._classify_alone(waiting)
            return
        self._on_batch(len(batch))
        for index, waiting in enumerate(batch):
            self._answer(waiting, outputs, index)

    def _classify_alone(self, waiting: _Waiting) -> None:
        try:
            with one_photo(waiting.name):
                outputs = self._classifier.infer(waiting.photo.pixels_hwc[None])
        except Exception as error:
            waiting.answer.set_exception(error)
            return
        self._answer(waiting, outputs, 0)

    def _answer(self, waiting: _Waiting, outputs: ModelOutputs, index: int) -> None:
        name, photo = waiting.name, waiting.photo
        self._judge(name, lambda: scored_photo(name, photo, outputs, index), waiting.answer)

    def _judge(
        self, name: str, scored: Callable[[], ScoredPhoto | Failure], answer: Future[Prediction]
    ) -> None:
        try:
            with one_photo(name):
                outcome = self._classifier.judge(scored())
                if isinstance(outcome, Failure):
                    raise PhotoError(outcome.error)
        except Exception as error:
            answer.set_exception(error)
            return
        answer.set_result(outcome)
