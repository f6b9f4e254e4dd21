"""Can a gate on the trunk tell masonry, stone and tiles from concrete that it has never seen?

Every gate gets the limit at which it flags 5 % of the left-out source of concrete that it flags most. The Gaussian of
the shipped gate is fitted on concrete alone; a discriminant learns from masonry, stone and tiles, from thumbnails of
them and from pictures of objects too. It is judged on materials, thumbnails and categories that neither it nor the
detector was taught with. Prints a Markdown table.

    crackscope data split ../shared/data/metu --output metu.csv
    crackscope data split ../shared/data/sdnet2018 --output sdnet2018.csv
    crackscope data tiles ../shared/data/uav75/images ../shared/data/uav75/labels uav75-tiles
    python -m studies.masonry --data ../shared/data --manifest metu:metu.csv --manifest sdnet2018:sdnet2018.csv --tiles uav75-tiles
"""  # noqa: E501

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from crackscope import CrackClassifier
from crackscope.dataset.manifest import read_manifest
from crackscope.dataset.records import Part
from crackscope.training.patches import read_patch
from crackscope.training.places.crops import cut_crop
from crackscope.training.places.detector_data import held_back_drone, read_surfaces
from crackscope.training.places.sources import hold_out

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Gate = Callable[[F32], F64]

FLAGGED = 0.05
_DIRECTIONS = 16
_SURFACE_PX, _THUMBNAIL_PX, _OBJECT_PX, _DRONE_PX = (
    (95.0, 300.0),
    (90.0, 128.0),
    (90.0, 200.0),
    (100.0, 260.0),
)
#: Thumbnails of what is to be familiar; and surfaces that are no masonry, stone or tiles.
_CONCRETE = re.compile("asphalt|clay|concrete|plaster|road", re.IGNORECASE)
_NO_MASONRY = re.compile("gravel|sand_|rock_ground|road", re.IGNORECASE)


def main() -> None:
    options = _options()
    embed = Embedder(CrackClassifier.load(options.model), options.most)
    familiar, strange = embed.taught_with(options.data, options.manifest)
    concrete = embed.left_out_concrete(options.data, options.manifest, options.tiles)
    judged = embed.left_out_others(options.data)
    head = ["gate", *(f"{name} ({len(rows):,})" for name, rows in {**concrete, **judged}.items())]
    print("| " + " | ".join(head) + " |\n|---|" + "---:|" * (len(head) - 1))
    for name, gate in gates(familiar, strange).items():
        limit = max(float(np.quantile(gate(rows), 1 - FLAGGED)) for rows in concrete.values())
        shares = [f"{(gate(rows) > limit).mean():.1%}" for rows in (*concrete.values(), *judged.values())]
        print("| " + " | ".join([name, *shares]) + " |")


def gates(familiar: list[F32], strange: F32) -> dict[str, Gate]:
    """Gates by name; every source of familiar features counts the same, and familiar as much as strange."""
    known = np.concatenate(familiar)
    mean, deviation = known.mean(axis=0), known.std(axis=0) + 1e-6
    pca = PCA(min(_DIRECTIONS, min(known.shape) - 1)).fit(known)
    weights = [np.full(len(rows), 1 / len(familiar) / len(rows)) for rows in familiar]
    weight = np.concatenate([*weights, np.full(len(strange), 1 / len(strange))]) * (len(known) + len(strange))
    labels = np.repeat([0, 1], [len(known), len(strange)])
    features = (np.concatenate([known, strange]) - mean) / deviation

    def gaussian(rows: F32) -> F64:
        inside = (rows - pca.mean_) @ pca.components_.T
        rest = rows - pca.mean_ - inside @ pca.components_
        squares = (inside**2 / pca.explained_variance_).sum(1) + (rest**2).sum(1) / pca.noise_variance_
        return np.asarray(squares, np.float64)

    found: dict[str, Gate] = {f"Gaussian of concrete, {_DIRECTIONS} directions (the shipped kind)": gaussian}
    models = {
        f"logistic discriminant, C = {c:g}": LogisticRegression(C=c, max_iter=500) for c in (1e-3, 1e-2)
    }
    for name, model in {**models, "support vectors": SVC(gamma=0.3 / known.shape[1])}.items():
        model.fit(features, labels, sample_weight=weight)
        found[name] = partial(_score, model, mean, deviation)
    return found


def _score(model: LogisticRegression | SVC, mean: F32, deviation: F32, rows: F32) -> F64:
    return np.asarray(model.decision_function((rows - mean) / deviation), np.float64)


class Embedder:
    """Trunk features of crops and patches, at most ``most`` of a source."""

    def __init__(self, classifier: CrackClassifier, most: int) -> None:
        self._classifier, self._most = classifier, most
        self._input_hw = classifier.bundle.config.input_hw

    def taught_with(self, data: Path, manifests: list[str]) -> tuple[list[F32], F32]:
        """Familiar features by source, and strange ones: of what the detector was taught with."""
        surfaces, small = read_surfaces(data / "surfaces"), hold_out(_thumbnails(data))[0]
        familiar = [self._patches(_part(data, one, Part.TRAIN)) for one in manifests]
        familiar.append(self._crops(surfaces.canvases, _SURFACE_PX, 16))
        drone = set((data / "uav-cc0" / "images").iterdir()) - set(held_back_drone(data)[0])
        familiar.append(self._crops(sorted(drone), _DRONE_PX, 3))
        strange = [
            self._crops(
                [path for path in surfaces.others if not _NO_MASONRY.search(path.stem)], _SURFACE_PX, 20
            ),
            self._crops([path for path in small if not _CONCRETE.search(path.stem)], _THUMBNAIL_PX, 1),
            self._crops(_objects(data, held_back=False), _OBJECT_PX, 1),
        ]
        return familiar, np.concatenate(strange)

    def left_out_concrete(self, data: Path, manifests: list[str], tiles: Path) -> dict[str, F32]:
        """Concrete that neither gate nor detector was taught with."""
        found = {
            f"{one.partition(':')[0]} test": self._patches(_part(data, one, Part.TEST)) for one in manifests
        }
        found["bridge"] = self._patches(sorted((data / "bridge").rglob("*.jpg")))
        found["UAV75 tiles"] = self._patches(sorted(tiles.rglob("*.*g")))
        found["uav-cc0, kept back"] = self._crops(held_back_drone(data)[0], _DRONE_PX, 20)
        return found

    def left_out_others(self, data: Path) -> dict[str, F32]:
        """What is to be flagged, and surfaces of concrete and plaster that are not."""
        surfaces, small = read_surfaces(data / "surfaces"), hold_out(_thumbnails(data))[1]
        masonry = [path for path in surfaces.held_others if not _NO_MASONRY.search(path.stem)]
        return {
            "masonry, stone, tiles": self._crops(masonry, _SURFACE_PX, 20),
            "thumbnails of such": self._crops(
                [path for path in small if not _CONCRETE.search(path.stem)], _THUMBNAIL_PX, 2
            ),
            "objects": self._crops(_objects(data, held_back=True), _OBJECT_PX, 1),
            "concrete, plaster, asphalt": self._crops(surfaces.held_canvases, _SURFACE_PX, 20),
        }

    def _patches(self, paths: Iterable[Path]) -> F32:
        return self._trunk(read_patch(path, self._input_hw) for path in self._evenly(list(paths)))

    def _crops(self, paths: Iterable[Path], crop_px: tuple[float, float], each: int) -> F32:
        rng = np.random.default_rng(each)
        chosen = self._evenly([path for path in paths for _ in range(each)])
        return self._trunk(cut_crop(path, crop_px, rng, self._input_hw[0]) for path in chosen)

    def _evenly(self, paths: list[Path]) -> list[Path]:
        places = np.linspace(0, len(paths) - 1, min(len(paths), self._most)).round().astype(int)
        return [paths[place] for place in places.tolist()]

    def _trunk(self, images: Iterator[NDArray[np.uint8]]) -> F32:
        trunk = self._classifier.run(np.stack(list(images))).trunk
        if trunk is None:
            raise SystemExit(f"{self._classifier.bundle.folder} gives no trunk")
        return trunk


def _part(data: Path, named: str, part: Part) -> list[Path]:
    source, _, file = named.partition(":")
    manifest = read_manifest(Path(file), root=data / source)
    return [manifest.root / row.path for row in manifest.of(part)]


def _thumbnails(data: Path) -> list[Path]:
    return sorted((data / "surfaces" / "ambientcg-small" / "healthy").iterdir())


def _objects(data: Path, *, held_back: bool) -> list[Path]:
    photos = [path for folder in sorted((data / "caltech101").iterdir()) for path in sorted(folder.iterdir())]
    return hold_out(photos)[held_back][::6]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--manifest", action="append", required=True, metavar="SOURCE:FILE")
    parser.add_argument("--tiles", type=Path, required=True, help="of UAV75, by `crackscope data tiles`")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--most", type=int, default=1200, help="photos or crops of a source")
    return parser.parse_args()


if __name__ == "__main__":
    main()
