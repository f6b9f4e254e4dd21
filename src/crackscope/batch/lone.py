"""Photos one at a time in a process of their own, for a shard whose worker died: it survives what they do."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from crackscope.batch.photos import PhotoHere
from crackscope.batch.tasks import Answer, Outcomes, Task
from crackscope.batch.trials import Trial
from crackscope.records import Failure

#: The row of a photo that is given up.
KILLER_REASON = (
    "the process that looked at it died each time, also alone: out of memory, or a fault of a decoder"
)


class _LoneTask:
    """The actor: a task of its own, for one photo at a time."""

    def __init__(self, load: Any) -> None:
        self._task: Task = load()

    def answer(self, photo: PhotoHere) -> Outcomes:
        [(_, outcomes)] = self._task.answer([photo])
        return outcomes


class LonePhotos:
    """Looks at photos in a process that may die.

    Args:
        load: Loads the task, in the process.
    """

    def __init__(self, load: Any) -> None:
        self._load = load
        self._actor: Any = None

    def answer_all(self, photos: Iterable[PhotoHere | Failure], trial: Trial) -> Generator[Answer]:
        """The rows of each photo, in order; those that kill are failures."""
        try:
            for number, photo in enumerate(photos):
                if isinstance(photo, Failure):
                    yield photo, [photo]
                else:
                    yield photo, self._answer(number, photo, trial)
        finally:
            self._end_process()

    def _answer(self, number: int, photo: PhotoHere, trial: Trial) -> Outcomes:
        while not trial.is_killer(number):
            trial.at(number)
            try:
                return list(ray.get(self._process().answer.remote(photo)))
            except ray.exceptions.RayActorError:
                trial.died_at(number)
                self._actor = None
        return [photo.failure(KILLER_REASON)]

    def _process(self) -> Any:
        if self._actor is None:
            # On this machine, where the photo's file is; without a claim of its own, because the worker that
            # asks waits for it.
            here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
            remote = ray.remote(num_cpus=0, max_restarts=0, scheduling_strategy=here)(_LoneTask)
            self._actor = remote.remote(self._load)
        return self._actor

    def _end_process(self) -> None:
        if self._actor is not None:
            with contextlib.suppress(ray.exceptions.RayError):
                ray.kill(self._actor)
            self._actor = None
