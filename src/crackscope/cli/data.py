"""``crackscope data``: fetch, audit and split a folder of labelled photos."""

from __future__ import annotations

import typer

from crackscope.cli import data_synth as _synth

app = typer.Typer(
    name="data", help="Fetch, audit and split a folder of labelled photos.", no_args_is_help=True
)


@app.callback()
def _data() -> None:
    pass


app.command("synth")(_synth.synth)
