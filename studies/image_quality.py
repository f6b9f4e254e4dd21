"""Does a number computed from the photo itself predict the detector's mistakes that review does not catch?

Numbers for blur, darkness, noise and flat contrast are taken of photos as they are and distorted. Each gets a
limit: the 1 % of undistorted photos from the training and calibration parts, as many of each known source,
that look worst are beyond it. The rule, fixed before the first run: a number is worth a review reason if it

1. flags at most 2 % of the undistorted photos of every source, those that training left out too,
2. catches at least a third of the misses outside review under strong blur, strong motion blur or darkness,
3. and there twice the share that it flags of correctly judged photos, half of them distorted.

    crackscope data split ../shared/data/metu --output metu.csv
    crackscope data split ../shared/data/sdnet2018 --output sdnet2018.csv
    crackscope data tiles ../shared/data/uav75/images ../shared/data/uav75/labels uav75-tiles
    python -m studies.image_quality --known ../shared/data/metu:metu.csv --known ../shared/data/sdnet2018:sdnet2018.csv --left-out ../shared/data/bridge --left-out uav75-tiles

Prints two tables, and writes JSON with every source and distortion with --output. With --write it only sets the
limit of the number that was worth it, sharpness, in the model that --model names.
"""  # noqa: E501

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from crackscope.bundle import Bundle, load_bundle, write_config
from crackscope.dataset.records import Part
from crackscope.evaluation.distortions import DISTORTIONS, Distortion
from crackscope.evaluation.photos import GroupedPhoto, find_labelled_photos
from crackscope.evaluation.robustness import choose_photos
from crackscope.images import read_photo
from crackscope.inference.classifier import CrackClassifier
from crackscope.inference.quality import fit_quality, sharpness
from crackscope.labels import Label
from crackscope.records import Failure
from crackscope.resizing import resize_rgb
from studies.image_numbers import CANDIDATES, numbers_of

QUANTILE = 0.99
MOST_FLAGGED, LEAST_CAUGHT, LEAST_LIFT = 0.02, 1 / 3, 2.0
#: Fewer mistakes than this say nothing about a number.
FEWEST_MISTAKES = 10

NONE = ("none", 0.0)
CONDITIONS = (
    NONE,
    *(("blur", strength) for strength in (2, 4)),
    *(("motion blur", strength) for strength in (13, 25)),
    *(("noise", strength) for strength in (20, 40)),
    *(("JPEG", strength) for strength in (30, 10)),
    *(("brightness", strength) for strength in (0.25, 0.5, 1.5)),
    *(("contrast", strength) for strength in (0.25, 0.5)),
)
#: The rule looks at these, the tables show these beside the undistorted photos.
DECISIVE = (("blur", 4), ("motion blur", 25), ("brightness", 0.25))
SHOWN = (NONE, *DECISIVE)
COMBINED = "all of them, fitted to mistakes on the other sources"

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """C conditions of N photos: whether the label is wrong, whether it is a miss, and what goes to review.

    Attributes:
        numbers: (C, N, K) each candidate's number; more is worse.
    """

    wrong: Flags
    missed: Flags
    reviewed: Flags
    numbers: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """What a limit flags under one condition, all sources together, outside review.

    Attributes:
        correct_flagged: Share of the correctly judged photos.
        correct_flagged_mixed: Likewise, where half of the photos are undistorted.
        wrong_of_flagged: There, the share of wrong labels among flagged photos.
        wrong_of_others: And among the others.
    """

    distortion: str
    strength: float
    misses: int
    misses_by_source: dict[str, int]
    misses_caught: float | None
    correct_flagged: float
    correct_flagged_mixed: float
    wrong_of_flagged: float | None
    wrong_of_others: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one number says."""

    name: str
    limit: float
    auroc: dict[str, tuple[float | None, float | None]]
    flagged_undistorted: dict[str, float]
    conditions: tuple[Caught, ...]

    @property
    def worth_it(self) -> bool:
        decisive = [one for one in self.conditions if (one.distortion, one.strength) in DECISIVE]
        return max(self.flagged_undistorted.values()) <= MOST_FLAGGED and any(
            one.misses >= FEWEST_MISTAKES
            and one.misses_caught is not None
            and one.misses_caught >= max(LEAST_CAUGHT, LEAST_LIFT * one.correct_flagged_mixed)
            for one in decisive
        )


def main() -> None:
    options, began = _options(), time.process_time()
    bundle = load_bundle(options.model)
    limit_photos, sources = _photos(options)
    if options.write:
        write_limit(bundle, limit_photos, options.known)
        return
    # What its own limit sends to review is what is asked here.
    classifier = CrackClassifier.load(Bundle(bundle.folder, replace(bundle.config, quality=None)), threads=1)
    input_hw = classifier.bundle.config.input_hw
    known = np.array([numbers_of(read_photo(photo.file).pixels_hwc, input_hw) for photo in limit_photos])
    judged = {name: judge(classifier, photos) for name, photos in sources.items()}
    rows = [
        row(
            name, known[:, place], {source: one.numbers[..., place] for source, one in judged.items()}, judged
        )
        for place, name in enumerate(CANDIDATES)
    ]
    rows.append(combined_row(known, judged))
    show(rows, judged)
    print(f"{time.process_time() - began:.0f} s of processor time")
    if options.output:
        document = {
            "model": classifier.bundle.identity,
            "quantile": QUANTILE,
            "candidates": [{**asdict(one), "worth_it": one.worth_it} for one in rows],
        }
        options.output.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def write_limit(bundle: Bundle, photos: Sequence[GroupedPhoto], known: Sequence[str]) -> None:
    """Put the limit of the number that was worth it into a model folder."""
    names = " and ".join(Path(one.rpartition(":")[0]).name for one in known)
    size_hw = bundle.config.input_hw
    quality = fit_quality(
        [sharpness(resize_rgb(read_photo(photo.file).pixels_hwc, size_hw)) for photo in photos],
        fitted_on=f"training and calibration parts of {names} ({len(photos):,} photos, as many of each)",
    )
    write_config(Bundle(bundle.folder, replace(bundle.config, quality=quality)))
    print(quality)


def judge(classifier: CrackClassifier, photos: Sequence[GroupedPhoto]) -> Judged:
    """Score photos under all conditions, and take their numbers."""
    shape = (len(CONDITIONS), len(photos))
    wrong, missed, reviewed = (np.zeros(shape, dtype=bool) for _ in range(3))
    numbers = np.zeros((*shape, len(CANDIDATES)))
    distortions = {distortion.name: distortion for distortion in DISTORTIONS}
    for column, photo in enumerate(photos):
        pixels = read_photo(photo.file).pixels_hwc
        versions = [
            _distorted(pixels, distortions.get(name), strength, column) for name, strength in CONDITIONS
        ]
        numbers[:, column] = [numbers_of(version, classifier.bundle.config.input_hw) for version in versions]
        for line, outcome in enumerate(classifier.predict(versions)):
            if isinstance(outcome, Failure):
                raise SystemExit(f"{photo.path}: {outcome.error}")
            wrong[line, column] = outcome.label is not photo.truth
            reviewed[line, column] = outcome.review
            missed[line, column] = wrong[line, column] and photo.truth is Label.POSITIVE
    return Judged(wrong=wrong, missed=missed, reviewed=reviewed, numbers=numbers)


def combined_row(known: NDArray[np.float64], judged: dict[str, Judged]) -> Row:
    """All numbers in one logistic regression, for each source fitted to mistakes on the others."""
    values, limits = {}, {}
    for source in judged:
        others = [one for name, one in judged.items() if name != source]
        inputs = np.concatenate([one.numbers[~one.reviewed] for one in others])
        mistakes = np.concatenate([one.wrong[~one.reviewed] for one in others])
        fit = make_pipeline(
            QuantileTransformer(n_quantiles=100, output_distribution="normal"),
            LogisticRegression(class_weight="balanced", max_iter=1000),
        ).fit(inputs, mistakes)
        values[source] = fit.decision_function(judged[source].numbers.reshape(-1, known.shape[1])).reshape(
            judged[source].wrong.shape
        )
        limits[source] = np.quantile(fit.decision_function(known), QUANTILE)
    # Shifted, so that one limit holds for the fits of all sources.
    return row(COMBINED, np.zeros(1), {name: values[name] - limits[name] for name in values}, judged)


def row(
    name: str, known: NDArray[np.float64], values: dict[str, NDArray[np.float64]], judged: dict[str, Judged]
) -> Row:
    """What one number says: (C, N) ``values`` of each source, and of known photos for its limit."""
    limit = float(np.quantile(known, QUANTILE))
    flagged = {source: one > limit for source, one in values.items()}
    return Row(
        name=name,
        limit=limit,
        auroc={
            source: (
                _auroc(values[source][:1], one.wrong[:1], one.reviewed[:1]),
                _auroc(values[source][1:], one.wrong[1:], one.reviewed[1:]),
            )
            for source, one in judged.items()
        },
        flagged_undistorted={source: float(one[0].mean()) for source, one in flagged.items()},
        conditions=tuple(_caught(line, flagged, judged) for line in range(len(CONDITIONS))),
    )


def _caught(line: int, flagged: dict[str, Flags], judged: dict[str, Judged]) -> Caught:
    """Outside review, all sources together: misses and correctly judged photos that would be flagged."""
    name, strength = CONDITIONS[line]

    def of(kind: Callable[[Judged], Flags], at: int) -> Flags:
        return np.concatenate(
            [flagged[s][at][kind(one)[at] & ~one.reviewed[at]] for s, one in judged.items()]
        )

    misses, correct = of(lambda one: one.missed, line), of(lambda one: ~one.wrong, line)
    undistorted = of(lambda one: ~one.wrong, 0)
    wrong = np.concatenate([one.wrong[at][~one.reviewed[at]] for one in judged.values() for at in (0, line)])
    beyond = np.concatenate(
        [flagged[s][at][~one.reviewed[at]] for s, one in judged.items() for at in (0, line)]
    )
    return Caught(
        distortion=name,
        strength=strength,
        misses=len(misses),
        misses_by_source={
            source: int((one.missed & ~one.reviewed)[line].sum()) for source, one in judged.items()
        },
        misses_caught=float(misses.mean()) if len(misses) else None,
        correct_flagged=float(correct.mean()),
        correct_flagged_mixed=float((correct.mean() + undistorted.mean()) / 2),
        wrong_of_flagged=float(wrong[beyond].mean()) if beyond.any() else None,
        wrong_of_others=float(wrong[~beyond].mean()) if not beyond.all() else None,
    )


def _distorted(
    pixels: NDArray[np.uint8], distortion: Distortion | None, strength: float, seed: int
) -> NDArray[np.uint8]:
    return (
        pixels
        if distortion is None
        else distortion.apply(pixels, strength, np.random.default_rng([seed, int(100 * strength)]))
    )


def _auroc(values: NDArray[np.float64], wrong: Flags, reviewed: Flags) -> float | None:
    """Of being a mistake, among photos outside review; ``None`` where there are too few mistakes."""
    mistakes = wrong[~reviewed]
    if not FEWEST_MISTAKES <= mistakes.sum() < len(mistakes):
        return None
    return float(roc_auc_score(mistakes, values[~reviewed]))


def show(rows: Sequence[Row], judged: dict[str, Judged]) -> None:
    """Print as Markdown what each number predicts, and what its limit would flag and catch."""
    print("AUROC of a mistake among photos outside review: undistorted / distorted\n")
    counts = {
        source: " / ".join(str(int((one.wrong & ~one.reviewed)[at].sum())) for at in (np.s_[:1], np.s_[1:]))
        for source, one in judged.items()
    }
    titles = [f"{source} ({one.wrong.shape[1]}; {counts[source]} mistakes)" for source, one in judged.items()]
    print(_line(["the more of it, the worse", *titles]) + "\n|---|" + "---:|" * len(judged))
    for one in rows:
        print(_line([one.name, *(" / ".join(map(_number, pair)) for pair in one.auroc.values())]))
    print("\nFlagged beyond the limit; of misses outside review / of correctly judged photos\n")
    titles = [
        f"{one.distortion} {one.strength:g} ({one.misses} misses)" if one.strength else "misses as they are"
        for one in rows[0].conditions
        if (one.distortion, one.strength) in SHOWN
    ]
    first = "{} {:g}".format(*DECISIVE[0])
    titles.append(f"wrong labels of flagged / of others, half of them with {first}")
    print(_line(["the more of it, the worse", *judged, *titles, "worth it"]))
    print("|---|" + "---:|" * (len(judged) + len(titles)) + "---|")
    for one in rows:
        shown = [c for c in one.conditions if (c.distortion, c.strength) in SHOWN]
        caught = [f"{_share(c.misses_caught)} / {_share(c.correct_flagged)}" for c in shown]
        blurred = next(c for c in shown if (c.distortion, c.strength) == DECISIVE[0])
        caught.append(f"{_share(blurred.wrong_of_flagged)} / {_share(blurred.wrong_of_others)}")
        flagged = map(_share, one.flagged_undistorted.values())
        print(_line([one.name, *flagged, *caught, "yes" if one.worth_it else "no"]))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _photos(options: argparse.Namespace) -> tuple[list[GroupedPhoto], dict[str, list[GroupedPhoto]]]:
    """Undistorted photos for the limits, and the photos of each source to judge."""
    limits: list[GroupedPhoto] = []
    sources = {}
    for known in options.known:
        folder, _, manifest = known.rpartition(":")
        parts = {
            part: find_labelled_photos([Path(folder)], manifest=Path(manifest), part=part) for part in Part
        }
        limits += choose_photos(parts[Part.TRAIN] + parts[Part.CALIBRATION], options.limit_photos, 0)
        sources[Path(folder).name] = choose_photos(parts[Part.TEST], options.limit, 0)
    for folder in options.left_out:
        sources[f"{folder.name}, left out"] = choose_photos(find_labelled_photos([folder]), options.limit, 0)
    return limits, sources


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--known", action="append", required=True, metavar="FOLDER:MANIFEST")
    parser.add_argument("--left-out", action="append", default=[], type=Path, metavar="FOLDER")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--limit", type=int, default=150, help="photos of each class of a source to judge")
    parser.add_argument("--limit-photos", type=int, default=800, help="likewise, to set limits on")
    parser.add_argument("--output", type=Path)
    parser.add_argument("--write", action="store_true", help="only set the limit of sharpness in the model")
    return parser.parse_args()


if __name__ == "__main__":
    main()
