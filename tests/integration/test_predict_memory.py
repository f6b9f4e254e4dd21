"""A run of many files needs the memory of a run of few."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.bundles import write_tiny_bundle
from tests.helpers.waiting import PATIENCE_S

CODE = """
import atexit, pathlib, sys
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: print(status.read_text().split("VmHWM:")[1].split()[0], file=sys.stderr))
from crackscope.cli import main
main()
"""


def _peak_kb(model: Path, photo: Path, count: int, output: Path) -> int:
    command = ["predict", "-", "--model", str(model), "--quiet", "--output", str(output), "--threads", "2"]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *command],
        input=f"{photo}\n" * count,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=PATIENCE_S,
        check=True,
    )
    return int(done.stderr.split()[-1])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_peak_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    model = write_tiny_bundle(tmp_path / "model").folder
    photo = tmp_path / "photo.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)).save(photo)
    few = _peak_kb(model, photo, 300, tmp_path / "rows.csv")
    many = _peak_kb(model, photo, 3_000, tmp_path / "rows.csv")
    # 2,700 more photos, decoded and kept, would be 133 MB; at the model's size still 33 MB.
    assert many < few + 10_000
