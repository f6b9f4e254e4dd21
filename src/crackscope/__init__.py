"""Looks at photographs of concrete and says where it is cracked.

The public names are found on first use, so that ``import crackscope`` loads nothing heavy.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

#: Public name -> module that defines it.
_PUBLIC = {
    "Bundle": "crackscope.bundle",
    "CrackClassifier": "crackscope.inference.classifier",
    "CrackScanner": "crackscope.scanning.scanner",
    "CrackscopeError": "crackscope.errors",
    "Failure": "crackscope.records",
    "Label": "crackscope.labels",
    "Listener": "crackscope.training.listener",
    "PhotoReport": "crackscope.scanning.records",
    "Prediction": "crackscope.records",
    "ReviewReason": "crackscope.labels",
    "ScanSettings": "crackscope.scanning.records",
    "discover": "crackscope.dataset.discover",
    "evaluate": "crackscope.evaluation.evaluate",
    "find_labelled_photos": "crackscope.evaluation.photos",
    "load_bundle": "crackscope.bundle",
    "load_recipe": "crackscope.training.recipe_file",
    "read_photo": "crackscope.images",
    "train": "crackscope.training.run",
    "tune": "crackscope.training.tune",
}

#: What to install where a room's packages are missing.
_EXTRAS = {"evaluation": "evaluate", "training": "train"}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'crackscope' has no attribute {name!r}")
    extra = _EXTRAS.get(_PUBLIC[name].split(".")[1])
    if extra is None:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    from crackscope.extras import needs_extra

    with needs_extra(extra):
        return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
