"""Whether two dates are laid over one another rightly, and whether what changed is found.

Pairs are made from real photos: two views of each (crop, turn, perspective, zoom, light, noise, JPEG), whose
true homography is known. In half of the pairs the later one has a crack that the earlier one lacks, painted
anew or longer than before. Photos of different places are offered as pairs too.

    python -m studies.two_dates --source uav75 --source uav-cc0 --source surfaces
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic import CrackKind, CrackOptions, CrackTone, paint_crack
from crackscope.images import IMAGE_SUFFIXES, read_photo
from crackscope.inspection.changes import ChangeKind, RegionChange
from crackscope.revisiting.compare import changes_between
from crackscope.revisiting.laying import lay_over
from crackscope.revisiting.registration import (
    TOLERANCE_SHARE,
    Features,
    Fit,
    RefusedError,
    find_features,
    overlap_of,
    project,
    register,
)
from crackscope.scanning.scanner import CrackScanner

U8 = NDArray[np.uint8]
F64 = NDArray[np.float64]

#: Longest distance, as a share of the later photo's longer side, at which a place is still laid rightly.
WRONG_SHARE = 0.015
SOURCES = {
    "uav75": ("uav75/images",),
    "uav-cc0": ("uav-cc0/images",),
    "surfaces": ("surfaces/polyhaven", "surfaces/ambientcg", "surfaces/byte-assets"),
}
#: Same: nothing is painted. New: a whole crack. Grown: half of it was there before.
CASES = ("same", "same", "new", "grown")


@dataclass
class Counts:
    """What became of the pairs of one source."""

    pairs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    errors: list[float] = field(default_factory=list)
    seconds: float = 0.0
    strangers: int = 0
    strangers_accepted: int = 0
    painted: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    claimed: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Pair:
    """Two views; masks are bool (H, W) in the later view."""

    earlier_hwc: U8
    later_hwc: U8
    later_to_earlier: F64
    case: str
    added_hw: NDArray[np.bool_]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("CRACKSCOPE_DATA", "../shared/data"))
    )
    parser.add_argument("--source", action="append", choices=sorted(SOURCES))
    parser.add_argument("--limit", type=int, help="only so many photos of each source")
    parser.add_argument(
        "--strangers", type=int, default=4, help="photos of other places offered to each photo"
    )
    parser.add_argument("--strength", type=float, default=1.0, help="of turn, perspective and light")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    scanner = CrackScanner.load(arguments.model)
    for source in arguments.source or sorted(SOURCES):
        files = _files(arguments.data, source)
        if arguments.limit:
            files = files[:: max(1, len(files) // arguments.limit)][: arguments.limit]
        rng = np.random.default_rng(arguments.seed)
        _print(source, _measure(files, scanner, rng, arguments.strangers, arguments.strength))


def _files(root: Path, source: str) -> list[Path]:
    found = [file for folder in SOURCES[source] for file in sorted((root / folder).rglob("*"))]
    return [file for file in found if file.suffix.lower() in IMAGE_SUFFIXES]


def _measure(
    files: list[Path], scanner: CrackScanner, rng: np.random.Generator, strangers: int, strength: float
) -> Counts:
    counts, sides = Counts(), []
    for index, file in enumerate(files):
        pair = make_pair(read_photo(file).pixels_hwc, rng, CASES[index % len(CASES)], strength)
        started = time.perf_counter()
        earlier, later = find_features(pair.earlier_hwc), find_features(pair.later_hwc)
        sides.append((earlier, later))
        counts.pairs += 1
        try:
            fit = register(earlier, later)
        except RefusedError as error:
            counts.refused[error.reason] += 1
            continue
        finally:
            counts.seconds += time.perf_counter() - started
        largest = _largest_error(fit, pair)
        counts.errors.append(largest)
        counts.wrong += largest > WRONG_SHARE
        _judge(counts, pair, _changes(pair, fit, scanner))
    _offer_strangers(counts, files, sides, rng, strangers)
    return counts


def make_pair(pixels_hwc: U8, rng: np.random.Generator, case: str, strength: float) -> Pair:
    """Two views of a photo; see `CASES`."""
    before, after = pixels_hwc, pixels_hwc
    added = np.zeros(pixels_hwc.shape[:2], np.uint8)
    if case != "same":
        kind = (CrackKind.THROUGH, CrackKind.ENDING, CrackKind.BRANCHED)[rng.integers(3)]
        options = CrackOptions(kind=kind, width_px=(3.0, 8.0), darkness=(0.4, 0.9), tone=CrackTone.DARK)
        painted = paint_crack(pixels_hwc, rng, options)
        after = painted.pixels_hwc
        was_there = _half(painted.mask_hw) if case == "grown" else np.zeros(added.shape, bool)
        # A painted crack shades its edges: what changed is more than its mask.
        before = np.where(was_there[:, :, None], after, pixels_hwc)
        added = np.where(was_there, 0, painted.mask_hw)
    earlier, from_earlier = view(before, rng, strength)
    later, from_later = view(after, rng, strength)
    size_wh = later.shape[1], later.shape[0]
    return Pair(
        earlier_hwc=earlier,
        later_hwc=later,
        later_to_earlier=from_earlier @ np.linalg.inv(from_later),
        case=case,
        added_hw=cv2.warpPerspective(added, from_later, size_wh, flags=cv2.INTER_AREA) >= 64,
    )


def _half(mask_hw: U8) -> NDArray[np.bool_]:
    """The side of the picture that holds about half of the crack, cut across its long axis."""
    points = np.argwhere(mask_hw > 0).astype(np.float64)
    middle = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points[:: max(1, len(points) // 2000)] - middle, full_matrices=False)
    rows, columns = np.mgrid[0 : mask_hw.shape[0], 0 : mask_hw.shape[1]]
    return np.asarray((rows - middle[0]) * axes[0, 0] + (columns - middle[1]) * axes[0, 1] < 0, bool)


def view(pixels_hwc: U8, rng: np.random.Generator, strength: float) -> tuple[U8, F64]:
    """A photo as another camera on another day would take it, and the homography from the photo to it."""
    height, width = pixels_hwc.shape[:2]
    half = np.array([width, height]) / 2
    angle, keep, zoom = (
        np.deg2rad(rng.uniform(-20, 20) * strength),
        rng.uniform(0.75, 0.95),
        rng.uniform(0.75, 1.3),
    )
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    quad = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half * keep @ turn.T
    quad += rng.uniform(-0.06, 0.06, (4, 2)) * half * 2 * strength
    quad /= max(1.0, (np.abs(quad) / half).max())
    quad += rng.uniform(-1, 1, 2) * (half - np.abs(quad).max(axis=0)) + half
    size_wh = int(width * keep * zoom), int(height * keep * zoom)
    frame = np.array([(0, 0), (size_wh[0], 0), size_wh, (0, size_wh[1])], np.float32)
    homography = cv2.getPerspectiveTransform(quad.astype(np.float32), frame)
    seen = cv2.warpPerspective(pixels_hwc, homography, size_wh, flags=cv2.INTER_AREA)
    return _developed(_lit(seen.astype(np.float64), rng, strength), rng), np.asarray(homography, np.float64)


def _lit(seen: F64, rng: np.random.Generator, strength: float) -> F64:
    rows, columns = np.mgrid[-0.5 : 0.5 : seen.shape[0] * 1j, -0.5 : 0.5 : seen.shape[1] * 1j]
    slope = rng.uniform(-0.3, 0.3, 2) * strength
    light = (1 + rng.uniform(-0.3, 0.3) * strength) * (1 + slope[0] * columns + slope[1] * rows)
    lit = np.clip(seen * light[:, :, None] * (1 + rng.uniform(-0.07, 0.07, 3) * strength), 0, 255)
    return np.asarray(255 * (lit / 255) ** np.exp(rng.uniform(-0.22, 0.22) * strength), np.float64)


def _developed(lit: F64, rng: np.random.Generator) -> U8:
    noisy = np.clip(lit + rng.normal(0, 2, lit.shape) + 0.5, 0, 255).astype(np.uint8)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(70, 96))]
    _, encoded = cv2.imencode(".jpg", noisy[:, :, ::-1], quality)
    return np.ascontiguousarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR)[:, :, ::-1])


def _largest_error(fit: Fit, pair: Pair) -> float:
    """Of a grid over the part that both show in truth, edges among it; share of the longer side."""
    height, width = pair.later_hwc.shape[:2]
    sides = np.meshgrid(np.linspace(0, width, 17), np.linspace(0, height, 17))
    grid: F64 = np.asarray(np.stack(sides, axis=-1).reshape(-1, 2), np.float64)
    truth = project(pair.later_to_earlier, grid)
    earlier_height, earlier_width = pair.earlier_hwc.shape[:2]
    shown = ((truth >= 0) & (truth <= (earlier_width, earlier_height))).all(axis=1)
    back = project(np.asarray(np.linalg.inv(fit.later_to_earlier), np.float64), truth[shown])
    return float(np.hypot(*(back - grid[shown]).T).max() / max(height, width))


def _changes(pair: Pair, fit: Fit, scanner: CrackScanner) -> tuple[RegionChange, ...]:
    before = scanner.scan(lay_over(pair.earlier_hwc, pair.later_hwc, fit))
    return changes_between(before, scanner.scan(pair.later_hwc), fit)[1]


def _judge(counts: Counts, pair: Pair, changes: tuple[RegionChange, ...]) -> None:
    """A claim is right where the region covers some of what was added."""
    added = pair.added_hw & _shown(pair)
    touching = [change for change in changes if _covered(change, added) > 0]
    changed = {ChangeKind.NEW, ChangeKind.GROWN}
    # Less than a twentieth of the side, seen from both dates, is no test.
    enough = added.any() and max(np.ptp(np.argwhere(added), axis=0)) >= 0.1 * max(added.shape)
    if enough:
        counts.painted[pair.case] += 1
        counts.seen[pair.case] += bool(touching)
        counts.found[pair.case] += any(change.kind in changed for change in touching)
    for change in changes:
        counts.kinds[f"{pair.case}: {change.kind}"] += 1
        if change.kind in changed or change.kind is ChangeKind.GONE:
            counts.claimed[str(change.kind)] += 1
            counts.right[str(change.kind)] += change.kind in changed and change in touching


def _shown(pair: Pair) -> NDArray[np.bool_]:
    """What the earlier view shows too, in the later one."""
    size_wh = pair.later_hwc.shape[1], pair.later_hwc.shape[0]
    whole = np.full(pair.earlier_hwc.shape[:2], 255, np.uint8)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpPerspective(whole, pair.later_to_earlier, size_wh, flags=flags) > 0, bool)


def _covered(change: RegionChange, mask_hw: NDArray[np.bool_]) -> int:
    left, top, right, bottom = change.box_ltrb
    return int(mask_hw[top:bottom, left:right].sum())


def _offer_strangers(
    counts: Counts,
    files: list[Path],
    sides: list[tuple[Features, Features]],
    rng: np.random.Generator,
    strangers: int,
) -> None:
    for index, (_, later) in enumerate(sides):
        for other in rng.permutation(len(sides))[:strangers]:
            if other == index:
                continue
            counts.strangers += 1
            try:
                fit = register(sides[other][0], later)
            except RefusedError:
                continue
            counts.strangers_accepted += 1
            share = overlap_of(fit.later_to_earlier, sides[other][0].photo_hw, later.photo_hw)
            print(f"  taken for one place: {files[other].name}, {files[index].name}; {share:.0%} shared")


def _print(source: str, counts: Counts) -> None:
    registered = counts.pairs - sum(counts.refused.values())
    print(f"{source}: {registered} of {counts.pairs} registered, {counts.wrong} of them wrong", end="")
    if counts.errors:
        print(f"; largest error median {np.median(counts.errors):.2%}, most {max(counts.errors):.2%}", end="")
    print(f" (wrong is above {WRONG_SHARE:.1%}, blocks may be {TOLERANCE_SHARE:.1%} off)")
    print(f"  refused: {dict(counts.refused)}; strangers: {counts.strangers_accepted} of {counts.strangers}")
    for case in ("new", "grown"):
        print(f"  {case}: {counts.painted[case]} painted, {counts.seen[case]} in a region,", end=" ")
        print(f"{counts.found[case]} told as new or grown")
    for kind, claimed in counts.claimed.items():
        print(f"  said {kind}: {claimed}, right {counts.right[kind]}")
    for line in _lines(counts.kinds):
        print(f"  {line}")


def _lines(kinds: Counter[str]) -> Iterator[str]:
    for case in dict.fromkeys(CASES):
        said = ", ".join(f"{kinds[f'{case}: {kind}']} {kind}" for kind in ChangeKind)
        yield f"regions of pairs with {case}: {said}"


if __name__ == "__main__":
    main()
