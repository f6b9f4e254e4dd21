"""The places stage of a training run: a network taught where cracks run, to go on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from crackscope.bundle import Bundle, load_bundle, shipped_bundle_path
from crackscope.errors import RecipeError
from crackscope.training.embedder import Embedder
from crackscope.training.history import EpochRow, write_history
from crackscope.training.listener import Listener
from crackscope.training.parts import Parts
from crackscope.training.places.crops import cut_crop
from crackscope.training.places.detector_data import detector_sources
from crackscope.training.places.sources import CropSource
from crackscope.training.places.teach import TeachOptions, teach
from crackscope.training.places.warm_start import load_exported_backbone
from crackscope.training.pyramid import PyramidNetwork
from crackscope.training.recipe import Recipe
from crackscope.training.run_folder import RunFolder
from crackscope.training.trained import Trained, familiar_photos
from crackscope.training.weights import WeightsOrigin, load_weights

#: Crops of other concrete that become familiar.
_CROPS = 1_000

#: Log odds of a place before anything is learned: few are cracked.
_PRIOR = -2.0


def teach_stage(parts: Parts, recipe: Recipe, folder: RunFolder, listener: Listener) -> Trained:
    """Teach a pyramid on crops; a run that was stopped goes on from its checkpoint.

    Raises:
        RecipeError: ``places.data`` is not a folder with surfaces and drone photos.
    """
    listener.step("teach where cracks run")
    network, origin = _start(recipe)
    sources = detector_sources(_data_folder(recipe), parts.train.photos)
    for source in sources:
        listener.note(f"{source.name}: {len(source.photos):,} photos, {source.share:.0%} of crops")
    losses: list[tuple[int, float]] = []

    def report(step: int, loss: float) -> None:
        losses.append((step, loss))
        listener.progress(step, recipe.places.steps)

    taught = teach(network, sources, teach_options(recipe), folder.root / "places", report=report)
    taught = taught.to(memory_format=torch.contiguous_format)
    listener.step("embed what the decision is fitted on")
    embedder = Embedder(taught, recipe, folder.cache)
    row = _judge(taught, embedder, parts, listener, losses[-1][1] if losses else float("nan"))
    write_history(folder.history, (row,))
    return Trained(
        network=taught,
        embedder=embedder,
        origin=origin,
        familiar=embedder.trunk(familiar_photos(parts.train, "finetune"), ("identity",), listener),
        history=(row,),
        stage="finetune",
        familiar_crops=embedder.trunk_of(_concrete_crops(sources, recipe)),
        report={
            "taken": "finetune",
            "finetune": {
                "validation_loss": row.validation_loss,
                "validation_accuracy": row.validation_accuracy,
                "steps": recipe.places.steps,
                "sources": {source.name: len(source.photos) for source in sources},
            },
        },
    )


def _concrete_crops(sources: Sequence[CropSource], recipe: Recipe) -> NDArray[np.uint8]:
    """Crops of other concrete as it is, uint8 (N, H, W, 3): it is to be familiar, cracked or not."""
    names = ("surfaces", "drone")
    rng = np.random.default_rng([recipe.run.seed, len(names)])
    return np.stack(
        [
            cut_crop(photo, source.crop_px, rng, recipe.network.input_px)
            for source in sources
            if source.name in names
            for photo in source.photos
            for _ in range(_CROPS // (len(names) * len(source.photos)) + 1)
        ]
    )


def teach_options(recipe: Recipe) -> TeachOptions:
    """The recipe's choices, as the loop takes them."""
    places, fine = recipe.places, recipe.finetune
    return TeachOptions(
        steps=places.steps,
        batch_size=fine.batch_size,
        input_px=recipe.network.input_px,
        unfreeze=places.unfreeze,
        learning_rate=fine.learning_rate,
        head_learning_rate=places.head_learning_rate,
        layer_decay=fine.layer_decay,
        weight_decay=fine.weight_decay,
        warmup_share=places.warmup_share,
        ema=places.ema,
        doubt=fine.doubt,
        label_smoothing=fine.label_smoothing,
        seed=recipe.run.seed,
        workers=recipe.run.workers or 1,
    )


def _start(recipe: Recipe) -> tuple[PyramidNetwork, WeightsOrigin]:
    """The pyramid over the recipe's weights, or over those of an earlier detector."""
    state, origin = load_weights(recipe.network.backbone, recipe.network.weights)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.run.seed)
        network = PyramidNetwork(
            recipe.network.backbone,
            mean=origin.mean,
            std=origin.std,
            width=recipe.places.width,
            dropout=recipe.places.dropout,
        )
    torch.nn.init.constant_(network.head.bias, _PRIOR)
    if recipe.places.start:
        earlier = _earlier(recipe.places.start)
        load_exported_backbone(network, earlier.onnx_path)
        made = f"{earlier.config.name} of {earlier.config.created[:10]}"
        origin = replace(origin, origin=f"{origin.origin}, by way of the base of {made}")
    elif state:
        network.load_backbone(state)
    return network.eval(), origin


def _earlier(start: str) -> Bundle:
    return load_bundle(shipped_bundle_path() if start == "shipped" else Path(start))


def _data_folder(recipe: Recipe) -> Path:
    folder = Path(recipe.places.data)
    if not recipe.places.data or not (folder / "surfaces").is_dir() or not (folder / "uav-cc0").is_dir():
        raise RecipeError(
            f"places.data is {recipe.places.data!r}; expected a folder with surfaces/, uav-cc0/ and "
            "caltech101/ (see docs/data-card.md)"
        )
    return folder


def _judge(
    network: PyramidNetwork, embedder: Embedder, parts: Parts, listener: Listener, train_loss: float
) -> EpochRow:
    """Loss and accuracy on the validation part, as the other stages have them."""
    validation = embedder.embed(parts.validation, ("identity",), listener)
    values, labels = torch.from_numpy(validation.values[:, 0]), torch.from_numpy(validation.labels)
    with torch.inference_mode():
        logits = network.head(values)[:, 0]
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, labels.float())
    return EpochRow(
        stage="finetune",
        epoch=0,
        train_loss=train_loss,
        train_accuracy=float("nan"),
        validation_loss=float(loss),
        validation_accuracy=float(((logits >= 0) == (labels == 1)).float().mean()),
        learning_rate=0.0,
    )
