"""Ctrl-C at any moment: exit code 130, one line, nothing half-written, and the same command goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.waiting import PATIENCE_S
from tests.unit.dataset.photos import make_classes
from tests.unit.scanning.conftest import save_wall

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no Ctrl-C for a group of processes"),
]

#: Says when our code listens: what Python does before is not ours to catch.
_PROGRAM = """
from crackscope.cli import ctrl_c, main
listen = ctrl_c.CtrlC.ends_at_once
ctrl_c.CtrlC.ends_at_once = lambda self: (listen(self), print("up", flush=True))
main()
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("model"), patch_px=64).folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(60):
        save_wall(folder / f"{number:02d}.png", 400, 400 + number)
    return folder


def stopped(words: Sequence[object], *, after_s: float = 0.0, once: Path | str | None = None) -> str | None:
    """Standard error of a command that was stopped; ``None`` where it had ended before.

    Args:
        words: The command.
        after_s: Seconds after it began, or after ``once``.
        once: A path that exists by then, or the beginning of a line it prints.
    """
    command = [sys.executable, "-c", _PROGRAM, *map(str, words)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    if isinstance(once, str):
        assert process.stdout.readline().startswith(once)
    elif once is not None:
        deadline = time.monotonic() + PATIENCE_S
        while not once.exists() and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    time.sleep(after_s)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE_S)
    # Python itself, once it has nothing left to run but its own end, lets the signal end it.
    if process.returncode in (0, -signal.SIGINT):
        return None
    assert process.returncode == 130, errors
    return errors


def assert_one_line(errors: str | None) -> None:
    if errors is not None:
        *progress, last = errors.splitlines()
        assert last.startswith("stopped")
        assert "Traceback" not in errors
        assert "Exception ignored" not in errors
        assert not [line for line in progress if "rror" in line]


@pytest.mark.parametrize("after_s", [0.0, 0.3, 1.0, 2.0])
def test_predict_writes_all_or_nothing(model: Path, photos: Path, tmp_path: Path, after_s: float) -> None:
    table = tmp_path / "out.csv"
    errors = stopped(["predict", photos, "--model", model, "-o", table], after_s=after_s)
    assert_one_line(errors)
    assert [path.name for path in tmp_path.iterdir()] == ([] if errors else ["out.csv"])


def test_a_scan_says_how_to_go_on(model: Path, photos: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    command = ["scan", photos, "--model", model, "-o", output, "--jobs", "1"]
    errors = stopped(command, once=output / "overlays")
    assert_one_line(errors)
    if errors is not None:
        assert "run the same command again to go on" in errors
        assert not (output / "photos.csv").exists()
    done = subprocess.run(
        [sys.executable, "-m", "crackscope", *map(str, command)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len((output / "photos.csv").read_text("utf-8").splitlines()) == 61


@pytest.mark.parametrize("after_s", [0.2, 1.0])
def test_a_split_is_written_whole_or_not_at_all(tmp_path: Path, after_s: float) -> None:
    data, manifest = make_classes(tmp_path / "data", 60), tmp_path / "out" / "manifest.csv"
    manifest.parent.mkdir()
    errors = stopped(["data", "split", data, "-o", manifest], after_s=after_s)
    assert_one_line(errors)
    assert [path.name for path in manifest.parent.iterdir()] == ([] if errors else ["manifest.csv"])


def test_training_stopped_while_it_loads_leaves_nothing_that_stops_the_next(tmp_path: Path) -> None:
    data = make_classes(tmp_path / "data", 10)
    assert_one_line(stopped(["train", data, "-o", tmp_path / "run"], after_s=1.0))
    assert not (tmp_path / "run" / "model").exists()


@pytest.mark.parametrize("once", [None, "crackscope is at"], ids=["starting", "running"])
def test_the_server_stops(model: Path, tmp_path: Path, once: str | None) -> None:
    command = ["serve", "--port", "0", "--model", model, "--data-dir", tmp_path / "data"]
    errors = stopped(command, once=once, after_s=0.5)
    assert errors is not None
    assert_one_line(errors)


def test_a_background_job_of_a_shell_does_not_hear_it(model: Path, photos: Path, tmp_path: Path) -> None:
    program = f"import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n{_PROGRAM}"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "predict", str(photos), "--model", str(model)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, errors
    assert len(out.splitlines()) == 61
