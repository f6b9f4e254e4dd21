"""The table of commands. Command modules import their room inside the function, so `--help` stays light."""

from __future__ import annotations

from typing import Annotated

import typer

from crackscope import __version__
from crackscope.cli import adapt as _adapt
from crackscope.cli import batch as _batch
from crackscope.cli import compare as _compare
from crackscope.cli import config as _config
from crackscope.cli import crossval as _crossval
from crackscope.cli import data as _data
from crackscope.cli import demo as _demo
from crackscope.cli import evaluate as _evaluate
from crackscope.cli import export as _export
from crackscope.cli import model as _model
from crackscope.cli import predict as _predict
from crackscope.cli import report as _report
from crackscope.cli import robustness as _robustness
from crackscope.cli import scan as _scan
from crackscope.cli import serve as _serve
from crackscope.cli import serve_retrain as _serve_retrain
from crackscope.cli import train as _train
from crackscope.cli import tune as _tune

app = typer.Typer(
    name="crackscope",
    help="Looks at photographs of concrete and says where it is cracked.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"crackscope {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.add_typer(_batch.app)
app.add_typer(_data.app)
app.add_typer(_model.app)
app.add_typer(_serve.app)
app.command("adapt")(_adapt.adapt)
app.command("compare")(_compare.compare)
app.command("config")(_config.config)
app.command("crossval")(_crossval.crossval)
app.command("demo")(_demo.demo)
app.command("evaluate")(_evaluate.evaluate)
app.command("export")(_export.export)
app.command("predict")(_predict.predict)
app.command("report")(_report.report)
app.command("robustness")(_robustness.robustness)
app.command("scan")(_scan.scan)
app.command("serve")(_serve.serve)
app.command("serve-retrain")(_serve_retrain.serve_retrain)
app.command("train")(_train.train)
app.command("tune")(_tune.tune)
