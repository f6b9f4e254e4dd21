"""How many patches a second the painters make on one core; prints JSON.

python benchmarks/painter.py [--patches 300]
"""

from __future__ import annotations

import argparse
import functools
import json
import platform
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from crackscope.dataset.synthetic import (
    CrackKind,
    CrackOptions,
    DistractorKind,
    make_concrete,
    make_photo,
    paint_crack,
    paint_distractor,
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--patches", type=int, default=300)
    patches = arguments.parse_args().patches
    rng = np.random.default_rng(0)
    results: dict[str, dict[str, float]] = {}
    for side_px in (128, 227):
        walls = [make_concrete(rng, (side_px, side_px)) for _ in range(32)]
        results[f"crack {side_px} px"] = measure(lambda wall: paint_crack(wall, rng), walls, patches)
        results[f"distractor {side_px} px"] = measure(
            lambda wall: paint_distractor(wall, rng), walls, patches
        )
    for kind in CrackKind:
        options = CrackOptions(kind=kind)
        paint = functools.partial(paint_crack, rng=rng, options=options)
        results[f"crack 227 px, {kind}"] = measure(paint, walls, patches // 4)
    for distractor in DistractorKind:
        alike = functools.partial(paint_distractor, rng=rng, kind=distractor)
        results[f"distractor 227 px, {distractor}"] = measure(alike, walls, patches // 10)
    results["concrete 227 px"] = measure(lambda wall: make_concrete(rng, wall.shape[:2]), walls, patches // 4)
    results["photo 4000 x 3000 px"] = measure(lambda _: make_photo(rng, (3000, 4000), cracks=2), walls, 5)
    print(json.dumps({"machine": machine(), "milliseconds": results}, indent=2))


def measure(
    paint: Callable[[NDArray[np.uint8]], object], walls: list[NDArray[np.uint8]], n: int
) -> dict[str, float]:
    """Milliseconds of processor time per call, after a warm-up: other programs on the machine count less."""
    paint(walls[0])
    times = []
    for index in range(n):
        start = time.process_time()
        paint(walls[index % len(walls)])
        times.append(1000 * (time.process_time() - start))
    return {
        "n": n,
        "median": round(float(np.median(times)), 3),
        "mean": round(float(np.mean(times)), 3),
        "p95": round(float(np.quantile(times, 0.95)), 3),
    }


def machine() -> dict[str, str]:
    return {
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "pillow": version("pillow"),
        "crackscope": version("crackscope"),
    }


if __name__ == "__main__":
    main()
