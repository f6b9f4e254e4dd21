"""The site kit, studied by leaving a site out: what k labels, healthy tiles, or both make of a model.

For every pair of a model and a site that the model has not seen, tiles and painted variants are embedded
once (and cached by what the model's base makes of fixed images). Each draw sets half of the site's source
photos aside as its test; labels and healthy tiles come from the other half. Same arguments, same numbers.

    python -m studies.site_kit --pair runs/metu/model:sdnet --pair runs/sdnet/model:bridge --output kit

With `--sheets` every draw also makes the go / no-go sheet that `crackscope adapt` prints, from the same
labels and tiles, and compares it with the test half: was a go a gain, was a no-go a gain missed, and did the
interval of the expected balanced accuracy hold the one that came?
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import re
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from crackscope.adaptation.fit import fit_site
from crackscope.adaptation.graph import read_head
from crackscope.adaptation.head import Evidence, Head
from crackscope.adaptation.sheet import Scores, make_sheet
from crackscope.adaptation.site_features import join_evidence, join_features
from crackscope.dataset.groups import source_photo
from crackscope.dataset.records import LabelledPhoto
from crackscope.dataset.synthetic import paint_crack, paint_distractor
from crackscope.evaluation.calibration import apply_calibration
from crackscope.evaluation.metrics import compute_metrics
from crackscope.images import read_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label
from crackscope.resizing import resize_rgb

DATA = Path(os.environ.get("CRACKSCOPE_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
METRICS = ("balanced_accuracy", "auroc", "recall", "specificity")
HEALTHY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePlan:
    """Where a site's tiles are, how many of each class at most, and how many healthy ones are painted on."""

    positive: str
    negative: str
    tiles: int
    painted: int


SITES = {
    "sdnet": SitePlan(positive="sdnet2018/W/CW", negative="sdnet2018/W/UW", tiles=700, painted=240),
    "metu": SitePlan(positive="metu/Positive", negative="metu/Negative", tiles=500, painted=220),
    "bridge": SitePlan(positive="bridge/Positive", negative="bridge/Negative", tiles=400, painted=220),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A site's features, as a `Head` takes them: N tiles, and M painted variants of some Negative ones.

    Attributes:
        origins: (M,) the tile that each variant was painted on.
    """

    features: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]
    painted: NDArray[np.float32]
    painted_labels: NDArray[np.int64]
    origins: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the sheet said: the verdict, and the balanced accuracy after adapting with its limits."""

    go: bool
    expected: float | None
    low: float | None
    high: float | None
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One draw of one way of adapting."""

    pair: str
    way: str
    labels: int
    healthy: int
    draw: int
    reach: float | None
    metrics: dict[str, float]
    sheet: Promise | None = None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--pair",
        action="append",
        required=True,
        help="MODEL_FOLDER:SITE, a name or a folder of tiles; may be repeated",
    )
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--labels", type=int, nargs="+", default=[20, 50, 100])
    parser.add_argument("--sheets", action="store_true", help="judge the go / no-go sheet too")
    parser.add_argument("--cache", type=Path, default=Path(".cache/site_kit"))
    parser.add_argument("--output", type=Path, help="writes OUTPUT.json and OUTPUT.md")
    options = parser.parse_args()
    rows = [row for pair in options.pair for row in study(pair, options)]
    table = markdown(rows) + ("\n\n" + sheets_markdown(rows) if options.sheets else "")
    print(table)
    if options.output:
        document = {"draws": options.draws, "healthy": HEALTHY, "rows": [asdict(row) for row in rows]}
        options.output.with_suffix(".json").write_text(
            json.dumps(document, indent=1) + "\n", encoding="utf-8"
        )
        options.output.with_suffix(".md").write_text(table + "\n", encoding="utf-8")


def study(pair: str, options: argparse.Namespace) -> Iterator[Row]:
    """All ways of adapting a model to a site, draw by draw."""
    folder, _, name = pair.rpartition(":")
    classifier = CrackClassifier.load(folder)
    site = load_site(classifier, name, options.cache)
    label = f"{classifier.bundle.config.name} ({Path(folder).parent.name}) on {Path(name).name}"
    for draw in range(options.draws):
        began = time.perf_counter()
        yield from study_draw(classifier, site, label, draw, options.labels, sheets=options.sheets)
        print(f"{label}: draw {draw}, {time.perf_counter() - began:.0f} s", flush=True)


def study_draw(
    classifier: CrackClassifier, site: Site, pair: str, draw: int, labels: list[int], *, sheets: bool
) -> Iterator[Row]:
    """No adaptation, k labels, healthy tiles, and both, on one test half."""
    rng = np.random.default_rng(draw)
    photos = rng.permutation(np.unique(site.groups))
    test = np.isin(site.groups, photos[: len(photos) // 2])
    by_label = [rng.permutation(np.flatnonzero(~test & (site.labels == label))) for label in (0, 1)]
    paintable = np.unique(site.origins)
    healthy = rng.permutation(paintable[~test[paintable]])[:HEALTHY]
    start, config = read_head(classifier.bundle), classifier.bundle.config
    features, truth = site.features[test].astype(np.float64), site.labels[test]

    def row(
        way: str,
        k: int,
        n: int,
        reach: float | None,
        scores: NDArray[np.float64],
        cut: float,
        sheet: Promise | None = None,
    ) -> Row:
        found = compute_metrics(truth, scores, threshold=cut)
        return Row(
            pair=pair,
            way=way,
            labels=k,
            healthy=n,
            draw=draw,
            reach=reach,
            metrics={name: float(getattr(found, name)) for name in METRICS},
            sheet=sheet,
        )

    old = apply_calibration(start.logits(features), config.calibration)
    yield row("none", 0, 0, None, old, classifier.threshold)
    painted = painted_evidence(site, healthy)
    for way, k, parts in [
        ("healthy", 0, [painted]),
        *(("labels", k, [labelled_evidence(site, by_label, k)]) for k in labels),
        *(("both", k, [labelled_evidence(site, by_label, k), painted]) for k in labels),
    ]:
        evidence = join_evidence(parts)
        fit = fit_site(evidence, start, seed=draw)
        n = 0 if way == "labels" else len(healthy)
        sheet = promise(classifier, start, evidence, draw) if sheets else None
        yield row(way, k, n, fit.reach, expit(fit.head.logits(features) - fit.cut), 0.5, sheet)


def promise(classifier: CrackClassifier, start: Head, evidence: Evidence, draw: int) -> Promise:
    """The sheet of `crackscope adapt`, from features that are there already."""
    began = time.process_time()
    rows = evidence[evidence.judged]
    before = Scores(
        name="before",
        values=apply_calibration(start.logits(rows.features), classifier.bundle.config.calibration),
        threshold=classifier.threshold,
    )
    sheet = make_sheet(evidence, start, before, judged_on="the draw", seed=draw)
    after = next(one for one in sheet.after if one.metric == "balanced_accuracy")
    return Promise(
        go=sheet.go,
        expected=after.value,
        low=after.low,
        high=after.high,
        seconds=time.process_time() - began,
    )


def labelled_evidence(site: Site, by_label: list[NDArray[np.intp]], k: int) -> Evidence:
    """Half of k tiles from each class."""
    rows = np.concatenate([members[: k // 2] for members in by_label])
    return Evidence(
        features=site.features[rows].astype(np.float64),
        labels=site.labels[rows],
        groups=site.groups[rows],
        labelled=np.ones(len(rows), dtype=bool),
        real=np.ones(len(rows), dtype=bool),
    )


def painted_evidence(site: Site, healthy: NDArray[np.int64]) -> Evidence:
    """Healthy tiles as they are, and what was painted on them."""
    variants = np.isin(site.origins, healthy)
    n, m = len(healthy), int(variants.sum())
    return Evidence(
        features=np.concatenate([site.features[healthy], site.painted[variants]]).astype(np.float64),
        labels=np.concatenate([np.zeros(n, np.int64), site.painted_labels[variants]]),
        groups=np.concatenate([site.groups[healthy], site.groups[site.origins[variants]]]),
        labelled=np.zeros(n + m, dtype=bool),
        real=np.arange(n + m) < n,
    )


def _folder_plan(folder: Path) -> SitePlan:
    positive, negative = ((folder / str(label)).absolute() for label in (Label.POSITIVE, Label.NEGATIVE))
    if not (positive.is_dir() and negative.is_dir()):
        raise SystemExit(
            f"{folder} is no site: expected {', '.join(SITES)}, or folders {positive}, {negative}"
        )
    return SitePlan(positive=str(positive), negative=str(negative), tiles=700, painted=220)


def load_site(classifier: CrackClassifier, name: str, cache: Path) -> Site:
    """A site's features, from the cache where this base has embedded it before."""
    path = cache / f"{Path(name).name}-{base_identity(classifier)}.npz"
    if not path.is_file():
        site = embed_site(classifier, SITES.get(name) or _folder_plan(Path(name)))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **asdict(site))
    with np.load(path) as arrays:
        return Site(**{key: arrays[key] for key in arrays.files})


def base_identity(classifier: CrackClassifier) -> str:
    """What the base makes of fixed images: models that differ only in their heads share a cache."""
    images = np.random.default_rng(0).integers(
        0, 256, (2, *classifier.bundle.config.input_hw, 3), dtype=np.uint8
    )
    return hashlib.sha256(np.round(classifier.run(images).embedding, 2).tobytes()).hexdigest()[:12]


def embed_site(classifier: CrackClassifier, plan: SitePlan) -> Site:
    """Embed some tiles of both classes, and two cracks and one look-alike on some of the Negative ones."""
    rng = np.random.default_rng(1)
    files, labels = [], []
    for folder, label in ((plan.positive, 1), (plan.negative, 0)):
        found = sorted(file for file in (DATA / folder).rglob("*.*") if file.is_file())
        kept = np.sort(rng.permutation(len(found))[: plan.tiles])
        files += [found[index] for index in kept]
        labels += [label] * len(kept)
    truth = np.array(labels)
    origins = np.sort(rng.permutation(np.flatnonzero(truth == 0))[: plan.painted])
    variants = []
    for origin in origins:
        pixels = read_photo(files[origin]).pixels_hwc
        variants += [paint_crack(pixels, rng).pixels_hwc for _ in range(2)] + [paint_distractor(pixels, rng)]
    return Site(
        features=_embed(classifier, (read_photo(file).pixels_hwc for file in files)),
        labels=truth,
        groups=np.array([group_of(file) for file in files]),
        painted=_embed(classifier, iter(variants)),
        painted_labels=np.tile([1, 1, 0], len(origins)),
        origins=np.repeat(origins, 3),
    )


def group_of(file: Path) -> str:
    """The source photo where the name tells it, else a run of a hundred neighbours, which METU comes in."""
    source = source_photo(LabelledPhoto(path=file.name, label=Label.NEGATIVE, source=""))
    if source is not None:
        return source[1]
    number = re.match(r"\d+", file.stem)
    return f"{file.parent.name}-{int(number[0]) // 100}" if number else file.stem


def _embed(classifier: CrackClassifier, photos: Iterator[NDArray[np.uint8]]) -> NDArray[np.float32]:
    size_hw = classifier.bundle.config.input_hw
    images, found = (resize_rgb(photo, size_hw) for photo in photos), []
    while batch := list(itertools.islice(images, 256)):
        outputs = classifier.run(np.stack(batch))
        found.append(join_features(outputs.embedding, outputs.trunk))
    return np.concatenate(found)


def markdown(rows: list[Row]) -> str:
    """Mean and standard deviation over draws of every metric, a line for each way of adapting."""
    lines = [
        "| model on site | adaptation | labels | BA | AUROC | recall | specificity |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    keys = list(dict.fromkeys((row.pair, row.way, row.labels) for row in rows))
    for key in keys:
        drawn = [row for row in rows if (row.pair, row.way, row.labels) == key]
        cells = [_spread([row.metrics[name] for row in drawn]) for name in METRICS]
        lines.append("| " + " | ".join([*map(str, key), *cells]) + " |")
    return "\n".join(lines)


def sheets_markdown(rows: list[Row]) -> str:
    """How often the sheet said go, what came of it, and how often its interval held."""
    lines = [
        "| model on site | adaptation | labels | go | gain where go | losses of more than 0.01 among them "
        "| gain where no-go | interval holds |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    base = {(row.pair, row.draw): row.metrics["balanced_accuracy"] for row in rows if row.way == "none"}
    judged = [row for row in rows if row.sheet is not None]
    for key in dict.fromkeys((row.pair, row.way, row.labels) for row in judged):
        drawn = [row for row in judged if (row.pair, row.way, row.labels) == key]
        gains: dict[bool, list[float]] = {True: [], False: []}
        held = 0
        for row in drawn:
            if row.sheet is None:
                continue
            found = row.metrics["balanced_accuracy"]
            gains[row.sheet.go].append(found - base[row.pair, row.draw])
            held += row.sheet.low is not None and row.sheet.low <= found <= (row.sheet.high or 1)
        lost = sum(gain < -0.01 for gain in gains[True])
        cells = [f"{len(gains[True])} of {len(drawn)}", _mean(gains[True]), str(lost), _mean(gains[False])]
        lines.append("| " + " | ".join([*map(str, key), *cells, f"{held} of {len(drawn)}"]) + " |")
    return "\n".join(lines)


def _mean(values: list[float]) -> str:
    return f"{statistics.mean(values):+.3f}" if values else "-"


def _spread(values: list[float]) -> str:
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.3f} ± {deviation:.3f}"


if __name__ == "__main__":
    main()
