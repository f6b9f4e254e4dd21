"""Pictures of photos with what was said of them, and the truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from crackscope.errors import PhotoError
from crackscope.evaluation.photos import GroupedPhoto
from crackscope.evaluation.style import FAINT, RIGHT, WRONG, new_figure, save
from crackscope.images import read_photo
from crackscope.labels import Label
from crackscope.records import Prediction
from crackscope.resizing import resize_rgb

Judged = tuple[GroupedPhoto, Prediction]

_COLUMNS = 6
_CELLS = 4 * _COLUMNS
_CELL_IN = 1.55
_THUMBNAIL_PX = 200
_NAME_LENGTH = 34


def draw_sample_predictions(target: Path, judged: Sequence[Judged], *, seed: int = 0) -> None:
    """Photos drawn at random, half of each class as far as there are enough."""
    chosen = choose_samples(judged, seed=seed)
    title = f"Sample predictions: {len(chosen)} of {len(judged):,} photos, drawn at random per class"
    _draw_grid(target, chosen, title)


def draw_worst_mistakes(target: Path, judged: Sequence[Judged]) -> None:
    """The wrong labels whose scores were surest, surest first."""
    wrong = worst_mistakes(judged)
    shown = wrong[:_CELLS]
    if len(wrong) < 2:
        title = f"{'The only' if wrong else 'No'} mistake among {len(judged):,} photos"
    elif len(shown) == len(wrong):
        title = f"All {len(wrong):,} mistakes among {len(judged):,} photos, surest first"
    else:
        title = f"The {len(shown)} surest of {len(wrong):,} mistakes among {len(judged):,} photos"
    _draw_grid(target, shown, title)


def choose_samples(judged: Sequence[Judged], *, seed: int) -> list[Judged]:
    """As many as a figure holds: Negative photos, then Positive ones."""
    order = np.random.default_rng(seed).permutation(len(judged))
    negative, positive = (
        [judged[index] for index in order if judged[index][0].truth is label] for label in Label
    )
    n_positive = min(len(positive), max(_CELLS // 2, _CELLS - len(negative)))
    return [*negative[: _CELLS - n_positive], *positive[:n_positive]]


def worst_mistakes(judged: Sequence[Judged]) -> list[Judged]:
    """All wrong labels, the score farthest from the truth first."""
    wrong = [pair for pair in judged if not _is_right(pair)]
    return sorted(wrong, key=lambda pair: (-abs(pair[1].score - pair[0].truth.number), pair[0].path))


def _is_right(pair: Judged) -> bool:
    photo, prediction = pair
    return prediction.label is photo.truth


def _draw_grid(target: Path, judged: Sequence[Judged], title: str) -> None:
    rows = max(1, -(-len(judged) // _COLUMNS))
    figure = new_figure(_COLUMNS * _CELL_IN, rows * (_CELL_IN + 0.45) + 0.5, title)
    grid = figure.subplots(rows, _COLUMNS, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, pair in zip(grid.flat, judged, strict=False):
        _draw_photo(axes, pair)
    save(figure, target)


def _draw_photo(axes: Axes, pair: Judged) -> None:
    photo, prediction = pair
    colour, verdict = (RIGHT, "right") if _is_right(pair) else (WRONG, "wrong")
    pixels = _thumbnail(photo.file)
    if pixels is None:
        axes.text(0.5, 0.5, "not readable", ha="center", va="center", color=FAINT, fontsize=8)
    else:
        axes.imshow(pixels)
    axes.axis("on")
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(color=colour, linewidth=2.5)
    review = ", review" if prediction.review else ""
    axes.set_title(
        f"{photo.truth}, called {prediction.label}\nscore {prediction.score:.3f}, {verdict}{review}",
        fontsize=7,
        color=colour,
        pad=4,
    )
    # A dollar sign would begin a formula, and the font lacks most of the world's letters.
    axes.set_xlabel(_short_name(photo.path), fontsize=6, color=FAINT, parse_math=False)


def _short_name(path: str) -> str:
    name = path.encode("ascii", "backslashreplace").decode("ascii")
    return name if len(name) <= _NAME_LENGTH else f"...{name[3 - _NAME_LENGTH :]}"


def _thumbnail(file: Path) -> NDArray[np.uint8] | None:
    try:
        pixels_hwc = read_photo(file, at_least_hw=(_THUMBNAIL_PX, _THUMBNAIL_PX)).pixels_hwc
    except PhotoError:
        return None  # it was scored, and is gone or being written now
    scale = _THUMBNAIL_PX / max(pixels_hwc.shape[:2])
    if scale >= 1:
        return pixels_hwc
    height, width = (max(1, round(side * scale)) for side in pixels_hwc.shape[:2])
    return resize_rgb(pixels_hwc, (height, width))
