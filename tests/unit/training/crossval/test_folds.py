"""Folds: no group on two sides, every photo tested once, what is left out is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crackscope.errors import DataError
from crackscope.training.batches import PhotoSet
from crackscope.training.crossval.folds import Fold, Setting, plan_folds
from crackscope.training.crossval.pool import Pool


def make_pool(
    counts: dict[str, int], *, tested: tuple[str, ...] = (), per_group: int = 4, positive: float = 0.5
) -> Pool:
    """Photos of several sources; groups of consecutive photos with both labels."""
    rng = np.random.default_rng(0)
    sources = [name for name, count in counts.items() for _ in range(count)]
    names = [f"{number}.png" for count in counts.values() for number in range(count)]
    labels = (rng.random(len(names)) < positive).astype(np.int64)
    groups = [f"{source}/{int(name[:-4]) // per_group}" for source, name in zip(sources, names, strict=True)]
    return Pool(
        photos=PhotoSet(
            paths=tuple(Path(source, name) for source, name in zip(sources, names, strict=True)),
            labels=labels,
            sources=tuple(sources),
        ),
        names=tuple(names),
        sha256=tuple(f"{number:064d}" for number in range(len(names))),
        groups=np.array(groups),
        trained=tuple(name for name in counts if name not in tested),
        tested=tested,
    )


def plan(
    pool: Pool, *settings: Setting, seeds: tuple[int, ...] = (0,), limit: int | None = None
) -> list[Fold]:
    return plan_folds(pool, settings=settings, seeds=seeds, folds=5, limit=limit)


def parts(fold: Fold) -> list[np.ndarray]:
    return [fold.train, fold.validation, fold.calibration, fold.test]


@pytest.mark.parametrize("setting", Setting)
def test_no_group_is_on_two_sides(setting: Setting) -> None:
    pool = make_pool({"a": 200, "b": 160})
    for fold in plan(pool, setting, seeds=(0, 1)):
        groups = [set(pool.groups[rows]) for rows in parts(fold)]
        for one in range(4):
            for other in range(one):
                assert not groups[one] & groups[other]


@pytest.mark.parametrize("setting", Setting)
def test_every_photo_is_tested_once_per_seed(setting: Setting) -> None:
    pool = make_pool({"a": 200, "b": 160})
    tested = np.concatenate([fold.test for fold in plan(pool, setting)])
    assert sorted(tested.tolist()) == list(range(len(pool)))


def test_a_source_left_out_is_in_no_part_of_its_training_side() -> None:
    pool = make_pool({"a": 120, "b": 120, "c": 120}, tested=("c",))
    folds = plan(pool, Setting.LOSO)
    assert [fold.name for fold in folds] == ["loso a, seed 0", "loso b, seed 0", "loso c, seed 0"]
    for fold, left_out in zip(folds, "abc", strict=True):
        side = np.concatenate(parts(fold)[:3])
        assert set(pool.sources[fold.test]) == {left_out}
        assert set(pool.sources[side]) == set("abc") - {left_out} - {"c"}


def test_a_source_for_tests_only_is_never_trained_on() -> None:
    pool = make_pool({"a": 120, "b": 120, "c": 120}, tested=("c",))
    for fold in plan(pool, *Setting):
        assert "c" not in pool.sources[np.concatenate(parts(fold)[:3])]


def test_copies_across_sources_are_not_trained_on() -> None:
    pool = make_pool({"a": 120, "b": 120})
    pool.groups[0] = pool.groups[120]
    left_out_b = plan(pool, Setting.LOSO)[1]
    assert 0 not in np.concatenate(parts(left_out_b)[:3])


def test_within_uses_one_source_and_pooled_all() -> None:
    pool = make_pool({"a": 120, "b": 120})
    assert {len(set(pool.sources[fold.train])) for fold in plan(pool, Setting.WITHIN)} == {1}
    assert {len(set(pool.sources[fold.train])) for fold in plan(pool, Setting.POOLED)} == {2}


def test_shares_are_kept_in_every_source_and_class() -> None:
    pool = make_pool({"a": 2000, "b": 400})
    for fold in plan(pool, Setting.POOLED):
        for source, count in (("a", 2000), ("b", 400)):
            for label in (0, 1):
                here = (pool.sources == source) & (pool.photos.labels == label)
                share = here[fold.test].sum() / here.sum()
                assert share == pytest.approx(0.2, abs=0.04), count


def test_another_seed_gives_other_folds_also_of_groups_of_many_sizes() -> None:
    pool = make_pool({"a": 600})
    pool.groups[:] = [f"g{int(np.sqrt(number))}" for number in range(600)]
    one, other = plan(pool, Setting.WITHIN, seeds=(0, 1))[::5]
    assert set(pool.groups[one.test]) != set(pool.groups[other.test])


def test_the_same_seed_gives_the_same_folds() -> None:
    first, second = (plan(make_pool({"a": 200, "b": 160}), *Setting) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(parts(one), parts(other), strict=True))


def test_a_limit_holds_for_the_training_side_only() -> None:
    pool = make_pool({"a": 1000, "b": 100})
    fold = plan(pool, Setting.POOLED, limit=50)[0]
    side = np.concatenate(parts(fold)[:3])
    counts = [
        ((pool.sources[side] == source) & (pool.photos.labels[side] == label)).sum()
        for source in "ab"
        for label in (0, 1)
    ]
    assert counts == [min(50, count) for count in counts]
    assert sum(count == 50 for count in counts) >= 2
    # One photo of each group before a second of any.
    chosen = pool.groups[side][pool.sources[side] == "a"]
    assert len(set(chosen)) > 90
    assert len(fold.test) == pytest.approx(220, abs=20)


def test_one_source_can_not_be_left_out() -> None:
    with pytest.raises(DataError, match=r"two or more, found one: a; .* --only within"):
        plan(make_pool({"a": 100}), *Setting)


def test_too_few_groups_are_named() -> None:
    with pytest.raises(DataError, match="5 folds need at least 5 groups with Negative photos, b has 3"):
        plan(make_pool({"a": 100, "b": 12}), Setting.WITHIN)
    with pytest.raises(DataError, match=r"part would have .* too few groups"):
        plan(make_pool({"a": 100, "b": 40}, per_group=20), Setting.LOSO)
