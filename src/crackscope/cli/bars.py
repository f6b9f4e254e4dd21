"""How far a command is: one bar on standard error, "3 of 10", where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


def counting(what: str = "", unit: str = "photos", *, quiet: bool = False) -> Progress:
    """A bar with one task that counts from nothing to a total which may become known later.

    Args:
        what: What is being done, in front of the bar.
        unit: What is counted, behind the numbers; the field ``unit`` of the task, which may change.
        quiet: Show nothing on a terminal either.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(separator=" of "),
        TextColumn("{task.fields[unit]}", markup=False),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal)
    bar.add_task(what, total=None, unit=unit)
    return bar


@contextmanager
def photo_bar(
    what: str = "", unit: str = "photos", *, quiet: bool = False
) -> Iterator[Callable[[int, int | None], None]]:
    """Show `counting`; yields what a room reports (done, total) to."""
    with counting(what, unit, quiet=quiet) as bar:
        task = bar.task_ids[0]
        yield lambda done, total: bar.update(task, completed=done, total=total)
