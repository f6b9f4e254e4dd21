"""``comparison.json``: two inspections compared, as JSON and back."""

from __future__ import annotations

from pathlib import Path

import msgspec

from crackscope.errors import DataError
from crackscope.inspection.changes import Comparison
from crackscope.storage import read_versioned_json, write_json

COMPARISON_JSON = "comparison.json"
COMPARISON_VERSION = 1


def write_comparison(folder: Path, comparison: Comparison, crackscope_version: str) -> None:
    """Write ``comparison.json`` into a folder, atomically.

    Raises:
        OutputError: It can't be written.
    """
    document = {
        "schema_version": COMPARISON_VERSION,
        "crackscope_version": crackscope_version,
        **msgspec.to_builtins(comparison),
    }
    write_json(folder / COMPARISON_JSON, document)


def read_comparison(folder: Path) -> Comparison:
    """The comparison as it was written.

    Raises:
        DataError: It is not there, damaged, or of another version.
    """
    path = folder / COMPARISON_JSON if folder.is_dir() else folder
    document = read_versioned_json(
        path,
        COMPARISON_VERSION,
        error=DataError,
        expected="the results of `crackscope compare-inspections`",
        if_damaged="compare the inspections again",
    )
    try:
        return msgspec.convert(document, Comparison)
    except msgspec.ValidationError as error:
        raise DataError(f"{path} is damaged: {error}; compare the inspections again") from error
