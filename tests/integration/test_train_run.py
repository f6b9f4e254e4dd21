"""A tiny real training: every step from photos to an evaluated model, undisturbed, killed and interrupted."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crackscope import load_bundle
from crackscope.dataset.discover import discover
from crackscope.dataset.manifest import read_manifest
from crackscope.dataset.records import Part
from crackscope.errors import OutputError, ResumeError
from crackscope.inference.classifier import CrackClassifier
from crackscope.records import Prediction
from crackscope.training import patches as patches_module
from crackscope.training.fit import TrainerOptions
from crackscope.training.listener import Listener
from crackscope.training.preparation import prepare
from crackscope.training.recipe import Recipe
from crackscope.training.recipe_file import load_recipe
from crackscope.training.run import TrainResult, train
from crackscope.training.run_folder import RunFolder
from crackscope.training.stages import Trained, train_stages
from tests.helpers.patches import write_patches
from tests.helpers.waiting import PATIENCE_S

pytestmark = pytest.mark.slow

SETTINGS = {
    # Group norm, because batch norm needs more steps from random weights than a test has.
    "network.backbone": "test_efficientnet_gn",
    "network.weights": "none",
    "network.input_px": 32,
    "head.views": ["identity", "flip"],
    "head.epochs": 3,
    "finetune.epochs": 4,
    "finetune.batch_size": 16,
    "finetune.learning_rate": 0.01,
    "finetune.head_learning_rate": 0.01,
    "finetune.ema": 0.5,
    "data.shares": "60/20/20",
    "run.workers": 2,
}
ON_CPU = TrainerOptions(accelerator="cpu", devices=1)


def tiny_recipe(**changes: object) -> Recipe:
    return load_recipe(
        "default", SETTINGS | {key.replace("__", "."): value for key, value in changes.items()}
    )


class Recorder(Listener):
    """Remembers what a run said, and which photos had been read for training when each step began."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.read: list[Path] = []
        self.read_at_step: dict[str, int] = {}

    def step(self, name: str) -> None:
        self.read_at_step[name] = len(self.read)

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_patches(folder, 80)
    (folder / "Positive" / "broken.png").write_bytes(b"not a photo")
    return folder


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainResult, Recorder]:
    recorder = Recorder()
    output = tmp_path_factory.mktemp("runs") / "run"
    original = patches_module.read_photo

    def recording(path: Path) -> object:
        recorder.read.append(path)
        return original(path)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(patches_module, "read_photo", recording)
        result = train([photos], tiny_recipe(), output, options=ON_CPU, listener=recorder)
    return result, recorder


def test_the_run_folder_is_complete(run: tuple[TrainResult, Recorder]) -> None:
    root = run[0].folder.root
    for name in (
        "README.md",
        "recipe.toml",
        "manifest.csv",
        "split.json",
        "environment.json",
        "history.csv",
        "decision.json",
        "metrics.json",
        "predictions.csv",
        "model/model.onnx",
        "figures/labelled_samples.png",
        "figures/augmentation_samples.png",
        "figures/architecture.png",
        "figures/learning_curves.png",
        "figures/confusion.png",
        "figures/roc.png",
        "figures/precision_recall.png",
        "figures/reliability.png",
        "figures/sample_predictions.png",
        "figures/worst_mistakes.png",
    ):
        assert (root / name).is_file(), name
    page = (root / "README.md").read_text(encoding="utf-8")
    for path in root.iterdir():
        assert path.name == "README.md" or f"`{path.name}" in page
    assert json.loads((root / "run.json").read_text(encoding="utf-8"))["state"] == "finished"


def test_no_step_of_training_reads_the_test_part(run: tuple[TrainResult, Recorder], photos: Path) -> None:
    result, recorder = run
    before = recorder.read[: recorder.read_at_step["evaluate the exported model on the test part"]]
    manifest = read_manifest(result.folder.manifest, root=photos)
    test_files = {photos / row.path for row in manifest.of(Part.TEST)}
    assert test_files
    assert len(set(before)) == len(manifest.rows) - len(test_files)
    assert not test_files & set(before)


def test_what_was_found_in_the_data_is_said(run: tuple[TrainResult, Recorder]) -> None:
    notes = "\n".join(run[1].notes)
    assert "80 Negative, 81 Positive" in notes
    assert "a random split would have shared" in notes
    assert "1 files can't be read" in notes
    assert "starting weights: none: random weights" in notes


def test_the_written_scores_are_those_of_the_written_model(
    run: tuple[TrainResult, Recorder], photos: Path
) -> None:
    result = run[0]
    with result.folder.predictions.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    outcomes = CrackClassifier.load(result.folder.model).predict([photos / row["path"] for row in rows])
    for row, outcome in zip(rows, outcomes, strict=True):
        assert isinstance(outcome, Prediction)
        assert float(row["score"]) == pytest.approx(outcome.score, abs=1e-6)
        assert row["label"] == outcome.label


def test_the_model_knows_where_it_comes_from(run: tuple[TrainResult, Recorder]) -> None:
    config = load_bundle(run[0].folder.model).config
    assert config.training["recipe"]["network"]["backbone"] == "test_efficientnet_gn"
    assert config.training["weights"]["name"] == "none"
    assert config.training["test"]["n"] == run[0].evaluation.metrics.n
    assert config.training["stages"]["taken"] == run[0].stage
    assert config.patch_px == 48
    assert config.threshold.fitted_on.startswith("calibration part")
    assert config.quality is not None
    assert config.quality.limit > 0
    assert config.quality.fitted_on.startswith("calibration part")
    assert config.versions["torch"]


def test_fine_tuning_is_taken_where_it_helps(run: tuple[TrainResult, Recorder]) -> None:
    # The killed run below compares its weights, and they should come from both stages.
    stages = run[0].bundle.config.training["stages"]
    assert run[0].stage == stages["taken"] == "finetune"
    assert stages["finetune"]["validation_loss"] < stages["head"]["validation_loss"]


def test_a_finished_run_is_not_trained_again(run: tuple[TrainResult, Recorder], photos: Path) -> None:
    with pytest.raises(OutputError, match="finished"):
        train([photos], tiny_recipe(), run[0].folder.root, options=ON_CPU)
    with pytest.raises(ResumeError, match="another recipe"):
        train([photos], tiny_recipe(run__seed=1), run[0].folder.root, options=ON_CPU)


SPOIL = {
    "finetune__learning_rate": 1.0,
    "finetune__head_learning_rate": 1.0,
    "finetune__epochs": 1,
    "finetune__ema": 0,
}


def stages_of(recipe: Recipe, photos: Path, output: Path, run: TrainResult) -> tuple[Trained, Recorder]:
    """Both stages as a run does them; the photos were embedded by another run from the same weights."""
    shutil.copytree(run.folder.cache, output / "cache")
    recorder, folder = Recorder(), RunFolder(output)
    parts, _ = prepare(discover([photos]), recipe, folder, recorder)
    return train_stages(parts, recipe, folder, ON_CPU, recorder), recorder


def test_a_stage_that_does_not_help_is_reported_and_not_taken(
    run: tuple[TrainResult, Recorder], photos: Path, tmp_path: Path
) -> None:
    trained, recorder = stages_of(tiny_recipe(**SPOIL), photos, tmp_path / "run", run[0])
    assert trained.stage == trained.report["taken"] == "head"
    assert any(note.startswith("stage 2 is not taken") for note in recorder.notes)
    assert trained.report["finetune"]["validation_loss"] > trained.report["head"]["validation_loss"]


def test_a_stage_that_does_not_help_is_taken_where_the_recipe_says_so(
    run: tuple[TrainResult, Recorder], photos: Path, tmp_path: Path
) -> None:
    recipe = tiny_recipe(**SPOIL, finetune__take="always")
    trained, recorder = stages_of(recipe, photos, tmp_path / "run", run[0])
    assert trained.stage == trained.report["taken"] == "finetune"
    assert any(note.startswith("stage 2 is taken, as the recipe says") for note in recorder.notes)


def start(photos: Path, output: Path, *more: str, **settings: object) -> subprocess.Popen[str]:
    changes = {**SETTINGS, **{key.replace("__", "."): value for key, value in settings.items()}}
    flags = [flag for key, value in changes.items() for flag in ("--set", f"{key}={json.dumps(value)}")]
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "crackscope", "train", str(photos), "--output", str(output)),
            *("--accelerator", "cpu", "--devices", "1", *flags, *more),
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 200
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_killed_in_every_step_it_ends_with_the_same_model(photos: Path, tmp_path: Path) -> None:
    # In a process of its own too: other tests leave this one with other thread counts, so with other sums.
    output, undisturbed = tmp_path / "run", tmp_path / "undisturbed"
    reference = start(photos, undisturbed)
    reference.communicate(timeout=PATIENCE_S)
    assert reference.returncode == 0
    for sign in ("cache/*/*.npz", "finetune/last.ckpt", "decision.json"):
        process = start(photos, output)
        wait_for(lambda sign=sign: any(output.glob(sign)), process)  # type: ignore[misc]
        process.kill()
        process.communicate()
    last = start(photos, output)
    out, err = last.communicate(timeout=PATIENCE_S)
    assert last.returncode == 0, err
    assert "going on with the run" in out
    ours, theirs = load_bundle(output / "model"), load_bundle(undisturbed / "model")
    assert ours.identity == theirs.identity
    assert ours.config.threshold == theirs.config.threshold
    for name in ("predictions.csv", "history.csv", "manifest.csv", "decision.json"):
        assert (output / name).read_bytes() == (undisturbed / name).read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for a child alone")
def test_ctrl_c_says_how_to_go_on(photos: Path, tmp_path: Path) -> None:
    process = start(photos, tmp_path / "run", head__epochs=100_000, head__patience=100_000)
    wait_for(lambda: any((tmp_path / "run").glob("cache/*/*.npz")), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 130
    assert "run the same command again to go on" in err
    assert "Traceback" not in err


def test_two_processes_share_stage_2(photos: Path, tmp_path: Path) -> None:
    process = start(photos, tmp_path / "run", "--devices", "2", "--strategy", "ddp")
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, err
    # Only the leading process speaks, decides and exports.
    assert out.count("stage 2: validation loss") == 1
    assert out.count("ONNX agrees with PyTorch") == 1
    assert load_bundle(tmp_path / "run" / "model").config.training["test"]["n"] > 0
