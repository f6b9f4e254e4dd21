from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np

from crackscope.training.batches import Draw, PhotoSet, plan_epoch, plan_once, split_batches
from crackscope.training.recipe import Recipe
from crackscope.training.recipe_file import load_recipe


def photos(negatives: int, positives: int) -> PhotoSet:
    count = negatives + positives
    return PhotoSet(
        paths=tuple(Path(f"{index}.jpg") for index in range(count)),
        labels=np.array([0] * negatives + [1] * positives),
        sources=("a",) * count,
    )


def recipe(**overrides: object) -> Recipe:
    return load_recipe("default", {name.replace("__", "."): value for name, value in overrides.items()})


def test_with_equal_classes_every_photo_comes_exactly_once() -> None:
    draws = plan_epoch(photos(30, 30), recipe(), epoch=0)
    assert sorted(draw.photo for draw in draws) == list(range(60))


def test_an_epoch_is_a_function_of_seed_and_epoch() -> None:
    some = photos(20, 20)
    assert plan_epoch(some, recipe(), 3) == plan_epoch(some, recipe(), 3)
    assert plan_epoch(some, recipe(), 3) != plan_epoch(some, recipe(), 4)
    assert plan_epoch(some, recipe(), 3) != plan_epoch(some, recipe(run__seed=1), 3)


def test_a_rare_class_is_drawn_as_often_as_the_other() -> None:
    draws = plan_epoch(photos(90, 10), recipe(), epoch=0)
    assert len(draws) == 100
    assert sum(draw.label for draw in draws) == 50
    times = Counter(draw.photo for draw in draws)
    assert {times[index] for index in range(90)} <= {0, 1}
    assert {times[index] for index in range(90, 100)} == {5}


def test_without_balance_the_classes_stay_as_they_are() -> None:
    draws = plan_epoch(photos(90, 10), recipe(data__balance="none"), epoch=0)
    assert sum(draw.label for draw in draws) == 10


def test_a_negative_with_a_painted_crack_becomes_positive_and_the_classes_stay_equal() -> None:
    draws = plan_epoch(photos(500, 500), recipe(augment__synthetic_cracks=0.5), epoch=0)
    painted = [draw for draw in draws if draw.paint == "crack"]
    assert painted
    assert all(draw.photo < 500 and draw.label == 1 for draw in painted)
    assert all(draw.label == int(draw.photo >= 500) for draw in draws if draw.paint is None)
    for epoch in range(8):
        draws = plan_epoch(photos(500, 500), recipe(augment__synthetic_cracks=0.5), epoch=epoch)
        assert abs(sum(draw.label for draw in draws) - 500) <= 1


def test_other_negatives_are_painted_in_the_next_epoch() -> None:
    some, half = photos(200, 200), recipe(augment__synthetic_cracks=0.5)
    first, second = ({draw.photo for draw in plan_epoch(some, half, e) if draw.paint} for e in (0, 1))
    assert first != second


def test_a_painted_look_alike_stays_negative() -> None:
    draws = plan_epoch(photos(50, 50), recipe(augment__distractors=1.0), epoch=0)
    assert {draw.label for draw in draws if draw.paint == "distractor"} == {0}
    assert sum(draw.paint == "distractor" for draw in draws) == 50


def test_cracks_and_look_alikes_are_painted_independently() -> None:
    plan = recipe(augment__synthetic_cracks=0.6, augment__distractors=0.5, data__balance="none")
    draws = plan_epoch(photos(10_000, 0), plan, epoch=0)
    kinds = Counter(draw.paint for draw in draws)
    assert abs(kinds["crack"] / 10_000 - 0.6 * 0.5) < 0.02
    assert abs(kinds["distractor"] / 10_000 - 0.4 * 0.5) < 0.02
    assert abs(kinds["crack over distractor"] / 10_000 - 0.6 * 0.5) < 0.02
    assert all(draw.label == ("crack" in (draw.paint or "")) for draw in draws)


def test_a_short_last_batch_joins_the_one_before() -> None:
    draws = plan_once(photos(10, 9))
    assert [len(batch) for batch in split_batches(draws, 8)] == [8, 11]
    assert [len(batch) for batch in split_batches(draws[:13], 8)] == [8, 5]
    assert [len(batch) for batch in split_batches(draws[:3], 8)] == [3]


def test_processes_share_every_batch_and_none_goes_without() -> None:
    draws = plan_once(photos(20, 17))
    shares = [split_batches(draws, 8, rank=rank, ranks=3) for rank in range(3)]
    assert len({len(share) for share in shares}) == 1
    seen: list[Draw] = [draw for share in shares for batch in share for draw in batch]
    assert sorted(seen, key=lambda draw: draw.photo) == draws
    assert all(batch for share in shares for batch in share)


def test_a_share_of_draws_is_a_poor_jpeg_and_nothing_else_changes() -> None:
    plain, poor = (
        plan_epoch(photos(400, 400), recipe(augment__jpeg=share), epoch=0) for share in (0.0, 0.25)
    )
    qualities = [draw.jpeg_quality for draw in poor if draw.jpeg_quality is not None]

    assert all(draw.jpeg_quality is None for draw in plain)
    assert 0.15 < len(qualities) / len(poor) < 0.35
    assert 10 <= min(qualities) < 20
    assert 60 < max(qualities) <= 80
    assert [dataclasses.replace(draw, jpeg_quality=None) for draw in poor] == plain
