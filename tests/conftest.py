"""What all tests share: where the real photographs are, and a rule for when they are not."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

pytest_plugins = ["tests.helpers.skips"]

ROOT = Path(__file__).resolve().parent.parent

# A shell starts background jobs with Ctrl-C ignored, and Python and its children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def _keep_to_own_processors() -> None:
    """Each of pytest-xdist's workers takes its share of the processors, and its children with it.

    Otherwise the threads of every worker wait for each other on every processor: the sums of small matrices
    in test_sheet.py took five times the processor time. Before NumPy and PyTorch count the processors.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        workers = int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        share = sorted(os.sched_getaffinity(0))[int(worker.removeprefix("gw")) :: workers]
        os.sched_setaffinity(0, share or os.sched_getaffinity(0))


_keep_to_own_processors()


def _data_folder() -> Path:
    return Path(os.environ.get("CRACKSCOPE_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photographs; without it the test skips, or fails under CRACKSCOPE_REQUIRE_DATA=1."""
    folder = _data_folder()
    if folder.is_dir():
        return folder
    if os.environ.get("CRACKSCOPE_REQUIRE_DATA") == "1":
        pytest.fail(f"CRACKSCOPE_REQUIRE_DATA=1, but there is no {folder}")
    pytest.skip(f"real photographs are not at {folder}; set CRACKSCOPE_DATA to test with them")
