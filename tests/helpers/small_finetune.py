"""A real fine-tuning that takes seconds: ``python -m tests.helpers.small_finetune PATCHES FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from crackscope.training.batches import PhotoSet
from crackscope.training.fit import FinetuneResult, TrainerOptions, finetune
from crackscope.training.network import CrackNetwork
from crackscope.training.recipe import Recipe
from crackscope.training.recipe_file import load_recipe

STEPS_PER_EPOCH = 6
EPOCHS = 3


def small_recipe(**overrides: object) -> Recipe:
    """A network of 100,000 weights at 32 px, with everything on that has a state or uses chance."""
    keys = {
        "network.backbone": "test_efficientnet",
        "network.weights": "none",
        "network.input_px": 32,
        "network.dropout": 0.3,
        "augment.synthetic_cracks": 0.2,
        "augment.distractors": 0.1,
        "finetune.epochs": EPOCHS,
        "finetune.batch_size": 8,
        "finetune.ema": 0.9,
        "run.workers": 2,
    }
    return load_recipe(
        "default", keys | {name.replace("__", "."): value for name, value in overrides.items()}
    )


def small_network(seed: int = 0, dropout: float = 0.3) -> CrackNetwork:
    torch.manual_seed(seed)
    return CrackNetwork(
        "test_efficientnet", mean=(0.5,) * 3, std=(0.5,) * 3, dropout=dropout, train_norm=True
    )


def photo_set(paths: list[Path]) -> PhotoSet:
    labels = np.array([int(path.parent.name == "Positive") for path in paths])
    return PhotoSet(paths=tuple(paths), labels=labels, sources=("synthetic",) * len(paths))


def small_parts(patches: Path) -> tuple[PhotoSet, PhotoSet]:
    """48 photos to train on and 16 to validate with, of a folder with at least 32 patches per class."""
    paths = sorted(patches.rglob("*.png"), key=lambda path: (path.name, path.parent.name))
    return photo_set(paths[:48]), photo_set(paths[48:64])


def run_small_finetune(
    patches: Path, folder: Path, recipe: Recipe | None = None, **options: object
) -> FinetuneResult:
    """Train, or go on; one thread, because sums in another order are other sums."""
    torch.set_num_threads(1)
    train, validation = small_parts(patches)
    settings = TrainerOptions(**{"accelerator": "cpu", "devices": 1, "checkpoint_every_s": 0.0} | options)  # type: ignore[arg-type]
    return finetune(small_network(), train, validation, recipe or small_recipe(), folder, options=settings)


if __name__ == "__main__":
    run_small_finetune(Path(sys.argv[1]), Path(sys.argv[2]))
