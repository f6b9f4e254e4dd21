"""The one-page script at the root, run as a stranger would run it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from crackscope.bundle import load_bundle
from tests.conftest import ROOT
from tests.helpers.patches import write_patches

pytestmark = pytest.mark.slow

RECIPE = """
[network]
backbone = "test_efficientnet"
weights = "none"
input_px = 32
[finetune]
epochs = 1
"""


def run_script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = ROOT / "concrete_crack_classification.py"
    return subprocess.run(
        [sys.executable, str(script), *arguments],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", env={**os.environ, "PYTHONUTF8": "1"},
    )  # fmt: skip


def test_it_trains_evaluates_draws_and_predicts_from_a_folder_datasets(tmp_path: Path) -> None:
    write_patches(tmp_path / "datasets", 60)
    (tmp_path / "small.toml").write_text(RECIPE, encoding="utf-8")

    done = run_script(tmp_path, "--recipe", "small.toml")

    assert done.returncode == 0, done.stderr
    assert "60 photos are Negative" in done.stdout
    accuracy = re.search(r"accuracy +(0\.\d{4}|1\.0000) +\((\S+) to (\S+)\)", done.stdout)
    assert accuracy is not None
    assert float(accuracy[2]) <= float(accuracy[1]) <= float(accuracy[3])
    figures = sorted(path.name for path in (tmp_path / "runs/seed/figures").glob("*.png"))
    assert len(figures) >= 8
    assert all(name in done.stdout for name in figures)
    assert len(re.findall(r"^  [01]\.\d{3} (Positive|Negative) .* (right|WRONG)  ", done.stdout, re.M)) == 10
    assert load_bundle(tmp_path / "runs/seed/model").config.backbone == "test_efficientnet"


def test_without_photos_it_says_what_to_do_in_one_line(tmp_path: Path) -> None:
    done = run_script(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
