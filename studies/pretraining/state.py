"""A run's folder: what it holds, and how a run is continued to the step."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from crackscope.errors import ResumeError
from crackscope.storage import atomic_path
from studies.pretraining.plan import PretrainPlan

STABLE_NAME = "stable.pt"
LOG_NAME = "log.jsonl"


@dataclass(slots=True, kw_only=True)
class PretrainState:
    """Everything the next step depends on beside the photos.

    Attributes:
        step: Steps taken.
        student: Its tensors under timm's keys.
        optimizer: AdamW's state.
        spread: Units of the differences (see `features.channel_spread`).
    """

    plan: PretrainPlan
    step: int
    student: dict[str, Tensor]
    optimizer: dict[str, Any]
    spread: dict[str, Tensor]


def decay_path(run: Path, decay_from: int, decay_steps: int) -> Path:
    """The checkpoint of the decay that leaves the stable phase at a step and lasts so long."""
    return run / f"decay-{decay_from:07d}-{decay_steps:07d}.pt"


def snapshot_path(run: Path, step: int, decay_from: int | None) -> Path:
    """The weights kept at a step, of the stable phase or of a decay."""
    branch = "stable" if decay_from is None else f"decay-{decay_from:07d}"
    return run / "students" / f"{branch}-{step:07d}.safetensors"


def save_state(path: Path, state: PretrainState) -> None:
    """Write a checkpoint that is whole or not there."""
    document = {
        "plan": json.dumps(asdict(state.plan)),
        "step": state.step,
        "student": state.student,
        "optimizer": state.optimizer,
        "spread": state.spread,
    }
    with atomic_path(path) as temporary:
        torch.save(document, temporary)


def load_state(path: Path, plan: PretrainPlan) -> PretrainState:
    """Read a checkpoint made with the same plan.

    Raises:
        ResumeError: It is damaged, or was made with another plan.
    """
    state = read_state(path)
    differing = [
        f"{field.name} {theirs!r} not {ours!r}"
        for field in fields(PretrainPlan)
        if (theirs := getattr(state.plan, field.name)) != (ours := getattr(plan, field.name))
    ]
    if differing:
        raise ResumeError(
            f"{path} was made with {', '.join(differing)}; give the same settings or another run folder"
        )
    return state


def read_state(path: Path) -> PretrainState:
    """Read a checkpoint, whatever its plan.

    Raises:
        ResumeError: It is missing, damaged, or of another version.
    """
    try:
        document = torch.load(path, weights_only=True)
        plan = json.loads(document["plan"])
        plan["sizes_px"] = tuple(plan["sizes_px"])
        return PretrainState(**{**document, "plan": PretrainPlan(**plan)})
    except Exception as error:  # PyTorch raises nearly anything for a file that is not its own
        raise ResumeError(f"{path} is no checkpoint of a pretraining run: {error}") from error


def latest_checkpoint(run: Path) -> Path:
    """The decay that left the stable phase last, or the stable phase where none did.

    Raises:
        ResumeError: The run has no checkpoint.
    """
    found = [path for path in (run / STABLE_NAME, *sorted(run.glob("decay-*.pt"))) if path.is_file()]
    if not found:
        raise ResumeError(
            f"no checkpoint in {run}; expected {STABLE_NAME}, as `python -m studies.pretraining run` makes it"
        )
    return found[-1]


def append_log(run: Path, row: dict[str, Any]) -> None:
    """Add a line of JSON to the run's log."""
    run.mkdir(parents=True, exist_ok=True)
    with (run / LOG_NAME).open("a", encoding="utf-8", newline="\n") as stream:
        stream.write(json.dumps(row) + "\n")
