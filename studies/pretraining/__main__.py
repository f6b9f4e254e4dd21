"""Make backbone weights without a model hub, and measure any backbone's features.

python -m studies.pretraining run myrun --data ../shared/data --steps 20000
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from crackscope.errors import CrackscopeError, SettingsError
from studies.pretraining.export import export_weights
from studies.pretraining.images import open_pools
from studies.pretraining.loop import Stretch, pretrain
from studies.pretraining.plan import PretrainPlan
from studies.pretraining.probe import ProbeRow
from studies.pretraining.probe import probe as measure
from studies.pretraining.state import latest_checkpoint, read_state

app = typer.Typer(
    name="python -m studies.pretraining",
    help="Distil backbone weights from networks whose weights are pip packages, and measure features.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_Data = Annotated[Path, typer.Option(help="Folder with metu, sdnet2018 and caltech101, or some of them.")]
_Run = Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")]
_Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads; without it PyTorch's default.")]


@app.command()
def run(
    run: _Run,
    data: _Data,
    steps: Annotated[
        int | None,
        typer.Option(min=0, help="Steps at a constant learning rate in all; without it where the run is."),
    ] = None,
    decay_steps: Annotated[
        int, typer.Option(min=0, help="Steps after them in which the learning rate falls to zero.")
    ] = 0,
    batch: Annotated[int, typer.Option(min=2, help="Images per step at the first size.")] = 64,
    sizes: Annotated[
        str, typer.Option(help="Sides of the images in pixels; steps take them in turn.")
    ] = "64,64,64,96",
    rate: Annotated[float, typer.Option(help="Learning rate of the constant part.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Of weights and batches.")] = 0,
    teacher: Annotated[
        str, typer.Option(help="timm's name of an EfficientNet-Lite.")
    ] = "tf_efficientnet_lite0",
    inherit: Annotated[
        bool, typer.Option(help="Start from the teacher's filters, projections fitted to it.")
    ] = True,
    snapshot_every: Annotated[
        int, typer.Option(min=0, help="Keep the student every so many steps, for a curve of probes.")
    ] = 0,
    save_every_s: Annotated[float, typer.Option(min=0, help="Seconds between checkpoints.")] = 120.0,
    cache: Annotated[Path, typer.Option(help="Takes the photos' pixels, for every run.")] = Path(
        ".cache/pretraining"
    ),
    threads: _Threads = None,
) -> None:
    """Start or continue a run; Ctrl-C stops it with a checkpoint, and the same command goes on to the step.

    A longer constant part can follow at any time; the falling part branches off and is what weights are
    exported from.
    """
    plan = PretrainPlan(
        seed=seed, teacher=teacher, batch=batch, sizes_px=_sizes(sizes), rate=rate, inherit=inherit
    )
    stretch = Stretch(
        steps=steps, decay_steps=decay_steps, save_every_s=save_every_s, snapshot_every=snapshot_every
    )
    _use_threads(threads)
    with _bar("photos") as progress:
        pools = open_pools(data, cache, progress=progress)
    checkpoint = pretrain(run, plan, pools, stretch, report=_print_row)
    typer.echo(f"written: {checkpoint}")


@app.command()
def probe(
    data: _Data,
    weights: Annotated[str, typer.Option(help="imagenet, crackscope, none or a file.")] = "crackscope",
    backbone: Annotated[str, typer.Option(help="timm's name.")] = "tf_efficientnetv2_b0",
    sizes: Annotated[str, typer.Option(help="Sides that photos are resized to, in pixels.")] = "64,128",
    threads: _Threads = None,
) -> None:
    """Measure a backbone's features: linear classifiers trained on one source, tested on another."""
    _use_threads(threads)
    for side_px in _sizes(sizes):
        with _bar(f"{side_px} px") as progress:
            rows = measure(backbone, weights, data, side_px=side_px, progress=progress)
        Console().print(_table(rows, f"{backbone}, {weights}, {side_px} px"))


@app.command()
def export(
    run: _Run,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .safetensors file.")],
    checkpoint: Annotated[
        str | None, typer.Option(help="A file of the run, such as stable.pt; without it the latest decay.")
    ] = None,
) -> None:
    """Write a run's student as weights for `crackscope train --weights FILE`."""
    state = read_state(run / checkpoint if checkpoint else latest_checkpoint(run))
    export_weights(state, output)
    typer.echo(f"written: {output} ({output.stat().st_size / 1e6:.1f} MB, after {state.step:,} steps)")


def _use_threads(count: int | None) -> None:
    if count is not None:
        torch.set_num_threads(count)


def _sizes(text: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(f"--sizes should be numbers of pixels such as 64,96, found {text!r}") from error
    if min(sizes) < 32:
        raise SettingsError(f"--sizes should be at least 32 pixels, found {min(sizes)}")
    return sizes


def _print_row(row: dict[str, Any]) -> None:
    speed = row["images"] / max(row["seconds"], 1e-9)
    typer.echo(
        f"step {row['step']:>7,}  rate {row['rate']:.1e}  {speed:4.0f} images/s  "
        f"pooled {row['pooled']:.4f}  last {row['last']:.4f}  stride 8 {row['stride8']:.4f}"
    )


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int | None], None]]:
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _table(rows: list[ProbeRow], title: str) -> Table:
    table = Table("trained on", "tested on", title=title, title_justify="left")
    for name in ("n", "AUROC", "95 % interval", "balanced accuracy"):
        table.add_column(name, justify="right")
    for row in rows:
        auroc = "" if row.auroc is None else f"{row.auroc:.3f}"
        interval = "" if row.auroc_95 is None else f"{row.auroc_95[0]:.3f} to {row.auroc_95[1]:.3f}"
        table.add_row(row.train, row.test, str(row.n_test), auroc, interval, f"{row.accuracy:.3f}")
    return table


if __name__ == "__main__":
    try:
        app()
    except CrackscopeError as error:
        raise SystemExit(f"error: {error}") from error
