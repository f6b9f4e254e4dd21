"""A cross-validation from folders to a table; finished folds are kept, so that a stopped one goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from crackscope import __version__
from crackscope.cpus import available_cpus
from crackscope.dataset.corrections import Corrections
from crackscope.dataset.groups import Grouping
from crackscope.errors import SettingsError
from crackscope.evaluation.tables import Table
from crackscope.storage import refuse_output_in_data, write_json, write_text
from crackscope.training.crossval.fit import FoldFitter
from crackscope.training.crossval.folds import Fold, Setting, plan_folds
from crackscope.training.crossval.painted import paint_training_sides
from crackscope.training.crossval.pool import Pool, read_pool
from crackscope.training.crossval.store import CrossvalRow, FoldStore, write_rows
from crackscope.training.crossval.summary import SourceResult, crossval_table, markdown, summarise
from crackscope.training.environment import describe_environment
from crackscope.training.fit import TrainerOptions
from crackscope.training.listener import Listener
from crackscope.training.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossvalPlan:
    """What to measure.

    Attributes:
        settings: In which settings.
        seeds: Each repeats everything with other folds and other chance.
        folds: Of ``within`` and ``pooled``.
        limit: At most so many photos of each source and class on a training side; ``None``: all.
        real_cracks: ``False``: training sides hold Negative photos and cracks painted on them, and no other.
        grouping: A `Grouping`.
        n_resamples: Bootstrap draws behind the intervals.
    """

    settings: tuple[Setting, ...] = tuple(Setting)
    seeds: tuple[int, ...] = (0, 1, 2)
    folds: int = 5
    limit: int | None = None
    real_cracks: bool = True
    grouping: str = Grouping.AUTO
    n_resamples: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossvalResult:
    """What was found, and where it was written."""

    results: tuple[SourceResult, ...]
    table: Table
    folder: Path


def crossval(
    folders: Sequence[Path],
    arms: Mapping[str, Recipe],
    plan: CrossvalPlan,
    output: Path,
    *,
    test_only: Sequence[Path] = (),
    positive: str | None = None,
    negative: str | None = None,
    corrections: Corrections | None = None,
    options: TrainerOptions | None = None,
    listener: Listener | None = None,
) -> CrossvalResult:
    """Take every arm through the same folds and compare them per source.

    Args:
        folders: One source each, trained on and tested on.
        arms: Recipes by name.
        plan: Settings, seeds, folds.
        output: Takes ``crossval.json``, ``crossval.md``, ``predictions.csv``, ``folds/`` and a cache.
        test_only: Sources that no model is trained on; tested by models of all others.
        positive: Names a class folder, as in `discover`.
        negative: Likewise.
        corrections: What people saw in photos; their labels are trained on and tested with.
        options: Where and how folds are fine-tuned.
        listener: Hears what is done and how long it will take.

    Raises:
        DataError: Too few sources, groups or photos; says which.
        SettingsError: Seeds, folds or the limit make no cross-validation.
        OutputError: ``output`` lies in a data folder.
        RunInterruptedError: Ctrl-C; finished folds are kept.
    """
    listener = listener or Listener()
    _check(plan, arms, output, [*folders, *test_only])
    torch.set_num_threads(min(torch.get_num_threads(), available_cpus()))
    pool = read_pool(
        folders,
        test_only,
        grouping=plan.grouping,
        positive=positive,
        negative=negative,
        corrections=corrections,
        listener=listener,
    )
    folds = plan_folds(pool, settings=plan.settings, seeds=plan.seeds, folds=plan.folds, limit=plan.limit)
    rows: list[CrossvalRow] = []
    for arm, recipe in arms.items():
        rows += _fit_arm(arm, recipe, pool, folds, plan, output, options or TrainerOptions(), listener)
    listener.step("intervals")
    results = tuple(summarise(rows, n_resamples=plan.n_resamples))
    return _write(output, results, rows, arms, plan)


def _fit_arm(
    arm: str,
    recipe: Recipe,
    pool: Pool,
    folds: list[Fold],
    plan: CrossvalPlan,
    output: Path,
    options: TrainerOptions,
    listener: Listener,
) -> list[CrossvalRow]:
    if not plan.real_cracks:
        side = recipe.network.input_px
        pool, folds = paint_training_sides(
            pool, folds, output / "painted", input_hw=(side, side), listener=listener
        )
    store = FoldStore(output / "folds", pool)
    done = {fold.name: rows for fold in folds if (rows := store.read(arm, recipe, fold)) is not None}
    if done:
        listener.note(f"{arm}: {len(done)} of {len(folds)} folds are done already")
    waiting = [fold for fold in folds if fold.name not in done]
    if waiting:
        fitter = FoldFitter(pool, recipe, output / "cache", options, listener)
        clock = _Clock(sum(len(fold.train) + len(fold.test) for fold in waiting))
        for number, fold in enumerate(waiting, start=1):
            listener.step(f"{arm}: {fold.name} ({number} of {len(waiting)})")
            scores = fitter.fit(fold, store.work(arm, recipe, fold))
            done[fold.name] = store.write(arm, recipe, fold, scores)
            listener.note(clock.finished(len(fold.train) + len(fold.test)))
    return [row for fold in folds for row in done[fold.name]]


class _Clock:
    """Estimates the time left from photos trained and tested on so far."""

    def __init__(self, photos: int) -> None:
        self._left, self._done, self._began = photos, 0, time.monotonic()

    def finished(self, photos: int) -> str:
        self._left -= photos
        self._done += photos
        seconds = time.monotonic() - self._began
        return f"{seconds:.0f} s so far, about {seconds / self._done * self._left:.0f} s left in this arm"


def _write(
    output: Path,
    results: tuple[SourceResult, ...],
    rows: list[CrossvalRow],
    arms: Mapping[str, Recipe],
    plan: CrossvalPlan,
) -> CrossvalResult:
    table = crossval_table(results)
    write_rows(output / "predictions.csv", rows)
    write_text(output / "crossval.md", markdown(table))
    write_json(
        output / "crossval.json",
        {
            "crackscope": __version__,
            "plan": asdict(plan),
            "arms": {name: asdict(recipe) for name, recipe in arms.items()},
            "environment": describe_environment(),
            "results": [asdict(one) for one in results],
        },
    )
    return CrossvalResult(results=results, table=table, folder=output)


def _check(plan: CrossvalPlan, arms: Mapping[str, Recipe], output: Path, folders: Sequence[Path]) -> None:
    if plan.folds < 2 or not plan.seeds or not arms or (plan.limit is not None and plan.limit < 1):
        raise SettingsError(
            f"a cross-validation needs 2 folds or more, a seed, an arm and a limit of at least 1; found "
            f"{plan.folds} folds, seeds {list(plan.seeds)}, arms {list(arms)}, limit {plan.limit}"
        )
    refuse_output_in_data(output, folders, nor_around=True)
