"""``crackscope batch``: millions of photos on Ray, from and to any storage."""

from __future__ import annotations

import typer

from crackscope.cli import batch_merge as _merge
from crackscope.cli import batch_predict as _predict
from crackscope.cli import batch_scan as _scan
from crackscope.cli import batch_status as _status

app = typer.Typer(
    name="batch",
    help="Millions of photos on Ray, from and to any storage, with the answers of one machine.",
    no_args_is_help=True,
)
app.command("predict")(_predict.predict)
app.command("scan")(_scan.scan)
app.command("status")(_status.status)
app.command("merge")(_merge.merge)
