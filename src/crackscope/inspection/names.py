"""What photos are called where people read it: without the folders of the machine that scanned them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath, PurePosixPath, PureWindowsPath


def short_names(paths: Sequence[str]) -> list[str]:
    """Paths without the folders they all share: a report is no place for the folders of a machine."""
    pure = [pure_path(path) for path in paths]
    shared: list[str] = list(pure[0].parts[:-1]) if pure else []
    for path in pure:
        parts = path.parts[:-1]
        same = [one == other for one, other in zip(shared, parts, strict=False)]
        shared = shared[: same.index(False) if False in same else len(same)]
    return ["/".join(path.parts[len(shared) :]) or str(path) for path in pure]


def pure_path(path: str) -> PurePath:
    """The path, with the separators of the system it was written on."""
    windows = PureWindowsPath(path)
    return windows if windows.drive or ("\\" in path and "/" not in path) else PurePosixPath(path)
