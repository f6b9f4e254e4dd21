"""What a training run looks like in a terminal: findings on standard output, bars on standard error."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.progress import Progress

from crackscope.cli.bars import counting
from crackscope.training.listener import Listener


class TrainingDisplay(Listener):
    """Hears a training run and shows it.

    Attributes:
        interactive: Standard error is a terminal, so bars make sense.
    """

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._bar: Progress | None = None
        self.interactive = self._console.is_terminal

    def step(self, name: str) -> None:
        """A step begins."""
        self._close_bar()
        self._console.print(name, style="bold", highlight=False)

    def note(self, text: str) -> None:
        """A finding for people."""
        self._close_bar()
        typer.echo(f"  {text}")

    def progress(self, done: int, total: int | None) -> None:
        """How far the present step is."""
        if not self.interactive:
            return
        # Made when it is needed: while stage 2 draws its own bars, no other may be there.
        if self._bar is None:
            self._bar = counting(unit="")
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close_bar()

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
