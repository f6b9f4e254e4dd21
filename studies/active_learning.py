"""How many labels a site needs: in random order, by uncertainty, and by uncertainty and diversity.

For every pair of a model and a site that the model has not seen, tiles are embedded once and cached. Each
draw sets half of the site's source photos aside as its test; the other half is the pool to label, thinned to
the share of cracked tiles given. Labels come ten at a time; each time the head is fitted as in `crackscope
adapt`, and judged on the test by balanced accuracy (BA). `served` orders ask the model as it was at the
start, as a server does between two models; the others ask the newest fit. Same arguments, same numbers.

    python -m studies.active_learning --pair shipped:bridge --pair shipped:uav75 \\
        --pair runs/sdnet/model:metu --pair runs/metu/model:sdnet --output active
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.cluster import kmeans_plusplus

from crackscope import read_photo
from crackscope.adaptation.fit import fit_site
from crackscope.adaptation.graph import read_head
from crackscope.adaptation.head import Evidence
from crackscope.adaptation.site_features import join_features
from crackscope.dataset.manifest import read_manifest
from crackscope.dataset.tiles import MANIFEST_NAME, write_tiles
from crackscope.errors import DataError
from crackscope.evaluation.metrics import compute_metrics
from crackscope.inference.classifier import CrackClassifier
from crackscope.resizing import resize_rgb
from crackscope.serving.active_learning import CANDIDATES_PER_SUGGESTION, suggest, uncertainty
from studies.site_kit import DATA, SITES, base_identity, group_of

STEP = 10
TILES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """N embedded tiles (features as a `Head` takes them), labels 0 or 1, and the source photo of each."""

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Balanced accuracy of one draw by labels given: 0, 10, 20 ..."""

    pair: str
    order: str
    draw: int
    balanced_accuracy: tuple[float, ...]
    cracked: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an order may look at: the pool's embeddings and margins, and which rows have a label."""

    embeddings: NDArray[np.float64]
    margins: NDArray[np.float64]
    labelled: NDArray[np.intp]
    rng: np.random.Generator

    @property
    def open_rows(self) -> NDArray[np.intp]:
        return np.setdiff1d(np.arange(len(self.margins)), self.labelled)


def by_chance(choice: Choice) -> NDArray[np.intp]:
    return choice.rng.permutation(choice.open_rows)[:STEP]


def by_uncertainty(choice: Choice) -> NDArray[np.intp]:
    rows = choice.open_rows
    return rows[np.argsort(np.abs(choice.margins[rows]), kind="stable")[:STEP]]


def by_suggestion(choice: Choice) -> NDArray[np.intp]:
    rows = choice.open_rows
    return rows[suggest(choice.margins[rows], choice.embeddings[rows], STEP)]


def by_suggestion_beside_known(choice: Choice) -> NDArray[np.intp]:
    rows = choice.open_rows
    known = choice.embeddings[choice.labelled]
    return rows[suggest(choice.margins[rows], choice.embeddings[rows], STEP, known=known)]


def half_by_chance(choice: Choice) -> NDArray[np.intp]:
    rows = choice.open_rows
    suggested = rows[suggest(choice.margins[rows], choice.embeddings[rows], STEP // 2)]
    return np.concatenate([suggested, choice.rng.permutation(np.setdiff1d(rows, suggested))[: STEP // 2]])


def by_k_means(choice: Choice) -> NDArray[np.intp]:
    """scikit-learn's k-means++, weighted by uncertainty, of the same candidates."""
    rows = choice.open_rows
    rows = rows[np.argsort(np.abs(choice.margins[rows]))[: STEP * CANDIDATES_PER_SUGGESTION]]
    found = choice.embeddings[rows]
    found = found / np.linalg.norm(found, axis=1, keepdims=True)
    weights = uncertainty(choice.margins[rows])
    seed = int(choice.rng.integers(2**31))
    chosen: NDArray[np.intp] = kmeans_plusplus(found, STEP, sample_weight=weights, random_state=seed)[1]
    return rows[chosen]


ORDERS: dict[str, tuple[Callable[[Choice], NDArray[np.intp]], bool]] = {
    "random": (by_chance, False),
    "uncertainty, served": (by_uncertainty, False),
    "suggest, served": (by_suggestion, False),
    "suggest beside known, served": (by_suggestion_beside_known, False),
    "uncertainty": (by_uncertainty, True),
    "suggest": (by_suggestion, True),
    "suggest beside known": (by_suggestion_beside_known, True),
    "half suggest, half random, served": (half_by_chance, False),
    "half suggest, half random": (half_by_chance, True),
    "k-means++": (by_k_means, True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pair", action="append", required=True, help="MODEL_FOLDER:SITE; may be repeated")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--cracked", type=float, default=0.1, help="share of the pool (uav75 stays as it is)")
    parser.add_argument("--order", action="append", choices=list(ORDERS))
    parser.add_argument("--cache", type=Path, default=Path(".cache/active_learning"))
    parser.add_argument("--output", type=Path, help="writes OUTPUT.json and OUTPUT.md")
    options = parser.parse_args()
    began = time.process_time()
    curves = [curve for pair in options.pair for curve in study(pair, options)]
    table = markdown(curves)
    print(table)
    print(f"{time.process_time() - began:.0f} s of processor time")
    if options.output:
        document = {"draws": options.draws, "step": STEP, "curves": [asdict(curve) for curve in curves]}
        options.output.with_suffix(".json").write_text(json.dumps(document) + "\n", encoding="utf-8")
        options.output.with_suffix(".md").write_text(table + "\n", encoding="utf-8")


def study(pair: str, options: argparse.Namespace) -> Iterator[Curve]:
    """Every order on every draw of a pair."""
    folder, _, name = pair.rpartition(":")
    classifier = CrackClassifier.load(None if folder == "shipped" else folder)
    site = load_site(classifier, name, options.cache)
    for draw in range(options.draws):
        began = time.perf_counter()
        test, pool = halves(site, draw, None if name == "uav75" else options.cracked)
        for order in options.order or ORDERS:
            yield follow(order, classifier, site, pair, draw, test, pool, options.labels)
        print(f"{pair}: draw {draw}, {time.perf_counter() - began:.0f} s", flush=True)


def halves(site: Site, draw: int, cracked: float | None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the test and of the pool; no source photo is in both."""
    rng = np.random.default_rng(draw)
    photos = rng.permutation(np.unique(site.groups))
    test = np.isin(site.groups, photos[: len(photos) // 2])
    negative, positive = (rng.permutation(np.flatnonzero(~test & (site.labels == label))) for label in (0, 1))
    if cracked is not None:
        positive = positive[: round(len(negative) * cracked / (1 - cracked))]
    return np.flatnonzero(test), np.sort(np.concatenate([negative, positive]))


def follow(
    order: str,
    classifier: CrackClassifier,
    site: Site,
    pair: str,
    draw: int,
    test: NDArray[np.intp],
    pool: NDArray[np.intp],
    most: int,
) -> Curve:
    """Label the pool in one order, ten tiles at a time."""
    choose, asks_newest = ORDERS[order]
    head, cut = read_head(classifier.bundle), start_cut(classifier)
    start, features = head, site.features.astype(np.float64)
    embeddings = features[:, : head.embedding_weight.size]
    served = head.logits(features[pool]) - cut
    labelled = np.array([], np.intp)
    rng = np.random.default_rng([draw, 1])
    if len(pool) < most:
        raise SystemExit(f"{pair}: {len(pool)} tiles to label are fewer than --labels {most}")
    scores = [balanced_accuracy(site.labels[test], head.logits(features[test]) - cut)]
    while len(labelled) < most:
        margins = head.logits(features[pool]) - cut if asks_newest else served
        choice = Choice(embeddings=embeddings[pool], margins=margins, labelled=labelled, rng=rng)
        labelled = np.concatenate([labelled, choose(choice)])
        try:
            fit = fit_site(evidence_of(site, pool[labelled]), start, seed=draw)
        except DataError:
            pass  # one class is from a single place so far: the model stays as it is, as with `adapt`
        else:
            head, cut = fit.head, fit.cut
        scores.append(balanced_accuracy(site.labels[test], head.logits(features[test]) - cut))
    cracked = np.cumsum(site.labels[pool[labelled]])[STEP - 1 :: STEP]
    return Curve(
        pair=pair,
        order=order,
        draw=draw,
        balanced_accuracy=tuple(scores),
        cracked=(0, *cracked.tolist()),
    )


def start_cut(classifier: CrackClassifier) -> float:
    """The model's own threshold as a logit before calibration."""
    calibration = classifier.bundle.config.calibration
    return float((logit(classifier.threshold) - calibration.bias) / calibration.scale)


def evidence_of(site: Site, rows: NDArray[np.intp]) -> Evidence:
    n = len(rows)
    return Evidence(
        features=site.features[rows].astype(np.float64),
        labels=site.labels[rows],
        groups=site.groups[rows],
        labelled=np.ones(n, dtype=bool),
        real=np.ones(n, dtype=bool),
    )


def balanced_accuracy(truth: NDArray[np.int64], margins: NDArray[np.float64]) -> float:
    found = compute_metrics(truth, expit(margins), threshold=0.5).balanced_accuracy
    assert found is not None
    return found


def load_site(classifier: CrackClassifier, name: str, cache: Path) -> Site:
    """A site's features, from the cache where this base has embedded it before."""
    path = cache / f"{name}-{base_identity(classifier)}.npz"
    if not path.is_file():
        tiles, labels, groups = uav75_tiles(cache / "uav75-tiles") if name == "uav75" else patches_of(name)
        size_hw = classifier.bundle.config.input_hw
        images = np.stack([resize_rgb(tile, size_hw) for tile in tiles])
        path.parent.mkdir(parents=True, exist_ok=True)
        outputs = classifier.run(images)
        features = join_features(outputs.embedding, outputs.trunk)
        np.savez(path, features=features, labels=labels, groups=groups)
    with np.load(path) as arrays:
        return Site(**{key: arrays[key] for key in arrays.files})


def patches_of(name: str) -> tuple[Iterator[NDArray[np.uint8]], list[int], list[str]]:
    """Some patches of both classes of a data set."""
    rng, files, labels = np.random.default_rng(1), [], []
    for folder, label in ((SITES[name].positive, 1), (SITES[name].negative, 0)):
        found = sorted((DATA / folder).iterdir())
        kept = np.sort(rng.permutation(len(found))[: TILES if label else 2 * TILES])
        files += [found[index] for index in kept]
        labels += [label] * len(kept)
    return (read_photo(file).pixels_hwc for file in files), labels, [group_of(file) for file in files]


def uav75_tiles(tiles: Path) -> tuple[Iterator[NDArray[np.uint8]], list[int], list[str]]:
    """The drone photos cut as by `crackscope data tiles`; tiles without a clear label are left out."""
    if not tiles.is_dir():
        write_tiles(DATA / "uav75" / "images", DATA / "uav75" / "labels", tiles)
    rows = read_manifest(tiles / MANIFEST_NAME, root=tiles).rows
    return (
        (read_photo(tiles / row.path).pixels_hwc for row in rows),
        [row.label.number for row in rows],
        [row.group for row in rows],
    )


def markdown(curves: list[Curve]) -> str:
    """Labels needed, balanced accuracy on the way, and the gain over random order, by pair and order."""
    told = [labels for labels in (20, 50, 100) if labels // STEP < len(curves[0].cracked)]
    lines = [
        f"| model: site | order | labels for the BA of {told[-1]} at random | BA at "
        f"{' | at '.join(map(str, told))} | gain over random at 50 | cracked of 50 |",
        "|---|---" + "|---:" * (len(told) + 3) + "|",
    ]
    for pair in dict.fromkeys(curve.pair for curve in curves):
        by_order = {
            order: np.array([c.balanced_accuracy for c in curves if (c.pair, c.order) == (pair, order)])
            for order in dict.fromkeys(curve.order for curve in curves)
        }
        random = by_order.get("random", next(iter(by_order.values())))
        for order, found in by_order.items():
            cracked = np.mean([c.cracked[50 // STEP] for c in curves if (c.pair, c.order) == (pair, order)])
            cells = [
                pair,
                order,
                labels_needed(found, random),
                *(f"{found[:, labels // STEP].mean():.3f}" for labels in told),
                "" if order == "random" else gain(found[:, 50 // STEP] - random[:, 50 // STEP]),
                f"{cracked:.0f}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def labels_needed(found: NDArray[np.float64], random: NDArray[np.float64]) -> str:
    """Labels until the mean curve is where random order ends, with a 95 % interval over draws."""
    most = (found.shape[1] - 1) * STEP

    def needed(draws: NDArray[np.intp]) -> float:
        target = random[draws, -1].mean()
        reached = np.flatnonzero(found[draws].mean(axis=0) >= target)
        return reached[0] * STEP if reached.size else np.inf

    rng = np.random.default_rng(0)
    n = len(found)
    drawn = [needed(rng.integers(n, size=n)) for _ in range(1000)]
    # Inverted: quantiles of values of which some are infinite can't be interpolated.
    low, high = (np.quantile(drawn, q, method="inverted_cdf") for q in (0.025, 0.975))

    def text(value: float) -> str:
        return f"{value:.0f}" if np.isfinite(value) else f"more than {most}"

    return f"{text(needed(np.arange(n)))} [{text(low)}, {text(high)}]"


def gain(differences: NDArray[np.float64]) -> str:
    """Mean paired difference with its 95 % bootstrap interval over draws."""
    rng = np.random.default_rng(0)
    means = differences[rng.integers(len(differences), size=(2000, len(differences)))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{differences.mean():+.3f} [{low:+.3f}, {high:+.3f}]"


if __name__ == "__main__":
    main()
