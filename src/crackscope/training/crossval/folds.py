"""Which photos a fold learns from, decides with, and is tested on; groups are never on two sides."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.assign import Group, share_out
from crackscope.dataset.records import Part
from crackscope.errors import DataError
from crackscope.labels import Label
from crackscope.training.crossval.pool import Pool

#: Of the training side; validation photos stop and choose, calibration photos fit the decision and no more.
_SHARES = {Part.TRAIN: 0.8, Part.VALIDATION: 0.1, Part.CALIBRATION: 0.1}


class Setting(StrEnum):
    """What a source's numbers say.

    ``within``: trained on the source itself. ``pooled``: trained on all sources at once, with one threshold.
    ``loso``: trained on the other sources. Photos are tested by folds that have not seen their group.
    """

    WITHIN = "within"
    POOLED = "pooled"
    LOSO = "loso"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """One model to fit; arrays are numbers of photos in the pool.

    Attributes:
        name: Such as ``loso metu, seed 0`` or ``pooled 3 of 5, seed 1``.
        seed: Of folds and training.
    """

    name: str
    setting: Setting
    seed: int
    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    calibration: NDArray[np.int64]
    test: NDArray[np.int64]


def plan_folds(
    pool: Pool, *, settings: Sequence[Setting], seeds: Sequence[int], folds: int, limit: int | None
) -> list[Fold]:
    """Every fold, in the order they are fitted.

    Args:
        pool: The photos.
        settings: What to measure.
        seeds: Each gives other folds.
        folds: Of ``within`` and ``pooled``.
        limit: At most so many photos of each source and class on a training side, evenly over groups.

    Raises:
        DataError: Too few sources or groups; says which.
    """
    _check(pool, settings, folds)
    return [fold for seed in seeds for setting in settings for fold in _of(pool, setting, seed, folds, limit)]


def _of(pool: Pool, setting: Setting, seed: int, folds: int, limit: int | None) -> Iterator[Fold]:
    if setting is Setting.LOSO:
        for trained, tested in _left_out(pool):
            test = pool.of(tested)
            side = _without(pool, pool.of(trained), test)
            yield _fold(pool, f"loso {' + '.join(tested)}, seed {seed}", setting, seed, side, test, limit)
        return
    together = [pool.trained] if setting is Setting.POOLED else [(source,) for source in pool.trained]
    for sources in together:
        rows = pool.of(sources)
        number = share_out(
            _groups(pool, rows), dict.fromkeys(range(folds), 1 / folds), seed, largest_first=False
        )
        place = np.array([number[_group_id(group)] for group in pool.groups[rows]])
        for fold in range(folds):
            what = "" if setting is Setting.POOLED else f" {sources[0]}"
            name = f"{setting}{what} {fold + 1} of {folds}, seed {seed}"
            yield _fold(pool, name, setting, seed, rows[place != fold], rows[place == fold], limit)


def _left_out(pool: Pool) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Which sources are trained on and which are tested, model by model."""
    for source in pool.trained:
        if others := [other for other in pool.trained if other != source]:
            yield others, [source]
    if pool.tested:
        yield pool.trained, pool.tested


def _fold(
    pool: Pool,
    name: str,
    setting: Setting,
    seed: int,
    side: NDArray[np.int64],
    test: NDArray[np.int64],
    limit: int | None,
) -> Fold:
    side = side if limit is None else _limited(pool, side, limit, seed)
    parts = share_out(_groups(pool, side), _SHARES, seed, largest_first=False)
    place = np.array([parts[_group_id(group)] for group in pool.groups[side]])
    found = {part: side[place == part] for part in _SHARES}
    for part, rows in [*found.items(), (Part.TEST, test)]:
        counts = np.bincount(pool.photos.labels[rows], minlength=2)
        if not counts.all():
            raise DataError(
                f"{name}: the {part} part would have {counts[0]} Negative and {counts[1]} Positive photos; "
                "there are too few groups: add photos or sources, or use a finer --grouping"
            )
    return Fold(
        name=name,
        setting=setting,
        seed=seed,
        train=found[Part.TRAIN],
        validation=found[Part.VALIDATION],
        calibration=found[Part.CALIBRATION],
        test=test,
    )


def _without(pool: Pool, rows: NDArray[np.int64], test: NDArray[np.int64]) -> NDArray[np.int64]:
    """The rows whose group is not tested: two sources may hold copies of one photo."""
    return rows[~np.isin(pool.groups[rows], pool.groups[test])]


def _limited(pool: Pool, side: NDArray[np.int64], limit: int, seed: int) -> NDArray[np.int64]:
    """At most ``limit`` photos of each source and class: one of every group before a second of any."""
    rng = np.random.default_rng(seed)
    turns: Counter[tuple[str, str, int]] = Counter()
    ranked: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for row in rng.permutation(side).tolist():
        source, label = pool.photos.sources[row], int(pool.photos.labels[row])
        key = (str(pool.groups[row]), source, label)
        ranked.setdefault((source, label), []).append((turns[key], row))
        turns[key] += 1
    # By turn alone: the sort is stable, so that within a turn the order stays one of chance.
    kept = [row for rows in ranked.values() for _, row in sorted(rows, key=lambda one: one[0])[:limit]]
    return np.sort(np.array(kept, dtype=np.int64))


def _groups(pool: Pool, rows: NDArray[np.int64]) -> list[Group]:
    members: dict[str, list[int]] = {}
    for row, group in zip(rows.tolist(), pool.groups[rows].tolist(), strict=True):
        members.setdefault(group, []).append(row)
    return [
        Group(
            id=_group_id(group),
            members=tuple(inside),
            strata=Counter((pool.photos.sources[row], int(pool.photos.labels[row])) for row in inside),
            allowed=(),
        )
        for group, inside in members.items()
    ]


def _group_id(group: str) -> str:
    return hashlib.sha256(group.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _check(pool: Pool, settings: Sequence[Setting], folds: int) -> None:
    if Setting.LOSO in settings and len(pool.trained) < 2 and not pool.tested:
        raise DataError(
            f"a source can be left out of two or more, found one: {', '.join(pool.trained)}; name another "
            "data folder, or use --only within"
        )
    if set(settings) <= {Setting.LOSO}:
        return
    for source in pool.trained:
        rows = pool.of([source])
        for label in Label:
            count = np.unique(pool.groups[rows][pool.photos.labels[rows] == label.number]).size
            if count < folds:
                raise DataError(
                    f"{folds} folds need at least {folds} groups with {label} photos, {source} has {count} "
                    "(copies and patches of one photo are one group); use fewer --folds, or --only loso"
                )
