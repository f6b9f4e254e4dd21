"""``crackscope data``: fetch, audit, split and make folders of labelled photos."""

from __future__ import annotations

import typer

from crackscope.cli import data_audit as _audit
from crackscope.cli import data_corrections as _corrections
from crackscope.cli import data_download as _download
from crackscope.cli import data_split as _split
from crackscope.cli import data_synth as _synth
from crackscope.cli import data_tiles as _tiles

app = typer.Typer(
    name="data", help="Fetch, audit, split and make folders of labelled photos.", no_args_is_help=True
)
app.command("download")(_download.download)
app.command("audit")(_audit.audit)
app.command("corrections")(_corrections.corrections)
app.command("split")(_split.split)
app.command("synth")(_synth.synth)
app.command("tiles")(_tiles.tiles)
