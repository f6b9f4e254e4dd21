"""Stage 2 over several processes: Lightning starts the same command again for each; only the first leads."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from crackscope.dataset.discover import discover
from crackscope.errors import ResumeError
from crackscope.training.fit import TrainerOptions
from crackscope.training.listener import Listener
from crackscope.training.preparation import prepare
from crackscope.training.recipe import Recipe
from crackscope.training.run_folder import RunFolder
from crackscope.training.stages import fine_tune, fit_stage_1

#: The first process may have to embed a large data set before the others can join in.
_PATIENCE_S = 6 * 3600.0


def is_follower(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this process was started to help another one, by Lightning, ``torchrun`` or SLURM."""
    ranks = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")
    return any(environment.get(name, "0") not in ("", "0") for name in ranks)


def follow(
    folders: Sequence[Path],
    recipe: Recipe,
    output: Path,
    *,
    positive: str | Path | None = None,
    negative: str | Path | None = None,
    options: TrainerOptions | None = None,
) -> None:
    """Wait until the leading process has finished stage 1, then help with stage 2.

    Raises:
        ResumeError: The leading process never got so far.
    """
    dataset = discover(folders, positive=positive, negative=negative)
    folder = RunFolder(output)
    _wait_for(folder.history)
    if not recipe.finetune.enabled:
        return
    parts, _ = prepare(dataset, recipe, folder, Listener())
    # Everything of stage 1 lies in the cache by now.
    fitting, _ = fit_stage_1(parts, recipe, folder, Listener())
    fine_tune(fitting, parts, folder, options or TrainerOptions())


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not path.is_file():
        if time.monotonic() > deadline:
            raise ResumeError(f"the leading process did not finish stage 1: there is no {path}")
        time.sleep(0.5)
