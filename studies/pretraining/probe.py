"""The yardstick: linear classifiers on frozen features, trained on one source and tested on another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from crackscope.errors import NoPhotosError
from crackscope.training.network import CrackNetwork
from crackscope.training.weights import load_weights
from studies.pretraining.images import group_of, held_out, list_images, read_square

#: Folder of each class, by source of concrete photos.
_CLASSES = {
    "metu": ("Negative", "Positive"),
    "sdnet2018": ("W/UW", "W/CW"),
    "bridge": ("Negative", "Positive"),
}

#: Trained on -> tested on. Tests are on held-out groups, which no student has seen.
PAIRS = (("metu", "sdnet2018"), ("sdnet2018", "metu"), ("bridge", "metu"), ("bridge", "sdnet2018"))

_CATEGORY_PAIR = ("caltech101", "caltech101")

#: Inverse strength of the classifiers' penalty on standardised features, for cracks and for the many more
#: categories; fixed, so that nothing is tuned to a student.
_INVERSE_PENALTY, _CATEGORY_INVERSE_PENALTY = 1e-3, 1e-2

#: At most so many photos per class and part are looked at, spread evenly over the files.
_MOST_PER_CLASS = 1500

#: Photographs of every category that a general classifier learns from and is tested on.
_CATEGORY_TRAIN, _CATEGORY_TEST = 8, 8

_BATCH = 64

#: Resamplings of whole groups for an interval.
_BOOTSTRAPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRow:
    """One line of the table.

    Attributes:
        train: Source of the classifier's photos.
        test: Source of the photos it was tested on.
        n_test: How many.
        auroc: Area under the ROC curve; ``None`` for categories.
        auroc_95: Its interval over groups.
        accuracy: Balanced over classes.
    """

    train: str
    test: str
    n_test: int
    auroc: float | None
    auroc_95: tuple[float, float] | None
    accuracy: float


@dataclass(frozen=True, slots=True)
class _Photos:
    """Files with their class and group."""

    paths: tuple[Path, ...]
    classes: NDArray[np.int64]
    groups: NDArray[np.str_]


def probe(
    backbone: str,
    weights: str,
    data: Path,
    *,
    side_px: int,
    progress: Callable[[int, int | None], None] | None = None,
) -> list[ProbeRow]:
    """Measure a backbone's features on all pairs whose photos are below ``data``.

    Args:
        backbone: timm's name.
        weights: As for training: ``imagenet``, ``crackscope``, ``none`` or a file.
        data: Folder with ``metu``, ``sdnet2018``, ``bridge`` and ``caltech101``, or some of them.
        side_px: Side that photos are resized to.
        progress: Called with photos done and in all.

    Raises:
        NoPhotosError: No pair has its photos.
        WeightsError: The weights are not there or do not fit.
    """
    state, origin = load_weights(backbone, weights)
    network = CrackNetwork(backbone, mean=origin.mean, std=origin.std).eval()
    if state:
        network.load_backbone(state)
    parts = _parts(data)
    if not parts:
        raise NoPhotosError(f"nothing to probe below {data}; expected {', '.join(_CLASSES)} or caltech101")
    features = _embed_all(network, parts, side_px, progress)
    rows = []
    for pair in (*PAIRS, _CATEGORY_PAIR):
        train, test = (pair[0], False), (pair[1], True)
        if train in parts and test in parts:
            measure = _category_row if pair == _CATEGORY_PAIR else _concrete_row
            rows.append(measure(pair, features[train], features[test], parts[train], parts[test]))
    return rows


def _parts(data: Path) -> dict[tuple[str, bool], _Photos]:
    """The photos to look at, by source and whether they are for testing."""
    sources = {name for name in _CLASSES if (data / name).is_dir()}
    pairs = [pair for pair in PAIRS if sources.issuperset(pair)]
    wanted = {(train, False) for train, _ in pairs} | {(test, True) for _, test in pairs}
    parts = {(name, test): _concrete(data / name, name, test) for name, test in sorted(wanted)}
    return {**parts, **_categories(data / "caltech101")}


def _concrete(folder: Path, source: str, test: bool) -> _Photos:
    found = []
    for index, name in enumerate(_CLASSES[source]):
        relative = [path for path in list_images(folder / name) if held_out(source, f"{name}/{path}") == test]
        kept = _evenly(relative, _MOST_PER_CLASS)
        found += [(folder / name / path, index, group_of(source, f"{name}/{path}")) for path in kept]
    return _without_copies(found)


def _categories(folder: Path) -> dict[tuple[str, bool], _Photos]:
    """Training and test part by category, of pictures that were kept from pretraining."""
    parts: dict[bool, list[tuple[Path, int, str]]] = {False: [], True: []}
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    for index, name in enumerate(names):
        unseen = [f"{name}/{path}" for path in list_images(folder / name)]
        unseen = [path for path in unseen if held_out("caltech101", path)]
        half = min(len(unseen) // 2, _CATEGORY_TRAIN)
        for test, part in ((False, unseen[:half]), (True, unseen[half:][:_CATEGORY_TEST])):
            parts[test] += [(folder / path, index, path) for path in part]
    return {("caltech101", test): _without_copies(found) for test, found in parts.items() if found}


def _evenly(names: Sequence[str], most: int) -> list[str]:
    chosen = np.linspace(0, len(names) - 1, min(most, len(names))).round().astype(int)
    return [names[index] for index in chosen]


def _without_copies(found: list[tuple[Path, int, str]]) -> _Photos:
    seen: set[bytes] = set()
    kept = []
    for path, index, group in found:
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest not in seen:
            seen.add(digest)
            kept.append((path, index, group))
    return _Photos(
        tuple(path for path, _, _ in kept),
        np.array([index for _, index, _ in kept], dtype=np.int64),
        np.array([group for _, _, group in kept]),
    )


def _embed_all(
    network: CrackNetwork,
    parts: dict[tuple[str, bool], _Photos],
    side_px: int,
    progress: Callable[[int, int | None], None] | None,
) -> dict[tuple[str, bool], NDArray[np.float32]]:
    total = sum(len(photos.paths) for photos in parts.values())
    done = 0
    features = {}
    for key, photos in parts.items():
        embedded = []
        for start in range(0, len(photos.paths), _BATCH):
            embedded.append(_embed(network, photos.paths[start : start + _BATCH], side_px))
            done += len(embedded[-1])
            if progress is not None:
                progress(done, total)
        features[key] = np.concatenate(embedded)
    return features


@torch.inference_mode()
def _embed(network: CrackNetwork, paths: Sequence[Path], side_px: int) -> NDArray[np.float32]:
    pixels = np.stack([read_square(path, side_px) for path in paths])
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    embedded: NDArray[np.float32] = network.embed(
        images.contiguous(memory_format=torch.channels_last)
    ).numpy()
    return embedded


def _concrete_row(
    pair: tuple[str, str],
    train: NDArray[np.float32],
    test: NDArray[np.float32],
    taught: _Photos,
    asked: _Photos,
) -> ProbeRow:
    scores = _classifier(_INVERSE_PENALTY).fit(train, taught.classes).decision_function(test)
    return ProbeRow(
        train=pair[0],
        test=pair[1],
        n_test=len(scores),
        auroc=float(roc_auc_score(asked.classes, scores)),
        auroc_95=_interval(asked.classes, scores, asked.groups),
        accuracy=float(balanced_accuracy_score(asked.classes, scores > 0)),
    )


def _category_row(
    pair: tuple[str, str],
    train: NDArray[np.float32],
    test: NDArray[np.float32],
    taught: _Photos,
    asked: _Photos,
) -> ProbeRow:
    found = _classifier(_CATEGORY_INVERSE_PENALTY).fit(train, taught.classes).predict(test)
    return ProbeRow(
        train=pair[0],
        test=pair[1],
        n_test=len(found),
        auroc=None,
        auroc_95=None,
        accuracy=float(balanced_accuracy_score(asked.classes, found)),
    )


def _classifier(inverse_penalty: float) -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression(C=inverse_penalty, max_iter=2000))


def _interval(
    classes: NDArray[np.int64], scores: NDArray[np.float64], groups: NDArray[np.str_]
) -> tuple[float, float]:
    """95 % of the AUROCs over resampled groups, because the patches of one photo are alike."""
    rng = np.random.default_rng(0)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    found = []
    for _ in range(_BOOTSTRAPS):
        drawn = np.concatenate([members[index] for index in rng.integers(len(members), size=len(members))])
        if 0 < classes[drawn].mean() < 1:
            found.append(roc_auc_score(classes[drawn], scores[drawn]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
