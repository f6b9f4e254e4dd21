"""Does the detector know what is not concrete? Share flagged ``unfamiliar``, and what other gates would flag.

Every kind of gate is fitted on features of training photos, and its limit set on calibration photos, as
`crackscope train` does: on the trunk, the network's features before its last projection, and on the embedding
after it. Pictures of objects come from Caltech-101: gates are chosen on one half of its
categories (by a hash of their names) and reported on the other. Prints a table, and JSON with --output.

    crackscope data split ../shared/data/metu --output metu.csv
    crackscope data split ../shared/data/sdnet2018 --output sdnet2018.csv
    python -m studies.familiarity --known ../shared/data/metu:metu.csv --known ../shared/data/sdnet2018:sdnet2018.csv --left-out ../shared/data/bridge --strange ../shared/data/caltech101
"""  # noqa: E501

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.neighbors import NearestNeighbors

from crackscope.dataset.manifest import read_manifest
from crackscope.dataset.records import Part
from crackscope.evaluation.photos import find_labelled_photos
from crackscope.inference.classifier import CrackClassifier
from crackscope.records import Failure

QUANTILE = 0.99
SHIPPED = "as shipped"

Features = NDArray[np.float32]
Distance = Callable[[Features], NDArray[np.float64]]

KINDS = ("trunk", "embedding")


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """Features of some photos, by name, and the distance that the model's own graph gives them."""

    features: dict[str, Features]
    distances: NDArray[np.float64]


def main() -> None:
    options = _options()
    classifier = CrackClassifier.load(options.model)
    parts = _parts(options)
    embedded = {name: embed(classifier, paths, name, options.cache) for name, paths in parts.items()}
    rows = {SHIPPED: shipped_row(classifier, embedded)}
    for kind in KINDS:
        for name, distance in gates(embedded["fit"].features[kind]).items():
            known = distance(embedded["calibration"].features[kind])
            limit = float(np.quantile(known, QUANTILE, method="higher"))
            rows[f"{kind}: {name}"] = {
                part: float((distance(one.features[kind]) > limit).mean())
                for part, one in embedded.items()
                if part not in ("fit", "calibration")
            }
    show(rows, {name: len(one.distances) for name, one in embedded.items()})
    if options.output:
        document = {"model": classifier.bundle.identity, "quantile": QUANTILE, "flagged": rows}
        options.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def gates(fit: Features) -> dict[str, Distance]:
    """Distances from (N, D) features of training photos, by what they are called."""
    mean = fit.mean(axis=0)
    # One decomposition serves all Gaussians: they differ in what they take for the variances only.
    variances, directions = np.linalg.eigh(np.cov((fit - mean).T))
    variances, directions = np.maximum(variances[::-1], 1e-9), directions[:, ::-1]
    shrinkage = ledoit_wolf_shrinkage(fit)
    shrunk = (1 - shrinkage) * variances + shrinkage * variances.mean()
    found: dict[str, Distance] = {}

    def gaussian(assumed: Features) -> Distance:
        return lambda values: np.sqrt((((values - mean) @ directions) ** 2 / assumed).mean(axis=1))

    for count in (8, 16, 64):
        rest = np.full(len(variances) - count, variances[count:].mean())
        found[f"probabilistic PCA, {count} directions"] = gaussian(np.concatenate([variances[:count], rest]))
    found["Mahalanobis, Ledoit-Wolf shrinkage"] = gaussian(shrunk)
    found["cosine to the nearest"] = _nearest(fit, _unit)
    found["distance to the nearest"] = _nearest(fit, lambda x: x)
    return found


def embed(classifier: CrackClassifier, paths: Sequence[Path], name: str, cache: Path | None) -> Embedded:
    """Embed photos, or read what an earlier call kept; photos that can't be read are left out."""
    key = hashlib.sha256("\n".join([classifier.bundle.identity, *map(str, paths)]).encode()).hexdigest()[:16]
    file = None if cache is None else cache / f"{name}-{key}.npz"
    if file is None or not file.is_file():
        trunks, embeddings, distances = [], [], []
        with closing(classifier.run_paths(list(paths))) as results:
            for scored in results:
                if not isinstance(scored, Failure):
                    trunks.append(scored.trunk)
                    embeddings.append(scored.embedding)
                    distances.append(scored.distance)
        values = (np.array(trunks, dtype=np.float32), np.array(embeddings, dtype=np.float32))
        found = Embedded(
            features=dict(zip(KINDS, values, strict=True)), distances=np.array(distances, dtype=float)
        )
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            arrays: dict[str, Any] = {"distances": found.distances, **found.features}
            np.savez(file, **arrays)
        return found
    kept = np.load(file)
    return Embedded(features={kind: kept[kind] for kind in KINDS}, distances=kept["distances"])


def shipped_row(classifier: CrackClassifier, embedded: dict[str, Embedded]) -> dict[str, float]:
    """What the model flags by itself."""
    familiarity = classifier.bundle.config.familiarity
    if familiarity is None:
        raise SystemExit(f"{classifier.bundle.folder} has no gate")
    return {
        part: float((one.distances > familiarity.limit).mean())
        for part, one in embedded.items()
        if part not in ("fit", "calibration")
    }


def show(rows: dict[str, dict[str, float]], counts: dict[str, int]) -> None:
    """Print the table as Markdown."""
    parts = list(rows[SHIPPED])
    print("| gate | " + " | ".join(f"{part} ({counts[part]:,})" for part in parts) + " |")
    print("|---|" + "---:|" * len(parts))
    for name, row in rows.items():
        print(f"| {name} | " + " | ".join(f"{row[part]:.1%}" for part in parts) + " |")


def _nearest(fit: Features, scaled: Callable[[Features], Features]) -> Distance:
    index = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(scaled(fit))
    return lambda values: np.asarray(index.kneighbors(scaled(values))[0][:, 0])


def _unit(values: Features) -> Features:
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12))


def _parts(options: argparse.Namespace) -> dict[str, list[Path]]:
    parts: dict[str, list[Path]] = {"fit": [], "calibration": []}
    for known in options.known:
        folder, _, manifest_file = known.rpartition(":")
        manifest = read_manifest(Path(manifest_file), root=Path(folder))
        for name, part in (("fit", Part.TRAIN), ("calibration", Part.CALIBRATION), ("test", Part.TEST)):
            files = _evenly([manifest.root / row.path for row in manifest.of(part)], options.most)
            parts.setdefault(f"{Path(folder).name} test" if name == "test" else name, []).extend(files)
    for folder in options.left_out:
        files = [photo.file for photo in find_labelled_photos([folder])]
        parts[f"{folder.name}, left out"] = _evenly(files, options.most)
    for category in sorted(path for path in options.strange.iterdir() if path.is_dir()):
        half = hashlib.sha256(category.name.encode()).digest()[0] % 2
        name = f"objects {'to report on' if half else 'to choose by'}"
        parts.setdefault(name, []).extend(_evenly(sorted(category.glob("*.jpg")), options.per_category))
    return parts


def _evenly(files: list[Path], most: int) -> list[Path]:
    places = np.linspace(0, len(files) - 1, min(len(files), most)).round().astype(int)
    return [files[place] for place in places.tolist()]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--known", action="append", required=True, metavar="FOLDER:MANIFEST")
    parser.add_argument("--left-out", action="append", default=[], type=Path, metavar="FOLDER")
    parser.add_argument("--strange", required=True, type=Path, metavar="FOLDER", help="folders by category")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--most", type=int, default=2000, help="photos of a source and part")
    parser.add_argument("--per-category", type=int, default=10)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
