"""How a training run says what it is doing; a door turns it into lines and bars."""

from __future__ import annotations


class Listener:
    """Hears nothing; a door overrides what it wants to show."""

    def step(self, name: str) -> None:
        """A step begins, such as ``stage 1: embed every photo once``."""

    def note(self, text: str) -> None:
        """A finding for people, such as the number of photos or a stage's result."""

    def progress(self, done: int, total: int | None) -> None:
        """How far the present step is."""
