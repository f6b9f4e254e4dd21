"""Pictures of a training run: its photos, their variations, and how it learned."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from crackscope.evaluation.style import FAINT, LINE, MARK, dress, new_figure, save
from crackscope.labels import Label
from crackscope.resizing import resize_rgb
from crackscope.training.augment import augment_batch, generator_of
from crackscope.training.batches import Draw, Paint, PhotoSet
from crackscope.training.diagram import draw_architecture
from crackscope.training.history import EpochRow, Stage
from crackscope.training.loader import load_draw
from crackscope.training.network import CrackNetwork
from crackscope.training.patches import read_pixels
from crackscope.training.recipe import Recipe

#: What the samples of the augmentation say below a painted patch.
_NOTES: dict[Paint | None, str] = {
    "crack": "painted crack",
    "distractor": "look-alike",
    "crack over distractor": "crack on look-alike",
    None: "",
}

_THUMBNAIL_PX = 160

_STAGES: dict[Stage, str] = {"head": "stage 1: head on a frozen base", "finetune": "stage 2: fine-tuning"}


def draw_training_figures(
    folder: Path,
    network: CrackNetwork,
    photos: PhotoSet,
    recipe: Recipe,
    history: Sequence[EpochRow],
    *,
    taken: Stage | None = None,
) -> list[Path]:
    """All pictures of a run that need no test part.

    Args:
        folder: Takes the PNG files.
        network: Any of the run's; what learns in stage 2 is the recipe's to say.
        photos: Of the training part.
        recipe: The run's.
        history: Every epoch of both stages.
        taken: The stage whose best epoch became the model.

    Returns:
        The files written.
    """
    names = ("labelled_samples.png", "augmentation_samples.png", "architecture.png", "learning_curves.png")
    samples, augmentation, architecture, curves = (folder / name for name in names)
    draw_samples(samples, photos, seed=recipe.run.seed)
    draw_augmentation(augmentation, photos, recipe)
    shown = copy.deepcopy(network)
    shown.unfreeze(_blocks_that_learn(recipe))
    draw_architecture(architecture, shown, (recipe.network.input_px, recipe.network.input_px))
    draw_learning_curves(curves, history, taken=taken)
    return [samples, augmentation, architecture, curves]


def _blocks_that_learn(recipe: Recipe) -> int | str:
    if recipe.places.steps:
        return recipe.places.unfreeze
    return recipe.finetune.unfreeze if recipe.finetune.enabled else 0


def draw_samples(target: Path, photos: PhotoSet, *, seed: int = 0, per_class: int = 8) -> None:
    """Some photos of each class, at their own resolution."""
    figure = new_figure(per_class * 1.3, 3.4, "Labelled samples of the training part")
    for row, label in enumerate(reversed(Label)):
        chosen = _choose(photos, label, per_class, seed)
        for column in range(per_class):
            axes = figure.add_subplot(2, per_class, row * per_class + column + 1)
            pixels = read_pixels(photos.paths[chosen[column]]) if column < len(chosen) else None
            _show(axes, pixels, title=f"{label}" if column == 0 else "")
    save(figure, target)


def draw_augmentation(
    target: Path, photos: PhotoSet, recipe: Recipe, *, rows: int = 6, columns: int = 8
) -> None:
    """Each row: a photo, and what the network sees of it in one epoch after another."""
    side = recipe.network.input_px
    title = f"What the network sees ({side} px): the photo, then its variations"
    figure = new_figure(columns * 1.2, rows * 1.2 + 0.5, title)
    per_class = [_choose(photos, label, rows, recipe.run.seed) for label in Label]
    chosen = [index for pair in zip_longest(*per_class) for index in pair if index is not None][:rows]
    for row, photo in enumerate(chosen):
        label = int(photos.labels[photo])
        seen = _variants(photos.paths[photo], photo, label, recipe, columns - 1)
        for column, (pixels, note) in enumerate(seen):
            axes = figure.add_subplot(rows, columns, row * columns + column + 1)
            _show(axes, pixels, title=note)
    save(figure, target)


def draw_learning_curves(target: Path, history: Sequence[EpochRow], *, taken: Stage | None = None) -> None:
    """Loss and accuracy of each stage, training against validation; its best epoch is marked.

    Args:
        target: The PNG.
        history: Every epoch of both stages.
        taken: The stage whose best epoch became the model.
    """
    stages = [stage for stage in _STAGES if any(row.stage == stage for row in history)]
    figure = new_figure(4.6 * len(stages) + 0.8, 6, "Learning curves")
    axes = figure.subplots(2, len(stages), sharey="row", squeeze=False)
    for column, stage in enumerate(stages):
        rows = [row for row in history if row.stage == stage]
        _plot(axes[0, column], rows, "loss")
        _plot(axes[1, column], rows, "accuracy")
        note = " (taken)" if stage == taken else ""
        axes[0, column].set(yscale="log")
        axes[0, column].set_title(_STAGES[stage] + note, fontsize=10)
        dress(axes[0, column], x="", y="" if column else "binary cross-entropy")
        dress(axes[1, column], x="epoch", y="" if column else "accuracy at score 0.5")
    axes[0, -1].legend(frameon=False)
    save(figure, target)


def _plot(axes: Axes, rows: Sequence[EpochRow], what: str) -> None:
    epochs = [row.epoch + 1 for row in rows]
    # A short stage would be a line without points, or one point without a line.
    marker = "o" if len(rows) <= 20 else None
    for part, name, colour in (("train", "training", LINE), ("validation", "validation", MARK)):
        values = [getattr(row, f"{part}_{what}") for row in rows]
        axes.plot(epochs, values, color=colour, marker=marker, markersize=4, label=name)
    # A loss that is no number is the best of nothing.
    best = min(rows, key=lambda row: (math.isnan(row.validation_loss), row.validation_loss))
    place = best.epoch + 1, getattr(best, f"validation_{what}")
    axes.axvline(place[0], color=FAINT, linewidth=1, linestyle="--", zorder=0)
    axes.plot(*place, marker="*", markersize=13, color=MARK, linestyle="none", label="best epoch")
    axes.annotate(f"{place[1]:.4f}", place, xytext=(6, 8), textcoords="offset points")
    axes.margins(y=0.15)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _choose(photos: PhotoSet, label: Label, count: int, seed: int) -> list[int]:
    of_class = np.flatnonzero(photos.labels == label.number)
    rng = np.random.default_rng((seed, label.number))
    return [int(index) for index in rng.permutation(of_class)[:count]]


def _variants(
    path: Path, photo: int, label: int, recipe: Recipe, count: int
) -> list[tuple[NDArray[np.uint8], str]]:
    """The photo, and ``count`` variations; of a Negative some painted ones, where the recipe paints."""
    side = recipe.network.input_px
    paints: list[Paint | None] = [None] * count
    if label == 0 and recipe.augment.synthetic_cracks:
        paints[-2:] = ["crack"] * len(paints[-2:])
    if label == 0 and recipe.augment.distractors:
        paints[:1] = ["distractor"]
        paints[-1:] = ["crack over distractor"] if recipe.augment.synthetic_cracks else paints[-1:]
    draws = [Draw(photo=photo, epoch=epoch, label=label, paint=paint) for epoch, paint in enumerate(paints)]
    loaded = [load_draw(path, draw, (side, side), seed=recipe.run.seed) for draw in draws]
    generator = generator_of(recipe.run.seed, photo)
    images = augment_batch(torch.from_numpy(np.stack(loaded)), recipe.augment, generator)
    pixels = (images * 255).round().byte().permute(0, 2, 3, 1).numpy()
    notes = [_NOTES[paint] for paint in paints]
    return [(read_pixels(path), str(list(Label)[label])), *zip(pixels, notes, strict=True)]


def _show(axes: Axes, pixels: NDArray[np.uint8] | None, *, title: str = "") -> None:
    axes.axis("off")
    if pixels is not None:
        shorter = min(pixels.shape[:2])
        if shorter > 2 * _THUMBNAIL_PX:
            scale = _THUMBNAIL_PX / shorter
            pixels = resize_rgb(pixels, (round(pixels.shape[0] * scale), round(pixels.shape[1] * scale)))
        axes.imshow(pixels, interpolation="nearest")
    axes.set_title(title, fontsize=8, pad=3)
