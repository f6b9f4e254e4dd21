"""A real search on small patches: it goes on after a stop, and its recipe can be trained."""

from __future__ import annotations

import csv
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from crackscope.errors import RecipeError, ResumeError
from crackscope.training.recipe_file import load_recipe
from crackscope.training.tune import TuneResult, tune
from tests.conftest import ROOT
from tests.helpers.patches import write_patches
from tests.helpers.small_finetune import small_recipe

pytestmark = pytest.mark.slow

RECIPE = small_recipe(
    augment__synthetic_cracks=0.0, augment__distractors=0.0, head__epochs=12, finetune__epochs=1
)


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("patches")
    write_patches(folder, 60)
    return folder


@pytest.fixture(scope="module")
def searched(patches: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TuneResult]:
    output = tmp_path_factory.mktemp("tune") / "search"
    return output, tune([patches], RECIPE, output, trials=6)


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_the_best_recipe_is_the_one_of_the_best_trial(searched: tuple[Path, TuneResult]) -> None:
    _, result = searched
    rows = read_table(result.table)
    complete = [row for row in rows if row["state"] == "complete"]
    best = min(complete, key=lambda row: float(row["validation_loss"]))
    recipe = load_recipe(result.recipe)
    assert recipe.head.learning_rate == pytest.approx(float(best["head.learning_rate"]))
    assert "+".join(recipe.head.views) == best["head.views"]
    assert recipe.network == RECIPE.network
    assert result.best_loss == pytest.approx(float(best["validation_loss"]))


def test_the_first_trial_is_the_recipe_itself(searched: tuple[Path, TuneResult]) -> None:
    _, result = searched
    first = read_table(result.table)[0]
    assert float(first["head.learning_rate"]) == RECIPE.head.learning_rate
    assert result.start_loss == float(first["validation_loss"])
    assert result.best_loss <= result.start_loss


def test_the_picture_is_drawn(searched: tuple[Path, TuneResult]) -> None:
    with Image.open(searched[1].figure) as image:
        assert min(image.size) > 500


def test_the_search_goes_on_with_new_trials(
    searched: tuple[Path, TuneResult], patches: Path, tmp_path: Path
) -> None:
    # A copy: the other tests count the trials of the search as it was.
    output = tmp_path / "search"
    shutil.copytree(searched[0], output)
    before = read_table(searched[1].table)
    result = tune([patches], RECIPE, output, trials=8)
    rows = read_table(result.table)
    assert rows[: len(before)] == before
    assert result.trials == 8
    learned = [row["head.learning_rate"] for row in rows]
    assert len(set(learned)) == len(learned)
    # All are done already: nothing more is tried.
    assert tune([patches], RECIPE, output, trials=8).trials == 8


def test_another_recipe_in_the_same_folder_is_refused(
    searched: tuple[Path, TuneResult], patches: Path
) -> None:
    other = dataclasses.replace(RECIPE, head=dataclasses.replace(RECIPE.head, epochs=3))
    with pytest.raises(ResumeError, match=r"head\.epochs"):
        tune([patches], other, searched[0], trials=9)


def test_a_key_that_can_not_be_searched_is_refused_before_any_work(patches: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="can't search"):
        tune([patches], RECIPE, tmp_path / "out", keys=["data.seed"])
    assert not (tmp_path / "out").exists()


def test_trials_of_augmentation_fine_tune(patches: Path, tmp_path: Path) -> None:
    result = tune([patches], RECIPE, tmp_path / "out", trials=2, keys=["augment.noise"], timeout_s=0)
    # Without time one trial is made nevertheless, or there would be no answer.
    assert result.trials == 1
    assert not list((tmp_path / "out").glob("trial-*"))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends processes in one way only")
def test_a_killed_search_goes_on_by_the_same_command(patches: Path, tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text((RECIPE_TOML), encoding="utf-8")
    output = tmp_path / "out"
    command = [
        sys.executable, "-m", "crackscope", "tune", str(patches), "--output", str(output),
        "--recipe", str(tmp_path / "recipe.toml"), "--trials",
    ]  # fmt: skip
    process = subprocess.Popen([*command, "1000"], cwd=ROOT, stderr=subprocess.DEVNULL, env=_environment())
    try:
        deadline = time.monotonic() + 300
        while _trials_in(output) < 3 and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.2)
    finally:
        process.kill()
        process.wait()

    found = subprocess.run(
        [*command, "4"], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", env=_environment()
    )

    assert found.returncode == 0, found.stderr
    assert "validation loss" in found.stdout
    assert "crackscope train --recipe" in found.stdout


RECIPE_TOML = """
[network]
backbone = "test_efficientnet"
weights = "none"
input_px = 32
[head]
epochs = 12
"""


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUTF8": "1"}


def _trials_in(output: Path) -> int:
    import sqlite3

    if not (output / "study.db").exists():
        return 0
    try:
        with sqlite3.connect(output / "study.db") as connection:
            rows = connection.execute("SELECT COUNT(*) FROM trials WHERE state = 'COMPLETE'")
            return int(rows.fetchone()[0])
    except sqlite3.OperationalError:
        return 0
