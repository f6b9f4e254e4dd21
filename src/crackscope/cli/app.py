"""The table of commands. Command modules import their room inside the function, so `--help` stays light."""

from __future__ import annotations

from typing import Annotated

import typer

from crackscope import __version__
from crackscope.cli import adapt as _adapt
from crackscope.cli import batch as _batch
from crackscope.cli import compare as _compare
from crackscope.cli import compare_inspections as _compare_inspections
from crackscope.cli import config as _config
from crackscope.cli import crossval as _crossval
from crackscope.cli import data as _data
from crackscope.cli import demo as _demo
from crackscope.cli import evaluate as _evaluate
from crackscope.cli import export as _export
from crackscope.cli import export_labels as _export_labels
from crackscope.cli import export_places as _export_places
from crackscope.cli import model as _model
from crackscope.cli import predict as _predict
from crackscope.cli import report as _report
from crackscope.cli import robustness as _robustness
from crackscope.cli import scan as _scan
from crackscope.cli import serve as _serve
from crackscope.cli import serve_retrain as _serve_retrain
from crackscope.cli import train as _train
from crackscope.cli import tune as _tune
from crackscope.cli.moved import moved

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


_LOOK, _SERVE, _TRAIN, _MEASURE = "Look at photos", "Serve", "Train", "Measure"

app.command("predict", rich_help_panel=_LOOK)(_predict.predict)
app.command("scan", rich_help_panel=_LOOK)(_scan.scan)
app.add_typer(_batch.app, rich_help_panel=_LOOK)
app.command("report", rich_help_panel=_LOOK)(_report.report)
app.command("export-places", rich_help_panel=_LOOK)(_export_places.export_places)
app.command("export-labels", rich_help_panel=_LOOK)(_export_labels.export_labels)
app.command("compare-inspections", rich_help_panel=_LOOK)(_compare_inspections.compare_inspections)
app.command("demo", rich_help_panel=_LOOK)(_demo.demo)
app.command("config", rich_help_panel=_LOOK)(_config.config)
app.add_typer(_serve.app, rich_help_panel=_SERVE)
app.add_typer(_data.app, rich_help_panel=_TRAIN)
app.command("train", rich_help_panel=_TRAIN)(_train.train)
app.command("adapt", rich_help_panel=_TRAIN)(_adapt.adapt)
app.command("tune", rich_help_panel=_TRAIN)(_tune.tune)
app.command("export", rich_help_panel=_TRAIN)(_export.export)
app.command("evaluate", rich_help_panel=_MEASURE)(_evaluate.evaluate)
app.command("compare", rich_help_panel=_MEASURE)(_compare.compare)
app.command("crossval", rich_help_panel=_MEASURE)(_crossval.crossval)
app.command("robustness", rich_help_panel=_MEASURE)(_robustness.robustness)
app.add_typer(_model.app, rich_help_panel=_MEASURE)

_serve.app.command("retrain")(_serve_retrain.serve_retrain)
# Names of before, for one more release.
app.add_typer(_serve.users, name="serve-user", hidden=True, callback=moved("serve-user", "serve user"))
app.command("serve-retrain", hidden=True)(
    moved("serve-retrain", "serve retrain", then=_serve_retrain.serve_retrain)
)
