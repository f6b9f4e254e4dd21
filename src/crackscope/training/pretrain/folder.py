"""Where pretraining keeps its runs and its images when it isn't told."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path


def pretraining_home() -> Path:
    """The user's cache folder for crackscope's pretraining (Linux: ``~/.cache/crackscope/pretrain``)."""
    return user_cache_path("crackscope") / "pretrain"


def default_data() -> Path:
    """``CRACKSCOPE_DATA``, or ``../shared/data`` beside the working folder."""
    return Path(os.environ.get("CRACKSCOPE_DATA", Path("..") / "shared" / "data"))
