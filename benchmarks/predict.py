"""How fast `predict` is, and how much of what the processors could give it uses. Prints JSON.

Every round runs each measurement once, so that whatever else the machine does hits all of them alike:

- ``decode``: reading, decoding and resizing alone, on all threads
- ``infer ENGINE``: the model alone, on images that are in memory, on all threads
- ``predict ENGINE``: files to a CSV file, as the command line does it
- ``keras``: Keras' EfficientNetV2-B0 over ``image_dataset_from_directory`` of the same files, at its best
  batch size, where ``--keras-python`` names a Python with keras and tensorflow

The bound of an engine is ``1 / (1 / decode + 1 / infer)``: both kinds of work share the same processors.
``--cpu`` compares seconds of the processors instead of the clock's: for machines that others use too.

    python benchmarks/predict.py --model runs/seed/model --photos ../shared/data/metu/Positive
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np

from crackscope import Bundle, CrackClassifier, CrackscopeError, Failure, load_bundle
from crackscope.cpus import available_cpus
from crackscope.inference.engines import Engine
from crackscope.inference.inputs import Reading, ReadyPhoto, open_photo, ready_photo
from crackscope.inference.open_session import open_session
from crackscope.inference.session import BATCH_SIZE, Session
from crackscope.inference.writers import Format, write_outcomes

#: Runs a measurement once; seconds on the clock and on the processors.
Job = Callable[[], tuple[float, float]]

PACKAGES = ("crackscope", "numpy", "pillow", "simplejpeg", "onnxruntime", "openvino")


@dataclass
class Timing:
    """Seconds of the rounds of one measurement over ``photos`` photos."""

    photos: int
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def rate(self, *, cpu: bool, threads: int) -> float:
        """Photos per second, or per second of that many processors."""
        return self.photos * threads / median(self.cpu_s) if cpu else self.photos / median(self.wall_s)

    def as_json(self, threads: int) -> dict[str, float]:
        per_photo_ms = [1000 * seconds / self.photos for seconds in self.wall_s]
        p95 = (
            quantiles(per_photo_ms, n=20, method="inclusive")[-1]
            if len(per_photo_ms) > 1
            else per_photo_ms[0]
        )
        return {
            "photos_per_s": round(self.rate(cpu=False, threads=threads), 1),
            "photos_per_processor_seconds": round(self.rate(cpu=True, threads=threads), 1),
            "median_ms_per_photo": round(median(per_photo_ms), 4),
            "p95_ms_per_photo": round(p95, 4),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--model", type=Path, help="model folder; without it the shipped detector")
    parser.add_argument("--photos", type=Path, required=True, help="folder of JPEGs")
    parser.add_argument("--limit", type=int, default=2000, help="use so many of them")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=available_cpus())
    parser.add_argument("--engines", nargs="+", default=[str(engine) for engine in Engine])
    parser.add_argument("--keras-python", type=Path, help="a Python with keras and tensorflow")
    parser.add_argument(
        "--fast-decode", action="store_true", help="measure it too (matters for large photos)"
    )
    parser.add_argument("--cpu", action="store_true", help="compare processor seconds, not the clock's")
    parser.add_argument("--memory", type=int, nargs="*", default=[1000, 10_000], help="photos per memory run")
    arguments = parser.parse_args()
    paths = sorted(path for path in arguments.photos.rglob("*.jp*g"))[: arguments.limit]
    with ExitStack() as stack:
        workplace = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        timings, parity, keras = measure(arguments, paths, workplace, stack)
        report = {
            "machine": machine(arguments.threads),
            "versions": versions() | keras,
            "model": model_facts(arguments.model),
            "photos": len(paths),
            "rounds": arguments.rounds,
            "measured": {name: timing.as_json(arguments.threads) for name, timing in timings.items()},
            "compared": compare(timings, cpu=arguments.cpu, threads=arguments.threads),
            "compared_by": "processor seconds" if arguments.cpu else "the clock",
            "against_exact_onnxruntime": parity,
            "one_photo_cold_start_s": cold_start(arguments.model, paths[0]),
            "peak_memory_mb_by_photos": {
                count: peak_memory_mb(arguments.model, paths, count) for count in arguments.memory
            },
        }
    print(json.dumps(report, indent=2))


def measure(
    arguments: argparse.Namespace, paths: list[Path], workplace: Path, stack: ExitStack
) -> tuple[dict[str, Timing], dict[str, Any], dict[str, Any]]:
    """Timings by name, how scores differ from the exact ones, and facts about Keras."""
    bundle = load_bundle(arguments.model)
    pool = stack.enter_context(ThreadPoolExecutor(arguments.threads))
    readings = {"": Reading(config=bundle.config)}
    if arguments.fast_decode:
        readings[" fast"] = replace(readings[""], fast_decode=True)
    jobs: dict[str, Job] = {
        f"decode{name}": partial(timed, partial(decode, pool, paths, reading))
        for name, reading in readings.items()
    }
    images_nhwc = np.stack([decoded(path, readings[""]).pixels_hwc for path in paths])
    scores: dict[str, list[float]] = {}
    for engine, session in open_sessions(bundle, arguments.engines, arguments.threads):
        jobs[f"infer {engine}"] = partial(timed, partial(infer, pool, session, images_nhwc))
        classifier = CrackClassifier(session)
        for name, reading in readings.items():
            target = workplace / f"{engine}{name}.csv"
            work = partial(predict, classifier, paths, reading.fast_decode, target)
            jobs[f"predict {engine}{name}"] = partial(timed, work)
            scores[f"predict {engine}{name}"] = score(classifier, paths, reading.fast_decode)
    keras: dict[str, Any] = {}
    if arguments.keras_python:
        jobs["keras"], keras = keras_job(arguments.keras_python, paths, workplace / "photos", stack)
    timings = run_rounds(jobs, arguments.rounds, photos=len(paths))
    return timings, parity_of(scores, bundle.config.threshold.value), keras


def open_sessions(bundle: Bundle, engines: list[str], threads: int) -> Iterator[tuple[str, Session]]:
    for engine in engines:
        try:
            yield engine, open_session(bundle, engine=engine, threads=threads)
        except CrackscopeError as error:
            print(f"left out: {error}", file=sys.stderr)


def run_rounds(jobs: dict[str, Job], rounds: int, *, photos: int) -> dict[str, Timing]:
    for job in jobs.values():  # warms caches and memory pools
        job()
    timings = {name: Timing(photos) for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            wall_s, cpu_s = job()
            timings[name].wall_s.append(wall_s)
            timings[name].cpu_s.append(cpu_s)
    return timings


def timed(work: Callable[[], None]) -> tuple[float, float]:
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - cpu_start


def decode(pool: ThreadPoolExecutor, paths: list[Path], reading: Reading) -> None:
    def one_batch(batch: list[Path]) -> None:
        for path in batch:
            decoded(path, reading)

    list(pool.map(one_batch, batched(paths)))


def decoded(path: Path, reading: Reading) -> ReadyPhoto:
    with open_photo(path, reading) as photo:
        ready = ready_photo(photo, str(path), reading)
    if ready is None:
        raise SystemExit(f"{path} is larger than a patch; this measures patches")
    return ready


def infer(pool: ThreadPoolExecutor, session: Session, images_nhwc: Any) -> None:
    list(pool.map(session.infer, batched(images_nhwc)))


def predict(classifier: CrackClassifier, paths: list[Path], fast: bool, target: Path) -> None:
    write_outcomes(target, classifier.predict_paths(paths, fast_decode=fast), Format.CSV)


def score(classifier: CrackClassifier, paths: list[Path], fast: bool) -> list[float]:
    outcomes = classifier.predict_paths(paths, fast_decode=fast)
    return [outcome.score for outcome in outcomes if not isinstance(outcome, Failure)]


def batched(items: Any) -> Iterable[Any]:
    return [items[start : start + BATCH_SIZE] for start in range(0, len(items), BATCH_SIZE)]


def keras_job(python: Path, paths: list[Path], folder: Path, stack: ExitStack) -> tuple[Job, dict[str, Any]]:
    """A process that stays ready between the rounds, over copies of the same files."""
    folder.mkdir()
    for path in paths:
        shutil.copy(path, folder)
    child = subprocess.Popen(
        [python, Path(__file__).with_name("keras_predict.py"), folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    stack.callback(child.wait)
    stack.callback(child.stdin.close)  # type: ignore[union-attr]
    facts = answer(child)

    def run() -> tuple[float, float]:
        child.stdin.write("run\n")  # type: ignore[union-attr]
        child.stdin.flush()  # type: ignore[union-attr]
        seconds = answer(child)
        return seconds["wall_s"], seconds["cpu_s"]

    return run, {
        "keras": facts["keras"],
        "tensorflow": facts["tensorflow"],
        "keras_batch": facts["batch_size"],
    }


def answer(child: subprocess.Popen[str]) -> dict[str, Any]:
    for line in child.stdout or ():
        if line.startswith("{"):  # Keras prints a line of its own
            document: dict[str, Any] = json.loads(line)
            return document
    raise SystemExit("the Keras process ended early; run benchmarks/keras_predict.py by hand to see why")


def compare(timings: dict[str, Timing], *, cpu: bool, threads: int) -> dict[str, Any]:
    rates = {name: timing.rate(cpu=cpu, threads=threads) for name, timing in timings.items()}
    found: dict[str, Any] = {}
    for name in rates:
        if not name.startswith("predict"):
            continue
        engine, fast = name.split()[1], name.endswith(" fast")
        bound = 1 / (1 / rates["decode fast" if fast else "decode"] + 1 / rates[f"infer {engine}"])
        found[name] = {"bound_photos_per_s": round(bound, 1), "share_of_bound": round(rates[name] / bound, 3)}
        if "keras" in rates:
            found[name]["times_keras"] = round(rates[name] / rates["keras"], 2)
    return found


def parity_of(scores: dict[str, list[float]], threshold: float) -> dict[str, Any]:
    exact = np.array(scores.get("predict onnxruntime", next(iter(scores.values()), [])))
    return {
        name: {
            "largest_score_difference": round(float(np.abs(np.array(other) - exact).max()), 6),
            "labels_that_differ": int(np.sum((np.array(other) >= threshold) != (exact >= threshold))),
        }
        for name, other in scores.items()
    }


def cold_start(model: Path | None, photo: Path) -> dict[str, float]:
    """Seconds from nothing to the first answer: import, model and photo, in a new process each time."""
    command = [sys.executable, "-m", "crackscope", "predict", str(photo), "--quiet", *model_flag(model)]
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return {"median": round(median(seconds), 3), "p95": round(max(seconds), 3)}


def peak_memory_mb(model: Path | None, paths: list[Path], count: int) -> float:
    """Largest resident memory of the command over ``count`` paths on standard input; Linux only."""
    # The operating system's own figure for a child, ru_maxrss, counts the parent before the child began.
    code = (
        "import atexit, pathlib, sys\n"
        "status = pathlib.Path('/proc/self/status')\n"
        "atexit.register(lambda: print(status.read_text().split('VmHWM:')[1].split()[0], file=sys.stderr))\n"
        "from crackscope.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code, "predict", "-", "-f", "csv", "-q", *model_flag(model)]
    done = subprocess.run(
        command,
        input="".join(f"{path}\n" for path in itertools.islice(itertools.cycle(paths), count)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return round(int(done.stderr.split()[-1]) / 1024, 1)


def model_flag(model: Path | None) -> list[str]:
    return [] if model is None else ["--model", str(model)]


def model_facts(model: Path | None) -> dict[str, Any]:
    config = load_bundle(model).config
    return {"name": config.name, "backbone": config.backbone, "input_hw": config.input_hw}


def machine(threads: int) -> dict[str, Any]:
    names = [line for line in _cpuinfo() if line.startswith("model name")]
    return {
        "system": platform.platform(),
        "processor": names[0].partition(":")[2].strip() if names else platform.processor(),
        "processors": available_cpus(),
        "threads": threads,
        "load_before": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


if __name__ == "__main__":
    main()
