"""Names that commands had before: they keep working for a release, and say what the command is called now."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import typer


def moved(old: str, new: str, *, then: Callable[..., None] | None = None) -> Callable[..., None]:
    """A command that gives a hint and does what ``then`` does; without it the callback of a group."""

    def do_nothing() -> None:
        pass

    @functools.wraps(then or do_nothing)
    def hinting(*args: Any, **options: Any) -> None:
        typer.echo(f"hint: `crackscope {old}` is `crackscope {new}` now; the old name goes away", err=True)
        (then or do_nothing)(*args, **options)

    return hinting
