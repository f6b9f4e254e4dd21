"""A fine-tuning that is killed or stopped goes on to the same weights, bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch

from crackscope.training.checkpoint import CHECKPOINT_NAME
from crackscope.training.fit import FinetuneResult
from tests.conftest import ROOT
from tests.helpers.patches import write_patches
from tests.helpers.small_finetune import run_small_finetune, small_recipe
from tests.helpers.waiting import PATIENCE_S

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("patches")
    write_patches(folder, 32)
    return folder


@pytest.fixture(scope="module")
def undisturbed(patches: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FinetuneResult]:
    folder = tmp_path_factory.mktemp("undisturbed")
    return folder, run_small_finetune(patches, folder)


@contextmanager
def training(patches: Path, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.helpers.small_finetune", str(patches), str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_saves(process: subprocess.Popen[str], folder: Path, count: int) -> None:
    """Return as soon as the running process has written ``count`` new checkpoints."""
    checkpoint = folder / CHECKPOINT_NAME
    seen = {_version(checkpoint)}
    deadline = time.monotonic() + 240
    while len(seen) <= count:
        assert process.poll() is None, f"ended before it was stopped: {process.communicate()[1]}"
        assert time.monotonic() < deadline, "no checkpoint in four minutes"
        seen.add(_version(checkpoint))
        time.sleep(0.001)


def _version(path: Path) -> int | None:
    return path.stat().st_mtime_ns if path.exists() else None


def assert_same_training(folder: Path, result: FinetuneResult, other: tuple[Path, FinetuneResult]) -> None:
    other_folder, other_result = other
    assert result.history == other_result.history
    assert_same_tensors(result.state, other_result.state)
    ours, theirs = (torch.load(place / CHECKPOINT_NAME) for place in (folder, other_folder))
    assert_same_tensors(ours["network"], theirs["network"])
    assert_same_tensors(ours["ema"], theirs["ema"])
    for number, moments in theirs["optimizer"]["state"].items():
        assert_same_tensors(ours["optimizer"]["state"][number], moments)


def assert_same_tensors(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends processes in one way only")
def test_killed_twice_it_ends_with_the_weights_of_an_undisturbed_run(
    patches: Path, undisturbed: tuple[Path, FinetuneResult], tmp_path: Path
) -> None:
    for saves in (2, 4):
        with training(patches, tmp_path) as process:
            wait_for_saves(process, tmp_path, saves)
            process.kill()
    stood = torch.load(tmp_path / CHECKPOINT_NAME)
    assert 0 < stood["epoch"] * 6 + stood["step"] < 18

    result = run_small_finetune(patches, tmp_path)

    assert_same_training(tmp_path, result, undisturbed)


@pytest.mark.skipif(os.name == "nt", reason="Windows can't send Ctrl-C to one process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_scheduler_s_signal_save_say_how_to_go_on_and_lose_nothing(
    patches: Path, undisturbed: tuple[Path, FinetuneResult], tmp_path: Path, number: signal.Signals
) -> None:
    with training(patches, tmp_path) as process:
        wait_for_saves(process, tmp_path, 2)
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert "RunInterruptedError: stopped in epoch" in errors
    assert "run the same command again" in errors

    result = run_small_finetune(patches, tmp_path)

    assert_same_training(tmp_path, result, undisturbed)


def test_two_processes_share_the_work_and_each_photo_is_seen_once(patches: Path, tmp_path: Path) -> None:
    recipe = small_recipe(finetune__epochs=1, finetune__batch_norm="frozen")
    result = run_small_finetune(patches, tmp_path, recipe, devices=2)
    assert len(result.history) == 1
    # 16 of 16 and 48 of 48 photos are in the shares, or these would be other multiples.
    assert (result.best.validation_accuracy * 16) % 1 == 0
    assert (result.best.train_accuracy * 48) % 1 == pytest.approx(0, abs=1e-6)
