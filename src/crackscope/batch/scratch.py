"""A folder of this process for files on their way; what killed processes left in theirs is cleared away."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def node_folder() -> Path:
    """A folder of this user on this machine, closed to others.

    Raises:
        OSError: It is another user's, or can't be made.
    """
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"crackscope-batch-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
    return folder


def process_folder() -> Path:
    """An empty folder of this process; it stays until the process is gone and another asks for its own."""
    scratch = node_folder() / "scratch"
    scratch.mkdir(exist_ok=True)
    for entry in scratch.iterdir():
        if entry.name.isdecimal() and not _lives(int(entry.name)):
            shutil.rmtree(entry, ignore_errors=True)
    folder = scratch / str(os.getpid())
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
