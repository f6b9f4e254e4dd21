"""Which features of a frozen backbone carry over to concrete that a linear head has not seen.

Averages, maxima and attention over the last feature map, and features of a middle stage beside it; AUROC with
each source left out. Prints a table as Markdown.

    python -m studies.pooling ../shared/data/metu ../shared/data/sdnet2018 --test-only ../shared/data/bridge --test-only uav75-tiles
"""  # noqa: E501

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from crackscope.dataset.discover import discover
from crackscope.evaluation.metrics import compute_metrics
from crackscope.training.augment import to_unit_nchw
from crackscope.training.patches import read_patch
from crackscope.training.recipe_file import load_recipe
from crackscope.training.weights import start_network

_BATCH = 64
#: Of scikit-learn's logistic regression: the smaller, the stronger the L2 penalty.
_C = 0.01
_ATTENTION_EPOCHS, _ATTENTION_DROPOUT = 60, 0.2

_Features = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Maps:
    """Of N photos of one source: last maps (N, C, H*W), a middle stage pooled both ways, and labels."""

    last: _Features
    middle_mean: _Features
    middle_max: _Features
    labels: NDArray[np.int64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="+", type=Path)
    parser.add_argument("--test-only", action="append", default=[], type=Path)
    parser.add_argument("--limit", type=int, default=1000, help="photos of each class and source")
    parser.add_argument("--block", type=int, default=4, help="whose output is the middle stage")
    parser.add_argument("--input-px", type=int, default=128)
    parser.add_argument("--attention-epochs", type=int, default=_ATTENTION_EPOCHS)
    options = parser.parse_args()
    torch.manual_seed(0)
    embed = _embedder(options.input_px, options.block)
    trained = {path.name: embed(path, options.limit) for path in options.sources}
    tested = {path.name: embed(path, options.limit) for path in options.test_only}
    names = [*trained, *tested]
    print(f"| features | {' | '.join(f'{name} left out' for name in names)} |")
    print("|---" * (len(names) + 1) + "|")
    for title, score in (*_LINEAR.items(), ("attention over the last map", None)):
        cells = []
        for name in names:
            known = [maps for other, maps in trained.items() if other != name]
            unknown = trained.get(name) or tested[name]
            if score is None:
                scores = attend(known, unknown, options.attention_epochs)
            else:
                scores = probe(score, known, unknown)
            auroc = compute_metrics(unknown.labels, scores, threshold=0.5).auroc
            cells.append(f"{auroc:.3f}")
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


_LINEAR: dict[str, Callable[[Maps], _Features]] = {
    "average of the last map": lambda maps: maps.last.mean(2),
    "maximum of the last map": lambda maps: maps.last.max(2),
    "both": lambda maps: np.concatenate([maps.last.mean(2), maps.last.max(2)], 1),
    "average of the middle stage": lambda maps: maps.middle_mean,
    "maximum of the middle stage": lambda maps: maps.middle_max,
    "average of the last map, both of the middle stage": lambda maps: np.concatenate(
        [maps.last.mean(2), maps.middle_mean, maps.middle_max], 1
    ),
}


def probe(features: Callable[[Maps], _Features], known: list[Maps], unknown: Maps) -> NDArray[np.float64]:
    """Scores (N,) of a logistic regression on all known sources."""
    head = make_pipeline(StandardScaler(), LogisticRegression(C=_C, max_iter=500, class_weight="balanced"))
    head.fit(np.concatenate([features(one) for one in known]), np.concatenate([one.labels for one in known]))
    return np.asarray(head.predict_proba(features(unknown))[:, 1])


class _Attention(nn.Module):
    """A softmax over places chooses what the linear output looks at."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.where, self.what = nn.Linear(channels, 1), nn.Linear(channels, 1)
        self.dropout = nn.Dropout(_ATTENTION_DROPOUT)

    def forward(self, places: torch.Tensor) -> torch.Tensor:
        weights = self.where(places).softmax(1)
        logits: torch.Tensor = self.what(self.dropout((weights * places).sum(1)))[:, 0]
        return logits


def attend(known: list[Maps], unknown: Maps, epochs: int) -> NDArray[np.float64]:
    """Scores (N,) of an attention head trained on all known sources."""
    places = torch.from_numpy(np.concatenate([one.last for one in known])).transpose(1, 2)
    labels = torch.from_numpy(np.concatenate([one.labels for one in known])).float()
    mean, deviation = places.mean((0, 1)), places.std((0, 1)) + 1e-6
    head = _Attention(places.shape[2])
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-3, weight_decay=1.0)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(len(labels)), _BATCH * 4):
            loss = nn.functional.binary_cross_entropy_with_logits(
                head((places[rows] - mean) / deviation), labels[rows]
            )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    head.eval()
    with torch.inference_mode():
        logits = head((torch.from_numpy(unknown.last).transpose(1, 2) - mean) / deviation)
    return np.asarray(logits.sigmoid().double())


def _embedder(input_px: int, block: int) -> Callable[[Path, int], Maps]:
    network, _ = start_network(load_recipe("detector", {"network.input_px": input_px}))
    middle: list[torch.Tensor] = []
    network.backbone.blocks[block].register_forward_hook(lambda _module, _input, out: middle.append(out))

    def embed(folder: Path, limit: int) -> Maps:
        last, mean, highest, labels = [], [], [], []
        for images, numbers in _batches(folder, limit, input_px):
            middle.clear()
            with torch.inference_mode():
                last.append(network.feature_map(to_unit_nchw(images)).flatten(2).numpy())
            mean.append(middle[0].mean((2, 3)).numpy())
            highest.append(middle[0].amax((2, 3)).numpy())
            labels += numbers
        return Maps(
            np.concatenate(last), np.concatenate(mean), np.concatenate(highest), np.array(labels, np.int64)
        )

    return embed


def _batches(folder: Path, limit: int, input_px: int) -> Iterator[tuple[torch.Tensor, list[int]]]:
    rng = np.random.default_rng(0)
    dataset = discover([folder])
    chosen = []
    for number in (0, 1):
        mine = [photo for photo in dataset.photos if photo.label.number == number]
        chosen += [mine[index] for index in rng.permutation(len(mine))[:limit]]
    for start in range(0, len(chosen), _BATCH):
        batch = chosen[start : start + _BATCH]
        pixels = [read_patch(dataset.root / photo.path, (input_px, input_px)) for photo in batch]
        yield torch.from_numpy(np.stack(pixels)), [photo.label.number for photo in batch]


if __name__ == "__main__":
    main()
