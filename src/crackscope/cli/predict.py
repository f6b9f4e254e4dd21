"""``crackscope predict``: Positive or Negative for any number of photos."""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated

import typer

from crackscope.cli.bars import counting
from crackscope.cli.model_options import (
    DeviceName,
    EngineName,
    ModelFolder,
    OneSite,
    TestTimeAugmentation,
    ThresholdScore,
    site_line,
)
from crackscope.cli.scan_options import LimitPixels
from crackscope.inference.engines import Device, Engine
from crackscope.inference.settings import USUAL
from crackscope.inference.writers import Format, text_lines, write_outcomes
from crackscope.labels import Label
from crackscope.records import Failure, Outcome

if TYPE_CHECKING:
    from crackscope.inference.classifier import CrackClassifier
    from crackscope.inference.site_cut import SiteCut

#: Photos between two movements of the progress bar.
_BAR_STEP = 32


@dataclass(slots=True)
class Counts:
    """What a run has said so far."""

    positive: int = 0
    negative: int = 0
    review: int = 0
    errors: int = 0
    began: float = field(default_factory=time.perf_counter)

    @property
    def photos(self) -> int:
        """Rows in all."""
        return self.positive + self.negative + self.errors

    def add(self, outcome: Outcome) -> None:
        """Count one row."""
        if isinstance(outcome, Failure):
            self.errors += 1
            return
        self.positive += outcome.label is Label.POSITIVE
        self.negative += outcome.label is Label.NEGATIVE
        self.review += outcome.review


def predict(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Photos, folders (searched to any depth), patterns, or '-' for paths on standard input.",
            show_default=False,
        ),
    ],
    model: ModelFolder = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            "-f",
            help="Form of the rows; without it by the ending of --output, and a table on the screen.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file instead of the screen.")
    ] = None,
    threshold: ThresholdScore = None,
    site: OneSite = False,
    batch_size: Annotated[
        int, typer.Option(min=1, help="Images per run of the model; no score depends on it.")
    ] = 32,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads; without it one per processor that this process may use."),
    ] = None,
    device: DeviceName = Device.AUTO,
    engine: EngineName = Engine.ONNXRUNTIME,
    tta: TestTimeAugmentation = False,
    limit_pixels: LimitPixels = USUAL.limit_pixels,
    fast_decode: Annotated[
        bool,
        typer.Option(
            "--fast-decode", help="Decode large JPEGs at a reduced size: faster, doubtful labels may change."
        ),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if any photo can't be scored.")] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Nothing on standard error but errors.")
    ] = False,
) -> None:
    """Say Positive (cracked) or Negative of photos of concrete, one row for each.

    A photo that can't be read is a row with an error; the others go on. Photos larger than a patch are looked
    at in tiles, and get the answer of `crackscope scan`, which also says where the cracks are.
    """
    from crackscope.inference.classifier import CrackClassifier
    from crackscope.inference.find_photos import require_photo

    # Pillow warns of odd metadata in the middle of the rows; what matters of it becomes an error row.
    warnings.filterwarnings("ignore", module="PIL")
    form = form or _format_of(output)
    if form is Format.PARQUET and output is None:
        raise typer.BadParameter("parquet is no text; name a file with --output", param_hint="--format")
    classifier = CrackClassifier.load(
        model, engine=engine, device=device, threads=threads, threshold=threshold, tta=tta
    )
    counts = Counts()
    found = require_photo(_find(paths))
    cut, outcomes = _predicted(
        classifier,
        found,
        site=site,
        batch_size=batch_size,
        limit_pixels=limit_pixels,
        fast_decode=fast_decode,
    )
    with closing(outcomes):
        # Rows on the same screen would tear the bar apart, and are progress enough.
        show_bar = not quiet and sys.stderr.isatty() and (output is not None or not sys.stdout.isatty())
        rows = _with_bar(outcomes, counts, paths) if show_bar else _counted(outcomes, counts)
        _write(rows, form, output)
    if not quiet:
        _report(counts, output, cut)
    if strict and counts.errors:
        raise typer.Exit(1)


def _predicted(
    classifier: CrackClassifier,
    found: Iterator[str | Failure],
    *,
    site: bool,
    batch_size: int,
    limit_pixels: int,
    fast_decode: bool,
) -> tuple[SiteCut | None, Generator[Outcome]]:
    """The cut of the photos' site, where they are one, and their outcomes."""
    read = partial(
        classifier.predict_site if site else classifier.predict_paths,
        batch_size=batch_size,
        limit_pixels=limit_pixels,
        fast_decode=fast_decode,
    )
    predicted = read(found)
    if isinstance(predicted, Generator):
        return None, predicted
    return predicted.cut, (outcome for outcome in predicted.outcomes)


def _format_of(output: Path | None) -> Format:
    if output is None:
        return Format.TABLE
    ending = output.suffix.lower().removeprefix(".")
    if ending in set(Format) and ending != Format.TABLE:
        return Format(ending)
    known = ", ".join(f".{form}" for form in Format if form is not Format.TABLE)
    raise typer.BadParameter(
        f"{output.name} has none of the endings that predict writes: {known}; choose one, or name the form "
        f"with --format ({', '.join(Format)})",
        param_hint="--output",
    )


def _find(names: list[str]) -> Iterator[str | Failure]:
    from crackscope.inference.find_photos import find_photos

    for name in names:
        if name == "-":
            yield from find_photos(_standard_input(), patterns=False)
        else:
            yield from find_photos([name])


def _standard_input() -> Iterator[str]:
    for line in sys.stdin.buffer:
        if name := line.rstrip(b"\r\n"):
            yield os.fsdecode(name)


def _counted(outcomes: Iterable[Outcome], counts: Counts) -> Iterator[Outcome]:
    for outcome in outcomes:
        counts.add(outcome)
        yield outcome


def _with_bar(outcomes: Iterable[Outcome], counts: Counts, names: list[str]) -> Iterator[Outcome]:
    with counting() as bar:
        task = bar.task_ids[0]
        if "-" not in names:
            _count_aside(names, lambda total: bar.update(task, total=total))
        for outcome in _counted(outcomes, counts):
            if counts.photos % _BAR_STEP == 0:
                bar.update(task, completed=counts.photos, unit=f"photos  {_rate(counts):,.0f}/s")
            yield outcome


def _count_aside(names: list[str], tell: Callable[[int], None]) -> None:
    """Count the photos while the first are scored, so that the bar can tell the time left."""
    Thread(target=lambda: tell(sum(1 for _ in _find(names))), daemon=True).start()


def _write(rows: Iterable[Outcome], form: Format, output: Path | None) -> None:
    if output is not None:
        write_outcomes(output, rows, form)
        return
    for line in text_lines(rows, form):
        sys.stdout.write(line)
    sys.stdout.flush()


def _rate(counts: Counts) -> float:
    return counts.photos / max(time.perf_counter() - counts.began, 1e-9)


def _report(counts: Counts, output: Path | None, cut: SiteCut | None) -> None:
    typer.echo(
        f"{counts.photos:,} photos at {_rate(counts):,.0f}/s: {counts.positive:,} Positive, "
        f"{counts.negative:,} Negative, {counts.review:,} to review, {counts.errors:,} errors"
        + (f"; written to {output}" if output else ""),
        err=True,
    )
    if cut is not None:
        typer.echo(site_line(cut), err=True)
