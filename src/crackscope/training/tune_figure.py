"""A picture of a search: how the loss fell, which keys mattered, and which of their values were good."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optuna
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from crackscope.evaluation.style import FAINT, LINE, MARK, dress, new_figure, save

_COLUMNS = 4


def draw_search(target: Path, study: optuna.Study) -> None:
    """Loss over the trials, importance of each key, and the loss over each key's values."""
    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    importances = key_importances(study)
    keys = list(importances) or sorted(study.best_params)
    rows = math.ceil(len(keys) / _COLUMNS)
    figure = new_figure(12, 3.6 + 2.7 * rows, f"{len(study.trials)} trials")
    grid = figure.add_gridspec(1 + rows, _COLUMNS, height_ratios=[3.2] + [2.7] * rows)
    _draw_history(figure.add_subplot(grid[0, : _COLUMNS // 2]), study)
    _draw_importances(figure.add_subplot(grid[0, _COLUMNS // 2 :]), importances)
    for place, key in enumerate(keys):
        row, column = divmod(place, _COLUMNS)
        axes = figure.add_subplot(grid[1 + row, column])
        _draw_values(axes, key, trials, study.best_trial, first=column == 0)
    save(figure, target)


def key_importances(study: optuna.Study) -> dict[str, float]:
    """How much of the spread of the loss each key explains (fANOVA), most first; empty with few trials.

    The logarithm of the loss, or one bad trial would explain everything.
    """
    values = [trial.value for trial in study.get_trials(states=(TrialState.COMPLETE,))]
    if len(set(values)) < 4:
        return {}
    return get_param_importances(
        study,
        evaluator=FanovaImportanceEvaluator(seed=0),
        target=lambda trial: math.log(max(_loss(trial), 1e-12)),
    )


def _draw_history(axes: Axes, study: optuna.Study) -> None:
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    pruned = study.get_trials(deepcopy=False, states=(TrialState.PRUNED,))
    numbers, losses = [trial.number for trial in complete], [_loss(trial) for trial in complete]
    axes.scatter(numbers, losses, s=18, color=LINE, label="trial")
    axes.step(numbers, np.minimum.accumulate(losses), where="post", color=MARK, label="best so far")
    given_up = [(trial.number, trial.intermediate_values) for trial in pruned if trial.intermediate_values]
    if given_up:
        stopped, last = [number for number, _ in given_up], [seen[max(seen)] for _, seen in given_up]
        axes.scatter(stopped, last, s=18, marker="x", color=FAINT, label="given up early")
    axes.set_yscale("log")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    dress(axes, x="trial", y="validation loss")
    axes.legend(frameon=False, fontsize=8)


def _draw_importances(axes: Axes, importances: dict[str, float]) -> None:
    if not importances:
        axes.axis("off")
        axes.text(0.5, 0.5, "too few different trials\nto say what mattered", ha="center", va="center")
        return
    names = list(reversed(importances))
    axes.barh(names, [importances[name] for name in names], color=LINE)
    axes.tick_params(axis="y", labelsize=8)
    dress(axes, x="share of the spread that the key explains", y="")


def _draw_values(
    axes: Axes, key: str, trials: Sequence[FrozenTrial], best: FrozenTrial, *, first: bool
) -> None:
    having = [trial for trial in trials if key in trial.params]
    space = having[0].distributions[key]
    if isinstance(space, CategoricalDistribution):
        choices = list(space.choices)
        axes.set_xticks(range(len(choices)), [_short(choice) for choice in choices], fontsize=7)
        # A little aside, or equal trials would hide each other.
        shifts = np.random.default_rng(0).uniform(-0.15, 0.15, len(having))
        places = [
            choices.index(trial.params[key]) + shift for trial, shift in zip(having, shifts, strict=True)
        ]
        best_place = float(choices.index(best.params[key])) if key in best.params else None
    else:
        places = [trial.params[key] for trial in having]
        best_place = best.params.get(key)
        if isinstance(space, FloatDistribution) and space.log:
            axes.set_xscale("log")
    axes.scatter(places, [_loss(trial) for trial in having], s=14, color=LINE, alpha=0.7)
    if best_place is not None:
        axes.plot(best_place, _loss(best), marker="*", markersize=13, color=MARK)
    axes.set_yscale("log")
    dress(axes, x=key, y="validation loss" if first else "")


def _loss(trial: FrozenTrial) -> float:
    return math.nan if trial.value is None else trial.value


def _short(choice: object) -> str:
    """Words stand below each other, so that neighbours don't overlap."""
    return str(choice).removeprefix("tf_efficientnet_").replace("+", "\n+").replace("_", "\n")
