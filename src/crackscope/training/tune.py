"""Search for a better recipe by trials that are remembered in SQLite, so that a stopped search goes on."""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial, TrialState

from crackscope.dataset.discover import discover
from crackscope.errors import ResumeError
from crackscope.storage import atomic_path, write_text
from crackscope.training.listener import Listener
from crackscope.training.preparation import prepare
from crackscope.training.recipe import Recipe
from crackscope.training.recipe_file import recipe_to_toml
from crackscope.training.run_folder import claim
from crackscope.training.search_space import DEFAULT_KEYS, encode, needs_stage_2, search_space, with_values
from crackscope.training.trial import Trials
from crackscope.training.tune_figure import draw_search

#: A trial that was pruned told what it could; one that was interrupted or failed did not.
_DONE = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneResult:
    """What a search found.

    Attributes:
        recipe: The best recipe as TOML.
        table: Every trial as CSV.
        figure: What mattered.
        trials: Finished trials, pruned ones included.
        start_loss: Validation loss of the recipe the search began with; ``None`` if that trial was given up.
        best_loss: Of the best recipe.
        changes: Keys whose best value is another one, with both values.
    """

    recipe: Path
    table: Path
    figure: Path
    trials: int
    start_loss: float | None
    best_loss: float
    changes: dict[str, tuple[Any, Any]]


def tune(
    folders: Sequence[Path],
    recipe: Recipe,
    output: Path,
    *,
    trials: int = 50,
    timeout_s: float | None = None,
    keys: Sequence[str] = DEFAULT_KEYS,
    positive: str | Path | None = None,
    negative: str | Path | None = None,
    listener: Listener | None = None,
) -> TuneResult:
    """Search the recipe's keys for the lowest validation loss; a search that was stopped goes on.

    The calibration and test parts are not looked at. The first trial is the recipe itself.

    Args:
        folders: Labelled photos in any layout that `discover` knows.
        recipe: What to start from, and what keys keep that are not searched.
        output: Takes ``study.db``, ``best.toml``, ``trials.csv`` and ``what_mattered.png``.
        trials: Finished trials that the study is to have in the end, earlier ones included.
        timeout_s: Begin no trial after so many seconds.
        keys: Keys or tables to search; those of ``augment`` and ``finetune`` make every trial fine-tune.
        positive: Names a class folder, as in `discover`.
        negative: Likewise.
        listener: Hears what the search is doing.

    Raises:
        RecipeError: A key can't be searched.
        ResumeError: The output folder has a search of another recipe or other photos.
        CrackscopeError: What the steps raise; the message says what to do.
    """
    listener = listener or Listener()
    space = search_space(keys, recipe)
    dataset = discover(folders, positive=positive, negative=negative)
    folder, _ = claim(output, dataset, folders, recipe)
    parts, _ = prepare(dataset, recipe, folder, listener)
    study = _open_study(output / "study.db", recipe, space)
    judged = Trials(parts, folder, listener, views="head.views" in space, fine_tune=needs_stage_2(space))
    listener.step(f"search {', '.join(space)}")
    deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
    while (done := len(_finished(study))) < trials and (done == 0 or time.monotonic() < deadline):
        _run_trial(study, space, recipe, judged)
        listener.progress(done + 1, trials)
    return _write_result(study, space, recipe, output)


def _open_study(path: Path, recipe: Recipe, space: dict[str, BaseDistribution]) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{path.resolve().as_posix()}")
        study = optuna.create_study(
            storage=storage,
            study_name="crackscope",
            load_if_exists=True,
            direction="minimize",
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5),
        )
    except Exception as error:  # SQLAlchemy and Optuna have no common base
        raise ResumeError(f"cannot go on with the search in {path}: {error}; delete the file") from error
    # Another seed after each restart, or the search would ask for the same trials again.
    study.sampler = optuna.samplers.TPESampler(seed=recipe.run.seed + len(study.trials))
    if _start_trial(study, recipe, space) is None:
        study.enqueue_trial(encode(recipe, list(space)))
    return study


def _start_trial(
    study: optuna.Study, recipe: Recipe, space: dict[str, BaseDistribution]
) -> FrozenTrial | None:
    """The finished trial of the recipe itself; one that was interrupted does not count."""
    values = encode(recipe, list(space))
    return next((trial for trial in study.get_trials(states=_DONE) if trial.params == values), None)


def _run_trial(
    study: optuna.Study,
    space: dict[str, BaseDistribution],
    recipe: Recipe,
    judged: Trials,
) -> None:
    trial = study.ask(space)
    try:
        loss = judged.validation_loss(with_values(recipe, trial.params), trial)
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        raise
    else:
        study.tell(trial, loss)


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=_DONE)


def _write_result(
    study: optuna.Study, space: dict[str, BaseDistribution], recipe: Recipe, output: Path
) -> TuneResult:
    best, start = study.best_trial, _start_trial(study, recipe, space)
    before, after = encode(recipe, list(best.params)), best.params
    result = TuneResult(
        recipe=output / "best.toml",
        table=output / "trials.csv",
        figure=output / "what_mattered.png",
        trials=len(_finished(study)),
        start_loss=None if start is None else start.value,
        best_loss=study.best_value,
        changes={key: (before[key], after[key]) for key in after if before[key] != after[key]},
    )
    write_text(result.recipe, recipe_to_toml(with_values(recipe, after)))
    _write_table(result.table, study)
    draw_search(result.figure, study)
    return result


def _write_table(path: Path, study: optuna.Study) -> None:
    trials = study.get_trials(deepcopy=False)
    keys = sorted({key for trial in trials for key in trial.params})
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["trial", "state", "validation_loss", *keys])
        for trial in trials:
            values = [trial.params.get(key, "") for key in keys]
            writer.writerow([trial.number, trial.state.name.lower(), trial.value, *values])
