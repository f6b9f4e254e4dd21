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
    "PhotoReport": "crackscope.scanning.records",
    "Prediction": "crackscope.records",
    "ReviewReason": "crackscope.labels",
    "ScanSettings": "crackscope.scanning.records",
    "load_bundle": "crackscope.bundle",
    "read_photo": "crackscope.images",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'crackscope' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
