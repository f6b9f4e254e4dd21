"""The training loop: steps, checkpoints, and the decay that turns a checkpoint into weights."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from crackscope.errors import ResumeError
from crackscope.training.interrupt import DeferredInterrupt
from studies.pretraining.batches import batch
from studies.pretraining.export import export_weights
from studies.pretraining.features import (
    TAP_WEIGHTS,
    Student,
    Teacher,
    channel_spread,
    differences,
    fit_to_teacher,
)
from studies.pretraining.images import ImagePool
from studies.pretraining.plan import PretrainPlan
from studies.pretraining.state import (
    STABLE_NAME,
    PretrainState,
    append_log,
    decay_path,
    load_state,
    save_state,
    snapshot_path,
)

#: Batches that the teacher's channels are measured on, before the first step.
_MEASURED_BATCHES = 8

#: Longest gradient; the first joint steps would otherwise overshoot.
_GRADIENT_NORM = 2.0

#: Gets a line of the log: step, seconds, learning rate, the difference at every tap.
LogRow = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """How far a call goes.

    Attributes:
        steps: Steps of the stable phase in all; ``None`` stays where the run is.
        decay_steps: Steps of the decay after them; 0 for none.
        save_every_s: Seconds between checkpoints.
        log_every: Steps between lines of the log.
        snapshot_every: Steps between students that are kept, for a curve of probes; 0 for none.
    """

    steps: int | None
    decay_steps: int = 0
    save_every_s: float = 120.0
    log_every: int = 25
    snapshot_every: int = 0


def pretrain(
    run: Path,
    plan: PretrainPlan,
    pools: list[ImagePool],
    stretch: Stretch,
    *,
    report: Callable[[LogRow], None] | None = None,
) -> Path:
    """Start or continue a run; Ctrl-C ends it after the step, with a checkpoint.

    Returns:
        The checkpoint that the call ended with.

    Raises:
        ResumeError: The run was made with another plan, or is past ``stretch.steps``.
        OutputError: The run's folder can't be written to.
    """
    training = _Training(run, plan, pools, stretch, report or (lambda row: None))
    stable = run / STABLE_NAME
    if stable.is_file():
        training.restore(stable)
    else:
        training.begin()
    steps = training.step if stretch.steps is None else stretch.steps
    if training.step > steps:
        raise ResumeError(
            f"{stable} has {training.step} steps already; ask for at least as many, not {steps}"
        )
    with DeferredInterrupt() as interrupt:
        finished = training.advance(stable, steps, None, interrupt.asked)
        if not finished or stretch.decay_steps == 0:
            return stable
        decayed = decay_path(run, steps, stretch.decay_steps)
        if decayed.is_file():
            training.restore(decayed)
        training.advance(decayed, steps + stretch.decay_steps, steps, interrupt.asked)
        return decayed


class _Training:
    """The networks, the optimizer, and the step they are at."""

    def __init__(
        self,
        run: Path,
        plan: PretrainPlan,
        pools: list[ImagePool],
        stretch: Stretch,
        report: Callable[[LogRow], None],
    ) -> None:
        self._run, self._plan, self._pools, self._stretch, self._report = run, plan, pools, stretch, report
        self._teacher = Teacher(plan)
        self._student = Student(plan).train()
        self._optimizer = _optimizer(self._student, plan)
        self._spread: dict[str, Tensor] = {}
        self.step = 0

    def begin(self) -> None:
        first = [batch(self._pools, self._plan, step) for step in range(_MEASURED_BATCHES)]
        self._spread = channel_spread(self._teacher, first)
        if self._plan.inherit:
            wide = replace(self._plan, sizes_px=(max(self._plan.sizes_px),), batch=self._plan.fitted_images)
            fit_to_teacher(self._student, self._teacher, batch(self._pools, wide, 0))

    def restore(self, path: Path) -> None:
        state = load_state(path, self._plan)
        self._student.network.load_state_dict(state.student)
        self._optimizer.load_state_dict(state.optimizer)
        self._spread, self.step = state.spread, state.step

    def _state(self) -> PretrainState:
        return PretrainState(
            plan=self._plan,
            step=self.step,
            student=self._student.network.state_dict(),
            optimizer=self._optimizer.state_dict(),
            spread=self._spread,
        )

    def advance(self, path: Path, until: int, decay_from: int | None, asked: Callable[[], bool]) -> bool:
        """Step until a step or an interrupt; whether the step was reached. The end is always saved."""
        saved, logged, recent = time.monotonic(), time.monotonic(), _Recent()
        while self.step < until and not asked():
            rate = self._plan.learning_rate(self.step, decay_from, self._stretch.decay_steps)
            recent.add(self._take_step(rate))
            if self.step % self._stretch.log_every == 0:
                now = time.monotonic()
                row = {"step": self.step, "seconds": round(now - logged, 2), "rate": rate, **recent.means()}
                append_log(self._run, row)
                self._report(row)
                logged = now
            if self._stretch.snapshot_every and self.step % self._stretch.snapshot_every == 0:
                export_weights(self._state(), snapshot_path(self._run, self.step, decay_from))
            if time.monotonic() - saved > self._stretch.save_every_s:
                save_state(path, self._state())
                saved = time.monotonic()
        save_state(path, self._state())
        return self.step >= until

    def _take_step(self, rate: float) -> dict[str, float]:
        images = batch(self._pools, self._plan, self.step).contiguous(memory_format=torch.channels_last)
        found = differences(self._student(images), self._teacher(images), self._spread)
        loss = torch.stack([TAP_WEIGHTS[tap] * value for tap, value in found.items()]).sum()
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._student.parameters(), _GRADIENT_NORM)
        self._optimizer.step()
        self.step += 1
        return {"images": float(len(images)), **{tap: value.item() for tap, value in found.items()}}


class _Recent:
    """Means over the steps since the last line of the log; images are added up."""

    def __init__(self) -> None:
        self._sums: Counter[str] = Counter()
        self._steps = 0

    def add(self, values: dict[str, float]) -> None:
        self._sums.update(values)
        self._steps += 1

    def means(self) -> dict[str, float]:
        images = int(self._sums.pop("images"))
        means = {name: round(total / self._steps, 4) for name, total in self._sums.items()}
        self._sums.clear()
        self._steps = 0
        return {"images": images, **means}


def _optimizer(student: Student, plan: PretrainPlan) -> torch.optim.AdamW:
    matrices = [parameter for parameter in student.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in student.parameters() if parameter.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": plan.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.99), fused=True)
