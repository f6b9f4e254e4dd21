from __future__ import annotations

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from crackscope.errors import ResumeError
from studies.pretraining.images import ImagePool
from studies.pretraining.loop import Stretch, pretrain
from studies.pretraining.plan import PretrainPlan
from studies.pretraining.state import latest_checkpoint, read_state

pytestmark = pytest.mark.slow


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    return read_state(path).student


def _assert_same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> None:
    assert left.keys() == right.keys()
    for name, tensor in left.items():
        assert torch.equal(tensor, right[name]), name


def test_a_run_in_two_parts_equals_a_run_in_one(
    pools: list[ImagePool], plan: PretrainPlan, tmp_path: Path
) -> None:
    whole = pretrain(tmp_path / "whole", plan, pools, Stretch(steps=4))
    pretrain(tmp_path / "parts", plan, pools, Stretch(steps=2))
    parts = pretrain(tmp_path / "parts", plan, pools, Stretch(steps=4))
    _assert_same(_tensors(whole), _tensors(parts))


def test_ctrl_c_ends_with_a_checkpoint_that_goes_on_to_the_step(
    pools: list[ImagePool], plan: PretrainPlan, tmp_path: Path
) -> None:
    def press(row: dict[str, Any]) -> None:
        if row["step"] == 2:
            signal.raise_signal(signal.SIGINT)

    stretch = Stretch(steps=3, log_every=1)
    stopped = pretrain(tmp_path / "stopped", plan, pools, stretch, report=press)
    assert read_state(stopped).step == 2
    finished = pretrain(tmp_path / "stopped", plan, pools, stretch)
    whole = pretrain(tmp_path / "whole", plan, pools, stretch)
    _assert_same(_tensors(finished), _tensors(whole))


def test_a_decay_branches_off_and_leaves_the_stable_part_to_go_on(
    pools: list[ImagePool], plan: PretrainPlan, tmp_path: Path
) -> None:
    stable = pretrain(tmp_path / "run", plan, pools, Stretch(steps=2))
    before = _tensors(stable)
    rows: list[dict[str, Any]] = []
    stretch = Stretch(steps=None, decay_steps=3, log_every=1)
    decayed = pretrain(tmp_path / "run", plan, pools, stretch, report=rows.append)
    assert decayed != stable
    assert latest_checkpoint(tmp_path / "run") == decayed
    assert read_state(decayed).step == 5
    rates = [row["rate"] for row in rows]
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < rates[0] == plan.rate
    _assert_same(_tensors(stable), before)
    longer = pretrain(tmp_path / "run", plan, pools, Stretch(steps=3))
    assert read_state(longer).step == 3


def test_an_interrupted_decay_goes_on_to_the_step(
    pools: list[ImagePool], plan: PretrainPlan, tmp_path: Path
) -> None:
    plan = replace(plan, inherit=True, fitted_images=8)

    def press(row: dict[str, Any]) -> None:
        if row["step"] == 2:
            signal.raise_signal(signal.SIGINT)

    stretch = Stretch(steps=1, decay_steps=3, log_every=1)
    stopped = pretrain(tmp_path / "stopped", plan, pools, stretch, report=press)
    assert read_state(stopped).step == 2
    finished = pretrain(tmp_path / "stopped", plan, pools, stretch)
    whole = pretrain(tmp_path / "whole", plan, pools, stretch)
    _assert_same(_tensors(finished), _tensors(whole))


def test_a_run_is_not_continued_with_other_settings(
    pools: list[ImagePool], plan: PretrainPlan, tmp_path: Path
) -> None:
    pretrain(tmp_path / "run", plan, pools, Stretch(steps=1))
    with pytest.raises(ResumeError, match=r"seed 0 not 1"):
        pretrain(tmp_path / "run", replace(plan, seed=1), pools, Stretch(steps=2))


def test_a_run_cannot_be_asked_for_fewer_steps_than_it_has(
    pools: list[ImagePool], plan: PretrainPlan, tmp_path: Path
) -> None:
    pretrain(tmp_path / "run", plan, pools, Stretch(steps=2))
    with pytest.raises(ResumeError, match="2 steps already"):
        pretrain(tmp_path / "run", plan, pools, Stretch(steps=1))


def test_a_damaged_checkpoint_is_named(pools: list[ImagePool], plan: PretrainPlan, tmp_path: Path) -> None:
    stable = pretrain(tmp_path / "run", plan, pools, Stretch(steps=1))
    stable.write_bytes(stable.read_bytes()[:1000])
    with pytest.raises(ResumeError, match=r"stable\.pt is no checkpoint"):
        pretrain(tmp_path / "run", plan, pools, Stretch(steps=2))


def test_an_empty_folder_has_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ResumeError, match="no checkpoint"):
        latest_checkpoint(tmp_path)


def test_the_log_tells_steps_images_and_differences(
    pools: list[ImagePool], plan: PretrainPlan, tmp_path: Path
) -> None:
    pretrain(tmp_path / "run", plan, pools, Stretch(steps=4, log_every=2, snapshot_every=2))
    lines = (tmp_path / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["step"] for row in rows] == [2, 4]
    # Steps alternate between 4 images of 32 pixels and half as many (at least 2) of 64.
    assert [row["images"] for row in rows] == [6, 6]
    assert all(row["pooled"] > 0 for row in rows)
    kept = sorted(path.name for path in (tmp_path / "run" / "students").iterdir())
    assert kept == ["stable-0000002.safetensors", "stable-0000004.safetensors"]


def test_steps_bring_the_student_nearer(pools: list[ImagePool], plan: PretrainPlan, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    plan = replace(plan, sizes_px=(32,), batch=8, inherit=True, fitted_images=16)
    pretrain(tmp_path / "run", plan, pools, Stretch(steps=40, log_every=10), report=rows.append)
    assert rows[-1]["pooled"] < 0.93 * rows[0]["pooled"]
