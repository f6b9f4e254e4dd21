"""What a model gets wrong on synthetic photos: missed cracks by width, false alarms by look-alike.

python -m studies.known_failures [--model FOLDER] [--patches 200] --figure known-failures.png

It needs no data set. Surfaces, cracks, look-alikes and the camera are `crackscope.dataset.synthetic`'s.
Prints the tables as Markdown; the figure shows the mistakes that the model is surest of.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic import (
    CrackKind,
    CrackOptions,
    CrackTone,
    DistractorKind,
    WallKind,
    dress_wall,
    make_concrete,
    paint_crack,
    paint_distractor,
    photograph,
)
from crackscope.evaluation.style import new_figure, save
from crackscope.inference.classifier import CrackClassifier
from crackscope.labels import Label
from crackscope.records import Prediction

_SIDE_PX = 227
_WIDTHS_PX = ((0.4, 0.8), (0.8, 1.6), (1.6, 3.0), (3.0, 6.0), (6.0, 12.0), (12.0, 24.0))
_VISIBLE_PX = (2.0, 8.0)
_ROWS, _COLUMNS = 3, 6

_Pixels = NDArray[np.uint8]
_Paint = Callable[[_Pixels, np.random.Generator], _Pixels]


@dataclass(frozen=True, slots=True)
class Judged:
    """A synthetic patch and what the model said of it."""

    what: str
    truth: Label
    pixels_hwc: _Pixels
    prediction: Prediction

    @property
    def wrong(self) -> bool:
        return self.prediction.label is not self.truth

    @property
    def sureness(self) -> float:
        return abs(self.prediction.score - self.truth.number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--patches", type=int, default=200, help="of each kind")
    parser.add_argument("--figure", type=Path)
    arguments = parser.parse_args()
    classifier = CrackClassifier.load(arguments.model)
    found = [
        one
        for stream, (what, truth, paint) in enumerate(kinds())
        for one in judge(classifier, what, truth, paint, stream, arguments.patches)
    ]
    print(table(found, Label.POSITIVE, "crack, median width in a patch of 227 pixels", "missed"))
    print(table(found, Label.NEGATIVE, "surface without a crack", "called Positive"))
    if arguments.figure:
        draw(arguments.figure, found)
        print(f"drawn: {arguments.figure}")


def kinds() -> Iterator[tuple[str, Label, _Paint]]:
    for width_px in _WIDTHS_PX:
        yield (
            f"{width_px[0]:g} to {width_px[1]:g} px",
            Label.POSITIVE,
            _crack(CrackOptions(width_px=width_px)),
        )
    for tone in CrackTone:
        yield f"{tone}, 2 to 8 px", Label.POSITIVE, _crack(CrackOptions(width_px=_VISIBLE_PX, tone=tone))
    straight = CrackOptions(width_px=(1.0, 3.0), kind=CrackKind.STRAIGHT)
    yield "straight, 1 to 3 px", Label.POSITIVE, _crack(straight)
    for veil in (DistractorKind.STAIN, DistractorKind.SHADOW):
        yield f"1 to 3 px, under a {veil}", Label.POSITIVE, _veiled(veil)
    for wall in WallKind:
        yield f"2 to 8 px, wall {wall}", Label.POSITIVE, _crack(CrackOptions(width_px=_VISIBLE_PX), wall)
    yield "plain", Label.NEGATIVE, lambda wall, _: wall
    for kind in DistractorKind:
        yield str(kind), Label.NEGATIVE, _distractor(kind)
    for wall in WallKind:
        yield f"wall {wall}", Label.NEGATIVE, _dressed(wall)


def _crack(options: CrackOptions, kind: WallKind | None = None) -> _Paint:
    def paint(wall: _Pixels, rng: np.random.Generator) -> _Pixels:
        canvas = wall if kind is None else dress_wall(wall, rng, kind)
        return paint_crack(canvas, rng, options).pixels_hwc

    return paint


def _veiled(veil: DistractorKind) -> _Paint:
    """A thin crack that a stain crosses or a shadow falls on."""
    crack = _crack(CrackOptions(width_px=(1.0, 3.0)))
    return lambda wall, rng: paint_distractor(crack(wall, rng), rng, veil)


def _dressed(kind: WallKind) -> _Paint:
    return lambda wall, rng: dress_wall(wall, rng, kind)


def _distractor(kind: DistractorKind) -> _Paint:
    return lambda wall, rng: paint_distractor(wall, rng, kind)


def judge(
    classifier: CrackClassifier, what: str, truth: Label, paint: _Paint, stream: int, patches: int
) -> Iterator[Judged]:
    """The same surfaces for every kind, so that kinds differ by what is painted alone."""
    for number in range(patches):
        wall = make_concrete(np.random.default_rng((0, number)), (_SIDE_PX, _SIDE_PX))
        rng = np.random.default_rng((1, stream, number))
        pixels = photograph(paint(wall, rng), rng)
        yield Judged(what, truth, pixels, classifier.predict(pixels))


def table(found: list[Judged], truth: Label, title: str, error: str) -> str:
    rows = [f"| {title} | {error} | of these sent to review |", "|---|---:|---:|"]
    of_truth = [one for one in found if one.truth is truth]
    for what in dict.fromkeys(one.what for one in of_truth):
        mine = [one for one in of_truth if one.what == what]
        wrong = [one for one in mine if one.wrong]
        reviewed = sum(one.prediction.review for one in wrong)
        share = f"{reviewed / len(wrong):.0%}" if wrong else "-"
        rows.append(f"| {what} | {len(wrong) / len(mine):.1%} of {len(mine):,} | {share} |")
    return "\n".join(rows) + "\n"


def draw(target: Path, found: list[Judged]) -> None:
    """Missed cracks above, false alarms below."""
    title = "Synthetic patches: missed cracks above, false alarms below"
    figure = new_figure(_COLUMNS * 1.7, 2 * _ROWS * 2.1, title)
    for half, truth in enumerate((Label.POSITIVE, Label.NEGATIVE)):
        wrong = [one for one in found if one.wrong and one.truth is truth]
        for place, one in enumerate(_varied(wrong)):
            axes = figure.add_subplot(2 * _ROWS, _COLUMNS, half * _ROWS * _COLUMNS + place + 1)
            axes.imshow(one.pixels_hwc)
            axes.set_axis_off()
            review = "\nsent to review" if one.prediction.review else ""
            axes.set_title(f"{one.what}\nscore {one.prediction.score:.2f}{review}", fontsize=7)
    save(figure, target)


def _varied(wrong: list[Judged]) -> list[Judged]:
    """As many as half a figure holds, the surest first, no kind more than four times."""
    taken = Counter[str]()
    found = []
    for one in sorted(wrong, key=lambda one: -one.sureness):
        taken[one.what] += 1
        if taken[one.what] <= 4:
            found.append(one)
    return found[: _ROWS * _COLUMNS]


if __name__ == "__main__":
    main()
