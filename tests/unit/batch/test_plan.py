"""The plan gives each shard its photos again, whatever they are called."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

pytest.importorskip("fsspec", reason="the extra [batch] is not installed")
pytest.importorskip("pyarrow", reason="the extra [batch] is not installed")

from crackscope.batch.places import open_place
from crackscope.batch.plan import inputs_sha256, read_plan, write_plan
from crackscope.batch.trials import Trial
from crackscope.inference.find_photos import Found
from crackscope.records import Failure


def test_every_photo_is_in_one_shard_in_order(tmp_path: Path) -> None:
    place = open_place(str(tmp_path), patience_s=0)
    found: list[Found] = [f"photo {number}\n\udcff.jpg" for number in range(999)]
    found[7] = Failure(path="missing \udcfe", error="no such file or folder")
    assert write_plan(place, iter(found), shard_photos=10) == (999, 100)
    shards = [read_plan(place, shard) for shard in range(100)]
    assert [each for shard in shards for each in shard] == found
    assert {len(shard) for shard in shards} == {10, 9}
    assert len(place.names("plan")) == 2
    assert len({inputs_sha256(shard) for shard in shards}) == 100


def test_a_plan_holds_the_names_of_a_few_shards_however_many_there_are(tmp_path: Path) -> None:
    place = open_place(str(tmp_path), patience_s=0)
    peaks = []
    for shards in (130, 650):
        tracemalloc.start()
        write_plan(place, (f"photos/{number:09d}.jpg" for number in range(shards * 100)), shard_photos=100)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


def test_a_photo_is_a_killer_when_processes_died_at_it_twice(tmp_path: Path) -> None:
    place = open_place(str(tmp_path), patience_s=0)
    first = Trial(place, 3, run="one")
    assert not first.after_death
    second = Trial(place, 3, run="one")
    assert second.after_death
    second.at(5)
    third = Trial(place, 3, run="one")
    assert not third.is_killer(5)
    third.at(5)
    fourth = Trial(place, 3, run="another")  # who killed twice is known to later runs too
    assert fourth.after_death
    assert fourth.is_killer(5)
    assert not fourth.is_killer(4)
    fourth.end()
    assert not Trial(place, 3, run="another").after_death


def test_a_driver_that_was_stopped_makes_no_suspects(tmp_path: Path) -> None:
    place = open_place(str(tmp_path), patience_s=0)
    Trial(place, 3, run="one")
    assert not Trial(place, 3, run="two").after_death
