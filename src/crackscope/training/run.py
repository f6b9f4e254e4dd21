"""A training run from photos to an evaluated model folder, in steps that a killed run need not repeat.

Every step leaves its result on disk, whole or not at all, and takes what an earlier run left there:

1. fingerprints and split      ``manifest.csv``, ``split.json``
2. stage 1                     embeddings in chunks under ``cache/``; the head is fitted again, in seconds
3. stage 2                     a checkpoint under ``finetune/``, exact to the step
4. the decision                ``decision.json``; locked before the test part is read
5. the model                   ``model/``
6. the test part               ``metrics.json``, ``predictions.csv``, ``figures/``
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from crackscope.bundle import Bundle, ModelConfig
from crackscope.cpus import available_cpus
from crackscope.dataset.corrections import Corrections
from crackscope.dataset.discover import discover
from crackscope.evaluation.evaluate import Evaluation
from crackscope.evaluation.report import write_evaluation
from crackscope.storage import write_json, write_text
from crackscope.training.decision import Decision, decide_on_calibration
from crackscope.training.environment import describe_environment, package_versions
from crackscope.training.export import export_bundle
from crackscope.training.figures import draw_training_figures
from crackscope.training.fit import TrainerOptions
from crackscope.training.history import Stage
from crackscope.training.listener import Listener
from crackscope.training.parts import Parts
from crackscope.training.patches import read_patch
from crackscope.training.preparation import prepare
from crackscope.training.recipe import Recipe
from crackscope.training.recipe_file import recipe_to_toml
from crackscope.training.run_folder import RunFolder, claim, now
from crackscope.training.run_readme import run_readme
from crackscope.training.stages import train_stages
from crackscope.training.testing import add_results, evaluate_test_part
from crackscope.training.trained import Trained

#: Calibration photos that PyTorch and ONNX are compared on, at most.
_PARITY_PHOTOS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """A finished run.

    Attributes:
        folder: Where everything is.
        bundle: The trained model.
        evaluation: Of the exported model on the test part.
        stage: The stage whose weights the model has.
    """

    folder: RunFolder
    bundle: Bundle
    evaluation: Evaluation
    stage: Stage


def train(
    folders: Sequence[Path],
    recipe: Recipe,
    output: Path,
    *,
    positive: str | Path | None = None,
    negative: str | Path | None = None,
    corrections: Corrections | None = None,
    overwrite: bool = False,
    options: TrainerOptions | None = None,
    listener: Listener | None = None,
) -> TrainResult:
    """Train, decide, export and evaluate; a run that was stopped in ``output`` goes on where it stood.

    Args:
        folders: Labelled photos in any layout that `discover` knows.
        recipe: Every choice.
        output: The run folder: new, empty, or of the same run interrupted.
        positive: Names a class folder, as in `discover`.
        negative: Likewise.
        corrections: What people saw in photos; their labels are trained on and tested with.
        overwrite: Delete an earlier run in ``output`` and start afresh.
        options: Where and how stage 2 runs.
        listener: Hears what the run is doing.

    Raises:
        OutputError: ``output`` can't be used.
        ResumeError: It holds a run of another recipe or other photos.
        CrackscopeError: What the steps raise; the message says what to do.
    """
    listener = listener or Listener()
    # PyTorch counts the machine's processors, also in a container that may use two of them.
    torch.set_num_threads(min(torch.get_num_threads(), available_cpus()))
    dataset = discover(folders, positive=positive, negative=negative)
    counts = ", ".join(f"{count:,} {label}" for label, count in dataset.counts().items())
    listener.note(f"photos: {counts}")
    folder, continued = claim(output, dataset, folders, recipe, corrections=corrections, overwrite=overwrite)
    if continued:
        listener.note(f"going on with the run in {output}")
    write_text(folder.recipe, recipe_to_toml(recipe))
    write_json(folder.environment, describe_environment())
    parts, facts = prepare(dataset, recipe, folder, listener, corrections=corrections)
    trained = train_stages(parts, recipe, folder, options or TrainerOptions(), listener)
    decision, familiarity = decide_on_calibration(trained, parts, recipe, folder, listener)
    listener.step("export, and compare ONNX with PyTorch")
    config = _model_config(trained, decision, recipe, facts)
    bundle = export_bundle(
        folder.model, trained.network, config, familiarity, _parity_images(parts, config.input_hw)
    )
    listener.note(_parity_note(bundle))
    listener.step("evaluate the exported model on the test part")
    evaluation = evaluate_test_part(bundle, parts.manifest, listener)
    bundle = add_results(bundle, evaluation)
    listener.step("figures")
    write_evaluation(folder.root, evaluation)
    draw_training_figures(
        folder.figures, trained.network, parts.train.photos, recipe, trained.history, taken=trained.stage
    )
    write_text(folder.readme, run_readme(folder, bundle, trained.report, facts))
    folder.finish()
    return TrainResult(folder=folder, bundle=bundle, evaluation=evaluation, stage=trained.stage)


def _model_config(trained: Trained, decision: Decision, recipe: Recipe, facts: dict[str, Any]) -> ModelConfig:
    return ModelConfig(
        name=recipe.card.name,
        created=now(),
        input_hw=trained.embedder.input_hw,
        patch_px=facts["patch_px"],
        backbone=trained.network.backbone_name,
        weights=str(trained.origin),
        threshold=decision.threshold,
        calibration=decision.calibration,
        review=decision.review,
        familiarity=decision.familiarity,
        quality=decision.quality,
        training={
            "data": {
                "sources": facts["sources"],
                "parts": facts["parts"],
                "grouping": facts["grouping"],
                "corrections": facts.get("corrections"),
                "note": recipe.card.data,
            },
            "recipe": asdict(recipe),
            "weights": asdict(trained.origin),
            "stages": trained.report,
        },
        versions=package_versions(),
    )


def _parity_images(parts: Parts, input_hw: tuple[int, int]) -> NDArray[np.uint8]:
    paths = parts.calibration.sample(_PARITY_PHOTOS).photos.paths
    return np.stack([read_patch(path, input_hw) for path in paths])


def _parity_note(bundle: Bundle) -> str:
    parity = bundle.config.training["parity"]
    return (
        f"ONNX agrees with PyTorch on {parity['images']} photos: scores within "
        f"{parity['score_difference']:.1e}, {parity['labels_changed']} labels differ"
    )
